"""Calls to a Docker Engine: the vendor's client on connections of ours, every failure one of ours."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from mistserver.domain.errors import (
    InvalidInput,
    MistError,
    ProviderAuthFailed,
    ProviderError,
    ProviderNotFound,
    ProviderRejected,
    ProviderUnreachable,
)
from mistserver.providers.base import Account
from mistserver.providers.docker.address import address
from mistserver.providers.http_errors import bad_answer, network_error, vendors_words
from mistserver.providers.rest import rate_limited, retry_after_s
from mistserver.providers.through import Dial, dial_tcp, dial_unix, dialled
from mistserver.providers.tls import verifying

NEWEST = (1, 47)  # the newest version of the API that this code knows
_WANTS_TLS = "HTTP request to an HTTPS server"  # how Go's server says so


class Api:
    """One engine. Closed with `close`. `call` may be used from several threads, one at a time gets through."""

    def __init__(self, account: Account) -> None:
        self.address = address(account.settings, account.endpoint)
        self.where = self.address.url
        self.timeout_s = account.timeout_s
        self._lock = threading.Lock()
        self._closing = ExitStack()
        try:
            self._tls = _tls(account) if self.address.way == "https" else None
            self._dial = self._reached(account)
            self._client = self._connected(account)
            self._agree()
        except BaseException:
            self._closing.close()
            raise

    def close(self) -> None:
        self._closing.close()

    def call(self, operation: str, *arguments: Any, **options: Any) -> Any:
        """One call of the low-level client, by its name there."""
        with mapped(operation, self.where), self._lock:
            return getattr(self._client, operation)(*arguments, **options)

    def version(self) -> str:
        """The version of the API that both sides speak."""
        return str(self._client._version)

    def authorization(self) -> str | None:
        """The header of basic authentication."""
        header = self._client.headers.get("Authorization")
        return None if header is None else str(header)

    def stream(self) -> Any:
        """A fresh connection to the engine, for what is no exchange of a request and an answer."""
        with mapped("connect", self.where):
            plain = self._dial(self.timeout_s)
            if self._tls is None:
                return plain
            try:
                return self._tls.wrap_socket(plain, server_hostname=self.address.host)
            except BaseException:
                plain.close()
                raise

    def _reached(self, account: Account) -> Dial:
        there = self.address
        if there.way == "unix":
            return dial_unix(there.path)
        if there.way == "ssh":
            if account.ssh is None:
                raise InvalidInput("ssh:// needs the service's SSH connections.", field="docker_host")
            key = account.settings.ssh_key
            forwarded = account.ssh.forward_socket(there.host, there.port, there.user, key, there.path)
            return dial_unix(self._closing.enter_context(forwarded))
        if account.ssh is None:
            return dial_tcp((there.host, there.port))
        return dial_tcp(self._closing.enter_context(account.ssh.jump(there.host, there.port)))

    def _connected(self, account: Account) -> Any:
        from docker import APIClient
        from requests.adapters import HTTPAdapter
        from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

        pools = {"http": dialled(HTTPConnectionPool, self._dial), "https": dialled(HTTPSConnectionPool, self._dial)}
        context = self._tls

        class Adapter(HTTPAdapter):
            def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
                super().init_poolmanager(*arguments, **options, ssl_context=context)
                self.poolmanager.pool_classes_by_scheme = pools

            def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
                """The context has it all; requests would look into the environment for authorities."""

        base = self.where if self.address.way in ("http", "https") else "http://docker:80"
        client = APIClient(base, version="1.24", timeout=max(1, round(account.timeout_s)))
        self._closing.callback(client.close)
        client.trust_env = False
        client.hooks["response"].append(_waits)
        client.mount("http://", Adapter())
        client.mount("https://", Adapter())
        if account.settings.auth_user:
            pair = f"{account.settings.auth_user}:{account.settings.auth_password or ''}"
            client.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return client

    def _agree(self) -> None:
        told = self.call("version", api_version=False)
        if not isinstance(told, dict) or "ApiVersion" not in told:
            raise bad_answer(self.where)
        theirs = str(told["ApiVersion"]).split(".")
        if not all(part.isdecimal() for part in theirs) or len(theirs) != 2:
            raise bad_answer(self.where)
        self._client._version = "{}.{}".format(*min(NEWEST, (int(theirs[0]), int(theirs[1]))))


def _waits(answer: Any, **_: Any) -> None:
    """An engine says so itself never, a proxy or registry before it may."""
    if answer.status_code == 429:
        answer.close()
        raise rate_limited("Docker", retry_after_s(answer))


def _tls(account: Account) -> ssl.SSLContext:
    settings = account.settings
    client = f"{settings.cert_file}\n{settings.key_file or ''}" if settings.cert_file else None
    return verifying(settings.ca_file or account.ca_pem, client)


@contextmanager
def mapped(operation: str, where: str) -> Iterator[None]:
    """Lets out no exception of the libraries'."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import InvalidJSONError, RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except MistError:
        raise
    except APIError as error:
        raise _answered(error, operation, where) from None
    except (InvalidJSONError, UnicodeDecodeError, KeyError) as error:
        text = getattr(error, "doc", "")
        raise bad_answer(where, text if isinstance(text, str) else b"") from None
    except (RequestException, HTTPError, OSError) as error:
        raise network_error(error, where) from None
    except DockerException as error:
        raise ProviderError(f"Docker could not be asked to {operation}: {type(error).__name__}.") from None


def _answered(error: Any, operation: str, where: str) -> ProviderError:
    status = int(error.status_code or 0)
    said = error.explanation if isinstance(error.explanation, str) else str(error.explanation or "")
    if "<html" in said[:512].lower() or "<!doctype" in said[:512].lower():
        return bad_answer(where, said)
    facts = {"status": status, "operation": operation}
    said = vendors_words(said) or "no reason given"
    if status in (401, 403):
        return ProviderAuthFailed(f"{where} does not accept the credentials ({status}).", **facts)
    if operation == "version" and status == 400 and _WANTS_TLS in said:
        return ProviderUnreachable(f"{where} speaks TLS; give its certificates (--docker-ca-file and others).", **facts)
    if operation == "version" and status == 404:
        return bad_answer(where)
    if status == 404:
        return ProviderNotFound(f"Docker does not know that: {said}", **facts)
    if status in (502, 503, 504):
        return ProviderUnreachable(f"{where} answered with status {status}: {said}", **facts)
    return ProviderRejected(f"Docker refused to {operation.replace('_', ' ')}: {said}", **facts)

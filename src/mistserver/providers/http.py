"""HTTP to a vendor's API, for every provider that speaks it: one session with the backend's own trust and way.

Nothing comes from the service's environment (proxies, netrc, authorities), redirects are not followed, an answer has to
come whole within the backend's time-out and may not be endless, and every failure of the network is an error of ours.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from mistserver.domain.errors import InvalidInput, ProviderNotFound, ProviderTimeout
from mistserver.providers.base import Account
from mistserver.providers.http_errors import bad_answer, network_error
from mistserver.providers.through import Dial, dial_tcp, dialled
from mistserver.providers.tls import pinned, verifying

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT_S = 10.0
MAX_BODY = 256 * 1024 * 1024
_PIECE = 256 * 1024


class Http:
    """One vendor's API at one address. Closed with `close`; one thread at a time.

    `url` is the vendor's own; an endpoint of the backend takes its place. `client_pem` is a certificate with its key,
    `dial` reaches what has no address on the network (a unix socket), `fingerprint` is that of the one certificate to
    trust (`tls.fingerprint`) in place of authorities.
    """

    def __init__(
        self,
        account: Account,
        url: str,
        *,
        client_pem: str | None = None,
        dial: Dial | None = None,
        fingerprint: str | None = None,
    ) -> None:
        self.url = (account.endpoint or url).rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f"The address of the API has to begin with http:// or https://: {self.url[:200]!r}.")
        self.where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.timeout_s = account.timeout_s
        self._closing = ExitStack()
        try:
            way = dial or self._jump(account)
            self._dial = way or dial_tcp(self._address())
            self._tls = self._trust(account, client_pem, fingerprint) if parts.scheme == "https" else None
            self.session = self._session(way)
        except BaseException:
            self._closing.close()
            raise

    def close(self) -> None:
        self._closing.close()

    def exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
    ) -> requests.Response:
        """One request and its answer, read to the end, whatever its status. `path` comes after the API's address."""
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        until = time.monotonic() + self.timeout_s
        try:
            answer = self.session.request(
                method,
                self.url + path,
                params=params,
                headers=headers,
                data=body,
                timeout=(min(CONNECT_TIMEOUT_S, self.timeout_s), self.timeout_s),
                allow_redirects=False,
                stream=True,
            )
            answer._content = self._whole(answer, until)
        except (RequestException, HTTPError, OSError, UnicodeError) as error:
            raise network_error(error, self.where) from None
        return answer

    def stream(self) -> socket.socket:
        """A fresh connection, for what is no exchange of a request and an answer; encrypted where the API is."""
        try:
            plain = self._dial(self.timeout_s)
            if self._tls is None:
                return plain
            try:
                return self._tls.wrap_socket(plain, server_hostname=urlsplit(self.url).hostname)
            except BaseException:
                plain.close()
                raise
        except OSError as error:
            raise network_error(error, self.where) from None

    def _whole(self, answer: requests.Response, until: float) -> bytes:
        """Read as it comes: waiting for a full piece would let a trickle go on for ever."""
        pieces, size = [], 0
        with answer:
            while piece := answer.raw.read1(_PIECE, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if size > MAX_BODY:
                    raise bad_answer(self.where)
                if time.monotonic() > until:
                    raise ProviderTimeout(f"{self.where} did not answer in time.", where=self.where)
        return b"".join(pieces)

    def _trust(self, account: Account, client_pem: str | None, fingerprint: str | None) -> ssl.SSLContext:
        if fingerprint is None:
            return verifying(account.ca_pem, client_pem)
        try:
            return pinned(self._dial, self.timeout_s, fingerprint, self.where, client_pem)
        except OSError as error:
            raise network_error(error, self.where) from None

    def _session(self, way: Dial | None) -> requests.Session:
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

        context = self._tls
        pinned_one = context is not None and not context.check_hostname
        pools: dict[str, Any] = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        pools = {name: dialled(pool, way) for name, pool in pools.items()} if way else pools

        class Adapter(HTTPAdapter):
            def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
                options |= {"assert_hostname": False} if pinned_one else {}  # urllib3 would look for itself
                super().init_poolmanager(*arguments, **options, ssl_context=context)
                self.poolmanager.pool_classes_by_scheme = pools

            def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
                """The context has it all; requests would look into the environment for authorities."""

        session = requests.Session()
        self._closing.callback(session.close)
        session.trust_env = False
        session.headers["User-Agent"] = "mist"
        session.mount("http://", Adapter())
        session.mount("https://", Adapter())
        return session

    def _jump(self, account: Account) -> Dial | None:
        if account.ssh is None:
            return None
        there = self._address()
        address = self._closing.enter_context(account.ssh.jump(*there))
        return None if address == there else dial_tcp(address)

    def _address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def at(template: str, *ids: str) -> str:
    """A path with ids in the places of `{}`, each safe within its segment.

    ProviderNotFound for what no vendor has as an id and what would lead elsewhere ("", ".", "..").
    """
    for id in ids:
        if id in ("", ".", ".."):
            raise ProviderNotFound(f"There is nothing with the id {id!r}.", id=id)
    return template.format(*(quote(id, safe="") for id in ids))

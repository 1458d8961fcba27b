"""HTTP to a vendor's API, for every provider that speaks it: one session with the backend's own trust and way.

Nothing comes from the service's environment (proxies, netrc, authorities), redirects are not followed, an answer has to
come whole within the backend's time-out and may not be endless, and every failure of the network is an error of ours.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from mistserver.domain.errors import InvalidInput, ProviderNotFound, ProviderTimeout
from mistserver.providers.base import Account
from mistserver.providers.http_errors import bad_answer, network_error
from mistserver.providers.through import Dial, dial_tcp, dialled
from mistserver.providers.tls import verifying

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT_S = 10.0
MAX_BODY = 256 * 1024 * 1024
_PIECE = 256 * 1024


class Http:
    """One vendor's API at one address. Closed with `close`; one thread at a time.

    `url` is the vendor's own; an endpoint of the backend takes its place. `client_pem` is a certificate with its key,
    `dial` reaches what has no address on the network (a unix socket).
    """

    def __init__(self, account: Account, url: str, *, client_pem: str | None = None, dial: Dial | None = None) -> None:
        self.url = (account.endpoint or url).rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f"The address of the API has to begin with http:// or https://: {self.url[:200]!r}.")
        self.where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.timeout_s = account.timeout_s
        self._closing = ExitStack()
        try:
            self.session = self._session(account, client_pem, dial)
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

    def _session(self, account: Account, client_pem: str | None, dial: Dial | None) -> requests.Session:
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

        context = verifying(account.ca_pem, client_pem) if self.url.startswith("https:") else None
        way = dial or self._jump(account)
        pools: dict[str, Any] = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        pools = {name: dialled(pool, way) for name, pool in pools.items()} if way else pools

        class Adapter(HTTPAdapter):
            def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
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
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = self._closing.enter_context(account.ssh.jump(host, port))
        return None if address == (host, port) else dial_tcp(address)


def at(template: str, *ids: str) -> str:
    """A path with ids in the places of `{}`, each safe within its segment.

    ProviderNotFound for what no vendor has as an id and what would lead elsewhere ("", ".", "..").
    """
    for id in ids:
        if id in ("", ".", ".."):
            raise ProviderNotFound(f"There is nothing with the id {id!r}.", id=id)
    return template.format(*(quote(id, safe="") for id in ids))

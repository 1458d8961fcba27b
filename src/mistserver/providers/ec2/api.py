"""Calls to EC2's API through boto3: set up without surprises, every page read, every failure one of ours."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mistserver.domain.errors import ProviderUnreachable
from mistserver.providers.base import Account
from mistserver.providers.ec2.errors import limited, mapped
from mistserver.providers.ec2.regions import vendors_id
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.through import dial_tcp, dialled

CONNECT_TIMEOUT_S = 10.0
_UNFIT = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#x0*([0-8bcef]|1[0-9a-f]);|&#0*([0-8]|1[124-9]|2\d|3[01]);", re.IGNORECASE
)

# The service's own AWS profile, files and endpoints say nothing about its users' accounts.
# botocore's form: name in files, name in the environment, value, conversion
_ALONE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, "/dev/null", None),
    "credentials_file": (None, None, "/dev/null", None),
    "ignore_configured_endpoint_urls": (None, None, True, None),
}


@cache
def _loader() -> Any:
    """One loader for the process: reading the description of the API is most of what a client costs."""
    from botocore.loaders import Loader

    return Loader(include_default_search_paths=True)


class Api:
    """One region's API. Closed with `close`; one thread at a time."""

    def __init__(self, account: Account) -> None:
        self._closing = ExitStack()
        try:
            self._client = self._connected(account)
        except BaseException:
            self._closing.close()
            raise
        self.where = str(self._client.meta.endpoint_url)

    def close(self) -> None:
        self._closing.close()

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """One call, by boto3's name of it."""
        with mapped(operation, self.where):
            return self._checked(getattr(self._client, operation)(**arguments))

    def pages(self, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """The items under `key` of every page."""
        with mapped(operation, self.where):
            for page in self._client.get_paginator(operation).paginate(**arguments):
                yield from self._checked(page).get(key, [])

    def _checked(self, answer: dict[str, Any]) -> dict[str, Any]:
        """A well-formed page of something else parses into empty lists; only EC2's own answers carry a request id."""
        if not answer.get("ResponseMetadata", {}).get("RequestId"):
            raise bad_answer(self.where)
        return answer

    def _look(self, response_dict: dict[str, Any], **_: Any) -> None:
        """A broken service, or a proxy before it, answers in plain text or HTML: that is not for the parser.

        Nor are control characters, which XML cannot hold: one tag with one would hide the machines of all.
        """
        status, body = int(response_dict["status_code"]), bytes(response_dict.get("body") or b"")
        response_dict["body"] = _UNFIT.sub(b"?", body)
        if status == 429 and b"<Error>" not in body:
            raise limited(response_dict.get("headers") or {}, {"status": status})
        if status >= 500 and b"<Error>" not in body:
            raise ProviderUnreachable(f"EC2's service answered with status {status} and no reason.", status=status)

    def _connected(self, account: Account) -> Any:
        import boto3
        from botocore.config import Config
        from botocore.session import Session

        core = Session(session_vars=_ALONE)
        core.register_component("data_loader", _loader())
        session = boto3.session.Session(
            aws_access_key_id=account.settings.api_key,
            aws_secret_access_key=account.settings.api_secret,
            region_name=vendors_id(account.region or ""),
            botocore_session=core,
        )
        config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=min(CONNECT_TIMEOUT_S, account.timeout_s),
            read_timeout=account.timeout_s,
            user_agent_extra="mist",
        )
        trust = self._trust(account.ca_pem)
        client = session.client("ec2", endpoint_url=account.endpoint, config=config, verify=trust)
        self._closing.callback(client.close)
        client.meta.events.register("before-parse.ec2", self._look)
        self._jump(client, account)
        return client

    def _trust(self, ca_pem: str | None) -> str | None:
        """The path of a file with the authority, or None for what the machine trusts. boto3 takes only paths."""
        if ca_pem is None:
            return None
        folder = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="mist-ca-"))
        path = Path(folder) / "ca.pem"
        path.write_text(ca_pem)
        return str(path)

    def _jump(self, client: Any, account: Account) -> None:
        if account.ssh is None:
            return
        url = urlsplit(client.meta.endpoint_url)
        host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        address = self._closing.enter_context(account.ssh.jump(host, port))
        if address == (host, port):
            return
        http = client._endpoint.http_session
        pools = http._manager.pool_classes_by_scheme
        http._manager.pool_classes_by_scheme = {name: dialled(pools[name], dial_tcp(address)) for name in pools}

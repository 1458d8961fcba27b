"""What may stand in `docker_host`, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from mistserver.domain.errors import InvalidInput
from mistserver.ssh.target import clean_host

SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class DockerAddress:
    """`way` says how the engine is reached; `path` is its unix socket, here (`unix`) or on the host (`ssh`)."""

    way: Literal["http", "https", "unix", "ssh"]
    host: str = ""
    port: int = 0
    path: str = ""
    user: str = "root"

    @property
    def url(self) -> str:
        """As messages and the HTTP library name it."""
        if self.way == "unix":
            return f"unix://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.way}://{self.user + '@' if self.way == 'ssh' else ''}{host}:{self.port}"


def address(settings: Any, endpoint: str | None = None) -> DockerAddress:
    """Where the engine is. `endpoint`, a URL, stands in for host and port. TLS when any of its files is given."""
    given: str = endpoint or settings.docker_host
    if given.startswith(("/", "unix://")):
        path = given.removeprefix("unix://")
        return DockerAddress("unix", path=path if path.startswith("/") else f"/{path}")
    tls = bool(settings.key_file or settings.cert_file or settings.ca_file)
    if "://" not in given:
        host = given[1:-1] if given.startswith("[") and given.endswith("]") else given
        if ":" in host and host.count(":") == 1:
            given = f"tcp://{host}"
        else:
            return DockerAddress("https" if tls else "http", _host(host), settings.docker_port)
    try:
        url = urlsplit(given)
        port = url.port
    except ValueError:
        raise InvalidInput(f"{given[:80]!a} is not the address of a Docker host.", field="docker_host") from None
    host = _host(url.hostname or "")
    if url.scheme == "ssh":
        return DockerAddress("ssh", host, port or 22, path=url.path if len(url.path) > 1 else SOCKET, user=_user(url))
    if url.scheme not in ("tcp", "http", "https"):
        raise InvalidInput(
            f"Docker is not reached by {url.scheme}://; use a host name, a path, https://, tcp:// or ssh://.",
            field="docker_host",
        )
    way: Literal["http", "https"] = "https" if url.scheme == "https" or (tls and url.scheme == "tcp") else "http"
    fallback = {"https": 443, "http": 80}.get(url.scheme, settings.docker_port) if endpoint else settings.docker_port
    return DockerAddress(way, host, port or fallback)


def _host(host: str) -> str:
    try:
        return clean_host(host)
    except InvalidInput:
        message = f"{host[:80]!a} is not the name or address of a Docker host."
        raise InvalidInput(message, field="docker_host") from None


def _user(url: Any) -> str:
    user = url.username or "root"
    if not re.match(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?\Z", user):
        raise InvalidInput(f"{user[:80]!a} is not a user's name.", field="docker_host")
    return str(user)

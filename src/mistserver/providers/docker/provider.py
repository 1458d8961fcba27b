"""The Docker provider: containers, images and networks of one engine."""

from __future__ import annotations

from typing import Annotated

from mistserver.domain.machine import Action, MachineReading
from mistserver.providers.base import Provider
from mistserver.providers.declare import ProviderSettings, setting


class Settings(ProviderSettings, frozen=True, kw_only=True):
    docker_host: Annotated[
        str,
        setting(
            "Address of the Docker host, the path of its socket, or ssh://user@host", flag="docker-host", kind="host"
        ),
    ]
    docker_port: Annotated[int, setting("Port of the Docker API", flag="docker-port", kind="port")] = 4243
    auth_user: Annotated[str | None, setting("User for basic authentication", flag="docker-auth-user")] = None
    auth_password: Annotated[
        str | None, setting("Password for basic authentication", flag="docker-auth-password", secret=True)
    ] = None
    key_file: Annotated[
        str | None, setting("Private key of the TLS client (PEM)", flag="docker-key-file", kind="file", secret=True)
    ] = None
    cert_file: Annotated[
        str | None, setting("Certificate of the TLS client (PEM)", flag="docker-cert-file", kind="file")
    ] = None
    ca_file: Annotated[
        str | None,
        setting(
            "Certificate authority of the Docker host (PEM); default: the system's", flag="docker-ca-file", kind="file"
        ),
    ] = None
    ssh_key: Annotated[
        str | None, setting("Name of the key for ssh://user@host", flag="docker-ssh-key", kind="key")
    ] = None


class Docker(Provider):
    id = "docker"
    title = "Docker"
    Settings = Settings
    over_http = True
    has_exec = True
    creates = True
    needs_size = False
    needs_key = False
    actions = frozenset({Action.START, Action.STOP, Action.REBOOT, Action.DESTROY})

    def check(self) -> None:
        raise self.cannot("be used yet")

    def list_machines(self) -> list[MachineReading]:
        raise self.cannot("be used yet")

"""The Docker provider: containers, images and networks of one engine."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput, ProviderError, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers.base import Command, CommandResult, HasExec, Provider, Terminal
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.docker import commands, create
from mistserver.providers.docker.address import address
from mistserver.providers.docker.api import Api
from mistserver.providers.docker.machines import MARK, image, network, reading
from mistserver.providers.http_errors import understood

_STOP_S = 10
_FOUND = 100


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


class Docker(Provider, HasExec):
    id = "docker"
    title = "Docker"
    Settings = Settings
    over_http = True
    has_exec = True
    creates = True
    needs_size = False
    needs_key = False
    actions = frozenset({Action.START, Action.STOP, Action.REBOOT, Action.DESTROY})
    guide = Guide(
        credentials="The engine's address; with TLS a client certificate and its key from whoever set the engine up, "
        "or an SSH key of a user who may use its socket.",
        permissions="Whoever can reach the engine is root on its host; there are no lesser rights.",
        limits=(
            "There are no sizes and locations to choose from.",
            "Commands and terminals need `/bin/sh` in the container.",
        ),
        through="Docker's own Python library, and its HTTP API",
        source="https://docs.docker.com/reference/api/engine/",
    )

    @classmethod
    def reaches_host(cls, settings: Any) -> bool:
        return address(settings).way == "unix"

    @classmethod
    def validate(cls, settings: Any) -> Any:
        address(settings)
        if bool(settings.key_file) != bool(settings.cert_file):
            missing = "cert_file" if settings.key_file else "key_file"
            raise InvalidInput(
                f"Docker needs the TLS client's key and its certificate; {missing} is missing.", field=missing
            )
        return settings

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(spec)

    def open(self) -> None:
        self._api = Api(self.account)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.call("containers", limit=1)

    def list_machines(self) -> list[MachineReading]:
        return self._readings({})

    def read_machine(self, external_id: str) -> MachineReading | None:
        return next((each for each in self._readings({"id": external_id}) if each.external_id == external_id), None)

    def find_marked(self, mark: str) -> MachineReading | None:
        """One whose making broke off before its start is started: nobody else knows that it was to run."""
        found = self._readings({"label": f"{MARK}={mark}"})
        if not found:
            return None
        if found[0].state is MachineState.STOPPED and self._inspected(found[0].external_id)["Status"] == "created":
            self.start(found[0].external_id)
        return self.read_machine(found[0].external_id)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The engine's own; a search also asks the registry, where that can be reached."""
        with understood(self._api.where):
            listed = [image(tag, each) for each in self._api.call("images") for tag in each.get("RepoTags") or []]
        local = [each for each in listed if not each.id.startswith("<none>")]
        if search is None or search == "all":
            return local
        found = [each for each in local if search.casefold() in each.id.casefold()]
        known = {each.id for each in found}
        with contextlib.suppress(ProviderError), understood(self._api.where):
            for each in self._api.call("search", search, limit=_FOUND):
                if each["name"] not in known:
                    extra = {"description": each.get("description"), "official": bool(each.get("is_official"))}
                    found.append(Image(id=each["name"], name=each["name"], extra=extra))
        return found

    def list_sizes(self) -> list[Size]:
        return []

    def list_locations(self) -> list[Location]:
        return []

    def list_networks(self) -> list[Network]:
        with understood(self._api.where):
            return [network(each) for each in self._api.call("networks")]

    def create(self, spec: MachineSpec) -> MachineReading:
        id = create.create(self._api, spec)
        made = self.read_machine(id)
        if made is None:
            raise ProviderNotFound(f"The container {spec.name!r} was made, and is gone already.", name=spec.name)
        return made

    def start(self, external_id: str) -> None:
        paused = self._inspected(external_id).get("Paused")
        self._api.call("unpause" if paused else "start", external_id)

    def stop(self, external_id: str) -> None:
        self._api.call("stop", external_id, timeout=_STOP_S)

    def reboot(self, external_id: str) -> None:
        self._api.call("restart", external_id, timeout=_STOP_S)

    def destroy(self, external_id: str) -> None:
        """With its anonymous volumes. Not an error while another removal is under way."""
        try:
            self._api.call("remove_container", external_id, force=True, v=True)
        except ProviderNotFound:
            return
        except ProviderRejected as error:
            if error.facts.get("status") != 409:
                raise

    def exec(self, external_id: str, command: Command) -> CommandResult:
        return commands.run(self._api, external_id, command)

    def open_terminal(self, external_id: str, command: str | None, cols: int, rows: int, user: str | None) -> Terminal:
        terminal = commands.terminal(self._api, external_id, command, user)
        terminal.resize(cols, rows)
        return terminal

    def _inspected(self, external_id: str) -> dict[str, Any]:
        with understood(self._api.where):
            state: dict[str, Any] = self._api.call("inspect_container", external_id)["State"]
            return state

    def _readings(self, filters: dict[str, str]) -> list[MachineReading]:
        found = self._api.call("containers", all=True, filters=filters or None)
        with understood(self._api.where):
            return [reading(each, self._api.address) for each in found]

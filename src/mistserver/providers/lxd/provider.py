"""The LXD provider: containers and virtual machines of one project."""

from __future__ import annotations

from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import (
    Conflict,
    InvalidInput,
    ProviderAuthFailed,
    ProviderNotFound,
    ProviderRejected,
)
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import shapes
from mistserver.providers.base import Command, CommandResult, HasExec, Provider, Terminal
from mistserver.providers.declare import Guide
from mistserver.providers.http import at
from mistserver.providers.http_errors import understood
from mistserver.providers.lxd import catalog, commands, create
from mistserver.providers.lxd.api import TITLE, Api
from mistserver.providers.lxd.machines import MARK, VIRTUAL, reading, tag_key
from mistserver.providers.lxd.settings import Settings, address, validated

_GRACE_S = 10  # for a machine to stop by itself


class Lxd(Provider, HasExec):
    id = "lxd"
    title = TITLE
    Settings = Settings
    over_http = True
    native_tags = True
    has_exec = True
    creates = True
    needs_size = False
    needs_key = False
    actions = frozenset(Action)
    guide = Guide(
        credentials="The server knows its users by a certificate. Make one with `openssl req -x509 -newkey ec -pkeyopt "
        "ec_paramgen_curve:secp384r1 -nodes -days 3650 -subj /CN=mist -keyout mist.key -out mist.crt`. Either have it "
        "trusted there (`lxc config trust add mist.crt`, in Incus `incus config trust add-certificate mist.crt`), or "
        "give the token that `lxc config trust add --name mist` prints: it is used once, when the backend is added. "
        "The fingerprint of the server's own certificate is what `lxc info` shows as `certificate_fingerprint`; a "
        "token carries it.",
        permissions="A certificate restricted to one project is enough (`--restricted --projects NAME`). The server's "
        "socket on the service's own host gives its users that host, and is refused unless the service may manage it.",
        limits=(
            "A machine is known by its name: one that is renamed at the server counts as another.",
            "Containers are resized while they run, virtual machines while they are stopped; disks keep their size.",
            "A key reaches containers in root's `authorized_keys`, virtual machines through cloud-init only.",
            "A tag is the value of a configuration key that begins with `user.mist-tag.`",
            "Images of the image server begin with `images:`, as `images:debian/13`.",
        ),
        through="the server's REST API itself, LXD 4.0 and later and Incus; `websockets` for commands and terminals",
        source="https://documentation.ubuntu.com/lxd/stable-5.0/api/",
    )

    @classmethod
    def reaches_host(cls, settings: Any) -> bool:
        return address(settings).path is not None

    @classmethod
    def validate(cls, settings: Any) -> Any:
        return validated(settings)

    @classmethod
    def identity(cls, settings: Any, region: str | None) -> tuple[str, ...]:
        """The project of the server, whoever asks."""
        there = address(settings)
        return (cls.id, there.path or there.url, settings.project)

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(spec)

    def open(self) -> None:
        self._api = Api(self.account)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        """Anybody is told of the server, but only who is trusted that he is; a token makes that so."""
        token = self.account.settings.token
        if self._api.about()["auth"] != "trusted" and token:
            wanted = {"type": "client", "name": "mist", "trust_token": token, "password": token}
            self._api.tell("POST", "/1.0/certificates", wanted, project=None)
            self._api.forget()
        if self._api.about()["auth"] != "trusted":
            raise ProviderAuthFailed("LXD does not trust the certificate; have it trusted there, or give a token.")
        self._api.get(at("/1.0/projects/{}", self.account.settings.project), project=None)
        self._api.get("/1.0/instances")

    def list_machines(self) -> list[MachineReading]:
        found = self._api.listed("/1.0/instances", recursion=2)
        with understood(self._api.where):
            return [reading(each) for each in found]

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            found = self._api.get(at("/1.0/instances/{}", external_id), recursion=1)
        except ProviderNotFound:
            return None
        with understood(self._api.where):
            return reading(found)

    def find_marked(self, mark: str) -> MachineReading | None:
        """Waits for makings that go on; one that broke off before its start is gone on with."""
        create.wait_for_makings(self._api)
        for each in self._api.listed("/1.0/instances"):
            with understood(self._api.where):
                found = each["config"].get(MARK) == mark
            if found:
                create.finish(self._api, each)
                return self.read_machine(each["name"])
        return None

    def list_images(self, search: str | None = None) -> list[Image]:
        return catalog.images(self._api, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._api, self.id)

    def list_locations(self) -> list[Location]:
        return catalog.locations(self._api)

    def list_networks(self) -> list[Network]:
        return catalog.networks(self._api)

    def create(self, spec: MachineSpec) -> MachineReading:
        create.create(self._api, spec)
        return self.known(spec.name)

    def start(self, external_id: str) -> None:
        state = self.known(external_id).state
        if state is not MachineState.RUNNING:
            self._change(external_id, "unfreeze" if state is MachineState.PAUSED else "start")

    def stop(self, external_id: str) -> None:
        """By itself, else by force: small containers have nothing that heeds the word."""
        if self.known(external_id).state is MachineState.STOPPED:
            return
        try:
            self._change(external_id, "stop", timeout=self._grace())
        except ProviderRejected:
            if self.known(external_id).state is not MachineState.STOPPED:
                self._change(external_id, "stop", force=True)

    def reboot(self, external_id: str) -> None:
        state = self.known(external_id).state
        if state is not MachineState.RUNNING:
            raise Conflict(f"The machine {external_id!r} is {state}; start it instead.", machine=external_id)
        self.stop(external_id)
        self._change(external_id, "start")

    def destroy(self, external_id: str) -> None:
        """An ephemeral one goes away as soon as it stops."""
        found = self.read_machine(external_id)
        if found is None:
            return
        try:
            if found.state is not MachineState.STOPPED:
                self._change(external_id, "stop", force=True)
            self._api.tell("DELETE", at("/1.0/instances/{}", external_id), None)
        except (ProviderRejected, ProviderNotFound):
            if self.read_machine(external_id) is not None:
                raise

    def resize(self, external_id: str, size: str) -> None:
        shape = shapes.parse(size)
        if shape.disk_gb is not None:
            raise InvalidInput("A machine's disk keeps its size; write cores-MiB, as 2-2048.", field="size")
        machine = self.known(external_id)
        if machine.extra.get("type") == VIRTUAL and machine.state is not MachineState.STOPPED:
            raise Conflict(
                f"LXD resizes stopped virtual machines only; stop {external_id!r} first.", machine=external_id
            )
        self._set(external_id, {"limits.cpu": str(shape.cores), "limits.memory": f"{shape.ram_mb}MiB"})

    def add_tag(self, external_id: str, tag: str) -> None:
        self._set(external_id, {tag_key(tag): tag})

    def remove_tag(self, external_id: str, tag: str) -> None:
        self._set(external_id, {tag_key(tag): ""})

    def exec(self, external_id: str, command: Command) -> CommandResult:
        return commands.run(self._api, external_id, command)

    def open_terminal(self, external_id: str, command: str | None, cols: int, rows: int, user: str | None) -> Terminal:
        return commands.terminal(self._api, external_id, command, user, (cols, rows))

    def _grace(self) -> int:
        return max(1, min(_GRACE_S, int(self.account.timeout_s / 2)))

    def _change(self, external_id: str, action: str, **more: Any) -> None:
        begun = self._api.begin("PUT", at("/1.0/instances/{}/state", external_id), {"action": action, **more})
        self._api.finished(begun["id"], _GRACE_S + self.account.timeout_s)

    def _set(self, external_id: str, config: dict[str, str]) -> None:
        """Other keys stay as they are; an empty value takes a key away."""
        self._api.tell("PATCH", at("/1.0/instances/{}", external_id), {"config": config})

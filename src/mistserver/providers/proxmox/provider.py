"""The Proxmox VE provider: all guests of a cluster."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderError, ProviderNotFound, ProviderUnreachable
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import shapes
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide
from mistserver.providers.http_errors import understood
from mistserver.providers.proxmox import catalog, create
from mistserver.providers.proxmox.api import Api, is_node
from mistserver.providers.proxmox.guests import (
    VIRTUAL,
    agents_addresses,
    containers_addresses,
    is_machine,
    reading,
    tags_of,
)
from mistserver.providers.proxmox.settings import TITLE, Settings, url, validated
from mistserver.providers.rest import Json

_GRACE_S = 60  # for a guest to shut down by itself
_ASKING = 0.5  # the part of a time-out that guests of a whole list are asked for their addresses


class Proxmox(Provider):
    id = "proxmox"
    title = TITLE
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    needs_size = False
    needs_key = False
    actions = frozenset(Action)
    guide = Guide(
        credentials="Datacenter, Permissions, API Tokens, Add: the secret is shown once. Or a user of any realm with a "
        "password and no second factor. A node's certificate is signed by the cluster's own authority: give "
        "`/etc/pve/pve-root-ca.pem` with `--ca-file`, or the fingerprint that Node, System, Certificates shows.",
        permissions="The roles PVEVMAdmin on `/vms` (or on a pool), PVEDatastoreUser on `/storage`, PVEAuditor on `/` "
        "and, where there is SDN, PVESDNUser on `/sdn/zones`. A token with privilege separation needs them itself.",
        limits=(
            "Images are templates (by their number), archives of containers (`local:vztmpl/...`) and installation "
            "discs (`local:iso/...`); user data is not taken.",
            "A key reaches clones through their cloud-init drive, containers through their archive's making.",
            "Addresses of virtual machines come from the QEMU guest agent. A whole list asks running machines for "
            "half of its time at most; those beyond show theirs when they are looked at by themselves.",
            "After a create whose answer was lost, the configurations of all machines may be read one by one.",
            "Tags hold small letters, digits, dots, dashes, underscores and plus signs.",
        ),
        through="the library `proxmoxer` for the tree of resources, on Mist's own connections",
        source="https://pve.proxmox.com/pve-docs/api-viewer/",
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        return validated(settings)

    @classmethod
    def identity(cls, settings: Any, region: str | None) -> tuple[str, ...]:
        return (cls.id, url(settings), settings.token_id or settings.username)

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(spec)

    def open(self) -> None:
        self._api = Api(self.account)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.listed("cluster", "resources", type="vm")

    def list_machines(self) -> list[MachineReading]:
        """A new guest has no name in the cluster's list for some seconds, so it is asked itself."""
        found = [each if each.get("name") else self._current(each) or each for each in self._guests()]
        until = time.monotonic() + _ASKING * self.account.timeout_s
        return [self._read(each, self._addresses(each) if time.monotonic() < until else ()) for each in found]

    def read_machine(self, external_id: str) -> MachineReading | None:
        guest = self._guest(external_id)
        return None if guest is None else self._read(guest, self._addresses(guest))

    def find_marked(self, mark: str) -> MachineReading | None:
        """A clone whose making broke off before its start is gone on with."""
        found = create.find(self._api, mark)
        return None if found is None else self.read_machine(str(found["vmid"]))

    def list_images(self, search: str | None = None) -> list[Image]:
        return catalog.images(self._api, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._api, self.id)

    def list_locations(self) -> list[Location]:
        return catalog.all_locations(self._api)

    def list_networks(self) -> list[Network]:
        return catalog.networks(self._api)

    def create(self, spec: MachineSpec) -> MachineReading:
        return self.known(create.create(self._api, spec))

    def start(self, external_id: str) -> None:
        state = self.known(external_id).state
        if state is not MachineState.RUNNING:
            self._act(external_id, "resume" if state is MachineState.PAUSED else "start")

    def stop(self, external_id: str) -> None:
        """By its power button; after a minute by force."""
        if self.known(external_id).state is not MachineState.STOPPED:
            self._act(external_id, "shutdown", timeout=_GRACE_S, forceStop=True)

    def reboot(self, external_id: str) -> None:
        state = self.known(external_id).state
        if state is not MachineState.RUNNING:
            raise Conflict(f"The machine {external_id} is {state}; start it instead.", machine=external_id)
        self._act(external_id, "reboot", timeout=_GRACE_S)

    def destroy(self, external_id: str) -> None:
        """With its disks and its place in backups and high availability."""
        guest = self._guest(external_id)
        if guest is None:
            return
        path = create.where(guest)
        try:
            if guest.get("status") != "stopped":
                self._api.finished(self._api.post(*path, "status", "stop"), self.account.timeout_s)
            self._api.finished(self._api.delete(*path, purge=1), create.CREATE_TIMEOUT_S)
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        shape = shapes.parse(size)
        if shape.disk_gb is not None:
            raise InvalidInput("A machine's disk keeps its size; write cores-MiB, as 2-2048.", field="size")
        machine, guest = self.known(external_id), self._guest(external_id)
        if machine.size == shape.id or guest is None:
            return
        if machine.state is not MachineState.STOPPED:
            raise Conflict(
                f"{TITLE} resizes stopped machines only, and this one is {machine.state}; stop it first.",
                machine=external_id,
            )
        sockets = {"sockets": 1} if guest["type"] == VIRTUAL else {}
        self._api.put(*create.where(guest), "config", cores=shape.cores, memory=shape.ram_mb, **sockets)

    def add_tag(self, external_id: str, tag: str) -> None:
        create.check_tag(tag)
        self._retag(external_id, lambda tags: tags if tag in tags else [*tags, tag])

    def remove_tag(self, external_id: str, tag: str) -> None:
        self._retag(external_id, lambda tags: [each for each in tags if each != tag])

    def _retag(self, external_id: str, change: Any) -> None:
        """The digest makes the cluster refuse when somebody else changes the machine at the same moment."""
        guest = self._guest(external_id)
        if guest is None:
            raise ProviderNotFound(f"{TITLE} has no machine {external_id[:200]!r}.", machine=external_id[:200])
        config = create.config_of(self._api, guest)
        before = tags_of(config.get("tags"))
        after = change(before)
        if after != before:
            new = {"tags": ";".join(after)} if after else {"delete": "tags"}
            self._api.put(*create.where(guest), "config", digest=config.get("digest"), **new)

    def _guests(self) -> list[Json]:
        found = self._api.listed("cluster", "resources", type="vm")
        with understood(self._api.where):
            return [each for each in found if is_machine(each) and is_node(each["node"])]

    def _guest(self, external_id: str) -> Json | None:
        """A guest as it is now: the cluster's list tells its node, but its state some seconds late."""
        found = next((each for each in self._guests() if str(each["vmid"]) == external_id), None)
        return None if found is None else self._current(found)

    def _current(self, guest: Json) -> Json | None:
        """As its node knows it; None when it is gone, the list's words where the node does not answer."""
        try:
            told = self._api.get(*create.where(guest), "status", "current")
        except ProviderNotFound:
            return None
        except ProviderUnreachable:
            return {**guest, "status": "unknown"}
        with understood(self._api.where):
            named = {"maxcpu": told.get("cpus"), "lock": told.get("lock"), "tags": told.get("tags")}
            kept = {name: told[name] for name in ("name", "status", "maxmem", "maxdisk") if name in told}
            return {**guest, **kept, **named, "detail": told.get("qmpstatus")}

    def _read(self, guest: Json, found: tuple[str, ...]) -> MachineReading:
        with understood(self._api.where):
            return reading(guest, found)

    def _addresses(self, guest: Json) -> tuple[str, ...]:
        """None where nothing within the guest answers, which is no fault of the cluster."""
        if guest.get("status") != "running":
            return ()
        virtual = guest["type"] == VIRTUAL
        path = (*create.where(guest), *(("agent", "network-get-interfaces") if virtual else ("interfaces",)))
        with contextlib.suppress(ProviderError), self._api.within(_ASKING * self.account.timeout_s):
            told = self._api.get(*path)
            with understood(self._api.where):
                return tuple(agents_addresses(told) if virtual else containers_addresses(told))
        return ()

    def _act(self, external_id: str, action: str, **more: Any) -> None:
        guest = self._guest(external_id)
        if guest is None:
            raise ProviderNotFound(f"{TITLE} has no machine {external_id[:200]!r}.", machine=external_id[:200])
        self._api.post(*create.where(guest), "status", action, **more)

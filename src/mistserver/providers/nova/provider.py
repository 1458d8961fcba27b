"""What providers on Nova have in common: everything but how one signs in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers.base import Provider
from mistserver.providers.http import at
from mistserver.providers.http_errors import understood, vendors_words
from mistserver.providers.nova import catalog, create
from mistserver.providers.nova.cloud import Cloud, listed
from mistserver.providers.nova.machines import REBOOTING, RESIZED, STARTING, STARTS, as_pair, reading
from mistserver.providers.rest import Json


class Nova(Provider):
    """One project in one region."""

    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(cls.title, spec)

    @abstractmethod
    def signed_in(self) -> Cloud:
        """Sign in. Called once, by the first call that needs it."""

    @cached_property
    def cloud(self) -> Cloud:
        return self.signed_in()

    def close(self) -> None:
        if "cloud" in self.__dict__:
            self.cloud.close()

    def check(self) -> None:
        self.cloud.compute.get("/servers", limit=1)

    def list_machines(self) -> list[MachineReading]:
        """Without those that Nova still shows while it removes them."""
        found = listed(self.cloud.compute, "/servers/detail", "servers")
        with understood(self.cloud.compute.where):
            return [each for each in map(reading, found) if each.state is not MachineState.TERMINATED]

    def read_machine(self, external_id: str) -> MachineReading | None:
        server = self._found(external_id)
        with understood(self.cloud.compute.where):
            return None if server is None else reading(server)

    def find_marked(self, mark: str) -> MachineReading | None:
        """From the whole list: Nova filters by metadata for administrators only, and silently not for others."""
        return next((each for each in self.list_machines() if each.mark == mark), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        return catalog.images(self.cloud, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self.cloud)

    def list_locations(self) -> list[Location]:
        return catalog.locations(self.cloud)

    def list_networks(self) -> list[Network]:
        return catalog.networks(self.cloud)

    def create(self, spec: MachineSpec) -> MachineReading:
        id = create.create(self.cloud, spec)
        tags = tuple(sorted(spec.tags))
        return MachineReading(
            external_id=id, name=spec.name, state=MachineState.PENDING, tags=tags, mark=spec.mark, size=spec.size
        )

    def start(self, external_id: str) -> None:
        """Also wakes what was paused, suspended, shelved or booted for its rescue."""
        how = STARTS.get(self._status(external_id))
        if how is not None:
            self._towards(external_id, how, lambda server: server["status"] == "ACTIVE" or _task(server) in STARTING)

    def stop(self, external_id: str) -> None:
        if not _stops(self._server(external_id)):
            self._towards(external_id, "os-stop", _stops)

    def reboot(self, external_id: str) -> None:
        """A stopped server is refused: Nova's reboot would start it. One in an error is switched off and on."""
        state = self.known(external_id).state
        if state in (MachineState.STOPPED, MachineState.PAUSED, MachineState.SUSPENDED):
            raise Conflict(f"The machine is {state}; start it instead.", machine=external_id[:200])
        if state is not MachineState.REBOOTING:
            how = {"type": "HARD" if state is MachineState.ERROR else "SOFT"}
            self._towards(external_id, "reboot", lambda server: _task(server) in REBOOTING, how)

    def destroy(self, external_id: str) -> None:
        try:
            self.cloud.compute.delete(at("/servers/{}", external_id))
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        """Nova keeps the old server until the new one is confirmed: asked for the same size again, that is done."""
        server = self._server(external_id)
        with understood(self.cloud.compute.where):
            is_there = str(server["flavor"]["id"]) == size
        if server["status"] == RESIZED and not is_there:
            raise Conflict(
                "The machine was resized already, which waits to be confirmed; resize it to its present size first.",
                machine=external_id[:200],
            )
        if server["status"] == RESIZED:
            self._confirm(external_id)
        elif not is_there:
            self._act(external_id, "resize", {"flavorRef": size})

    def finish_resize(self, external_id: str, size: str) -> None:
        """Nova tells of a resize that found no room in its log of the server's actions alone."""
        server = self._server(external_id)
        if server["status"] == RESIZED:
            self._confirm(external_id)
            return
        with understood(self.cloud.compute.where):
            if str(server["flavor"]["id"]) != size:
                raise ProviderRejected(f"The resize came to nothing: {self._last_fault(external_id)}.")

    def _confirm(self, external_id: str) -> None:
        """Until all of it is cleared away the status stays, and a second word is refused as a bad request (400)."""
        try:
            self._towards(external_id, "confirmResize", lambda server: server["status"] != RESIZED)
        except ProviderRejected as error:
            if error.facts.get("status") != 400:
                raise

    def _last_fault(self, external_id: str) -> str:
        log = self.cloud.compute.found(at("/servers/{}/os-instance-actions", external_id)) or {}
        with understood(self.cloud.compute.where):
            told = [each.get("message") for each in log.get("instanceActions") or []]
        return vendors_words(str(next(filter(None, told), "the cloud does not say why"))).rstrip(".")

    def add_tag(self, external_id: str, tag: str) -> None:
        """Refuses to change the value of a key that the machine has: it may be another program's."""
        key, value = as_pair(tag)
        there = self._metadata(external_id)
        if key in there and there[key] != value:
            raise Conflict(f"The machine has the tag {key}={there[key][:200]} already; remove that one first.", tag=key)
        path = at("/servers/{}/metadata/{}", external_id, key)
        self.cloud.compute.call("PUT", path, body={"meta": {key: value}})

    def remove_tag(self, external_id: str, tag: str) -> None:
        key, value = as_pair(tag)
        if self._metadata(external_id).get(key) != value:
            return
        try:
            self.cloud.compute.delete(at("/servers/{}/metadata/{}", external_id, key))
        except ProviderNotFound:
            return

    def _metadata(self, external_id: str) -> dict[str, str]:
        found = self.cloud.compute.get(at("/servers/{}/metadata", external_id))
        with understood(self.cloud.compute.where):
            return {str(key): str(value) for key, value in found["metadata"].items()}

    def _act(self, external_id: str, what: str, how: Any = None) -> None:
        self.cloud.compute.ask("POST", at("/servers/{}/action", external_id), body={what: how})

    def _towards(self, external_id: str, what: str, done: Callable[[Json], bool], how: Any = None) -> None:
        """As `_act`; refused by the state that the server is in (409), it may have come there by itself meanwhile."""
        try:
            self._act(external_id, what, how)
        except ProviderRejected as error:
            if error.facts.get("status") != 409 or not done(self._server(external_id)):
                raise

    def _status(self, external_id: str) -> str:
        return str(self._server(external_id).get("status"))

    def _server(self, external_id: str) -> Json:
        """ProviderNotFound for what is gone."""
        server = self._found(external_id)
        if server is None:
            raise ProviderNotFound(f"{self.title} has no machine {external_id[:200]!r}.", machine=external_id[:200])
        return server

    def _found(self, external_id: str) -> Json | None:
        found = self.cloud.compute.found(at("/servers/{}", external_id))
        with understood(self.cloud.compute.where):
            return None if found is None else dict(found["server"])


def _task(server: Json) -> Any:
    return server.get("OS-EXT-STS:task_state")


def _stops(server: Json) -> bool:
    return server["status"] in ("SHUTOFF", "SHELVED", "SHELVED_OFFLOADED") or _task(server) == "powering-off"

"""A provider whose machines are this one: created, changed and tagged in memory, with commands that really run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from mistserver.domain.errors import ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import registry
from mistserver.providers.base import Account, Command, CommandResult, HasExec, Provider, Terminal
from mistserver.providers.localhost import Localhost
from mistserver.providers.localhost.provider import Settings as HostSettings
from tests.support import dummy_provider
from tests.support.dummy_provider import Dummy

POSSIBLE = {
    MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
    MachineState.STOPPED: (Action.START, Action.DESTROY, Action.RESIZE),
}


@dataclass
class LivelyCloud(dummy_provider.Cloud):
    """`creates` are done one after the other in place of a plain create; `settles_after` readings a machine runs."""

    creates: list[Callable[[Plain, MachineSpec], MachineReading]] = field(default_factory=list)
    settles_after: int = 0
    readings: int = 0
    created: int = 0


class Plain(Dummy):
    """Without tags of its own and without commands."""

    id = "plain"
    title = "Plain"

    def create(self, spec: MachineSpec) -> MachineReading:
        cloud = self.lively
        self._ask(f"create {spec.name}")
        return cloud.creates.pop(0)(self, spec) if cloud.creates else self.made(spec)

    def made(self, spec: MachineSpec, **changed: Any) -> MachineReading:
        """Put the machine into the cloud, as a create does."""
        cloud = self.lively
        cloud.created += 1
        state = MachineState.PENDING if cloud.settles_after else MachineState.RUNNING
        values: dict[str, Any] = {"mark": spec.mark, "image": spec.image, "size": spec.size, "tags": spec.tags}
        possible = POSSIBLE.get(state, ())
        return cloud.add(
            spec.name, **values | {"state": state, "actions": possible, "public_ips": ("127.0.0.1",)} | changed
        )

    def list_machines(self) -> list[MachineReading]:
        cloud = self.lively
        cloud.readings += 1
        if cloud.settles_after and cloud.readings >= cloud.settles_after:
            for reading in list(cloud.machines.values()):
                if reading.state == MachineState.PENDING:
                    self._put(reading, MachineState.RUNNING)
        return super().list_machines()

    def finish_resize(self, external_id: str, size: str) -> None:
        self._ask(f"finish_resize {external_id} {size}")

    def _become(self, external_id: str, state: MachineState, verb: str) -> None:
        self._ask(f"{verb} {external_id}")
        if external_id not in self.lively.machines:
            raise ProviderNotFound(f"There is no {external_id}.")
        self._put(self.lively.machines[external_id], state)

    def _put(self, reading: MachineReading, state: MachineState) -> None:
        changed = replace(reading, state=state, actions=POSSIBLE.get(state, ()))
        self.lively.machines[reading.external_id] = changed

    @property
    def lively(self) -> LivelyCloud:
        return lively_cloud(self.account.settings.account)


class Lively(Plain, HasExec):
    """With tags of its own and with commands."""

    id = "lively"
    title = "Lively"
    native_tags = True
    has_exec = True
    needs_key = False

    def add_tag(self, external_id: str, tag: str) -> None:
        self._tags(external_id, "add_tag", lambda tags: {*tags, tag})

    def remove_tag(self, external_id: str, tag: str) -> None:
        self._tags(external_id, "remove_tag", lambda tags: tags - {tag})

    def exec(self, external_id: str, command: Command) -> CommandResult:
        machine = self._host()
        return machine.exec(machine.list_machines()[0].external_id, command)

    def open_terminal(self, external_id: str, command: str | None, cols: int, rows: int, user: str | None) -> Terminal:
        machine = self._host()
        return machine.open_terminal(machine.list_machines()[0].external_id, command, cols, rows, user)

    def _host(self) -> Localhost:
        host = Localhost(Account(settings=HostSettings()))
        host.open()
        return host

    def _tags(self, external_id: str, verb: str, change: Callable[[set[str]], set[str]]) -> None:
        self._ask(f"{verb} {external_id}")
        reading = self.lively.machines[external_id]
        self.lively.machines[external_id] = replace(reading, tags=tuple(sorted(change(set(reading.tags)))))


def lively_cloud(account: str = "main") -> LivelyCloud:
    """The cloud of an account name."""
    found = dummy_provider.CLOUDS.setdefault(account, LivelyCloud())
    assert isinstance(found, LivelyCloud)
    return found


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """List both providers for one test, with empty clouds."""
    dummy_provider.CLOUDS.clear()
    kinds: tuple[type[Provider], ...] = (Plain, Lively)
    for kind in kinds:
        monkeypatch.setitem(registry._ROWS, kind.id, registry.Row(kind.id, __name__, kind.__name__))

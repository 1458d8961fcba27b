"""A provider whose cloud is a record in this process: tests turn its knobs and read what was asked of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from msgspec.structs import replace

from mistserver.domain.catalog import Image, Location, Size
from mistserver.domain.errors import ProviderAuthFailed
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import registry
from mistserver.providers.base import Provider, Region
from mistserver.providers.declare import ProviderSettings, setting

ID = "dummy"
GOOD_TOKEN = "dummy-token-canary"
LONGEST_HANG_S = 30.0


@dataclass
class Cloud:
    """What stands behind one account name.

    `held` makes calls wait until it is set, `reached` is set when one began; `answer` replaces the machine list.
    """

    machines: dict[str, MachineReading] = field(default_factory=dict)
    images: list[Image] = field(default_factory=list)
    failure: BaseException | None = None
    answer: Callable[[], Any] | None = None
    held: threading.Event | None = None
    asked: list[str] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)

    def add(self, name: str, **changed: Any) -> MachineReading:
        """A machine that somebody made outside Mist."""
        values: dict[str, Any] = {"external_id": f"m-{len(self.machines)}", "state": MachineState.RUNNING}
        reading = MachineReading(name=name, **{**values, **changed})
        self.machines[reading.external_id] = reading
        return reading


CLOUDS: dict[str, Cloud] = {}


def cloud(account: str = "main") -> Cloud:
    """The cloud of an account name."""
    return CLOUDS.setdefault(account, Cloud())


class Settings(ProviderSettings, frozen=True, kw_only=True):
    account: Annotated[str, setting("Name of the account", flag="dummy-account")] = "main"
    token: Annotated[str, setting("Secret token", flag="dummy-token", secret=True)]
    key: Annotated[str | None, setting("Name of a key", flag="dummy-key", kind="key")] = None


class Dummy(Provider):
    id = ID
    title = "Dummy"
    Settings = Settings
    regions = (Region("north", "North"), Region("south", "South"))
    over_http = True
    creates = True
    needs_size = False
    actions = frozenset({Action.START, Action.STOP, Action.REBOOT, Action.DESTROY, Action.RESIZE})

    def check(self) -> None:
        self._ask("check")
        if self.account.settings.token != GOOD_TOKEN:
            raise ProviderAuthFailed(f"The token {self.account.settings.token} is wrong.", provider=self.id)

    def list_machines(self) -> list[MachineReading]:
        self._ask("list_machines")
        found = self._cloud()
        return found.answer() if found.answer else list(found.machines.values())

    def list_images(self, search: str | None = None) -> list[Image]:
        self._ask(f"list_images {search}")
        images = self._cloud().images
        if search is None:
            return [image for image in images if image.star]
        return [image for image in images if search in ("all", image.id) or search in image.name]

    def list_sizes(self) -> list[Size]:
        self._ask("list_sizes")
        return [Size(id=str(number), name=f"size {number}") for number in range(3)]

    def list_locations(self) -> list[Location]:
        self._ask("list_locations")
        return [Location(id="0", name="Somewhere")]

    def create(self, spec: MachineSpec) -> MachineReading:
        self._ask(f"create {spec.name}")
        return self._cloud().add(spec.name, mark=spec.mark, image=spec.image, size=spec.size)

    def find_marked(self, mark: str) -> MachineReading | None:
        self._ask("find_marked")
        return next((item for item in self._cloud().machines.values() if item.mark == mark), None)

    def start(self, external_id: str) -> None:
        self._become(external_id, MachineState.RUNNING, "start")

    def stop(self, external_id: str) -> None:
        self._become(external_id, MachineState.STOPPED, "stop")

    def reboot(self, external_id: str) -> None:
        self._become(external_id, MachineState.RUNNING, "reboot")

    def destroy(self, external_id: str) -> None:
        self._ask(f"destroy {external_id}")
        self._cloud().machines.pop(external_id, None)

    def resize(self, external_id: str, size: str) -> None:
        self._ask(f"resize {external_id}")
        machines = self._cloud().machines
        machines[external_id] = replace(machines[external_id], size=size)

    def _become(self, external_id: str, state: MachineState, verb: str) -> None:
        self._ask(f"{verb} {external_id}")
        machines = self._cloud().machines
        machines[external_id] = replace(machines[external_id], state=state)

    def _cloud(self) -> Cloud:
        return cloud(self.account.settings.account)

    def _ask(self, what: str) -> None:
        found = self._cloud()
        found.asked.append(what)
        found.reached.set()
        if found.held is not None:
            found.held.wait(LONGEST_HANG_S)
        if found.failure is not None:
            raise found.failure


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """List the provider for one test, with empty clouds."""
    CLOUDS.clear()
    monkeypatch.setitem(registry._ROWS, ID, registry.Row(ID, __name__, "Dummy"))

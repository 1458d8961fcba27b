"""What every provider owes. The contract suite in `tests/contract/providers` holds each of them to it.

A provider object serves one call at a time, in a worker thread; it may block, within `Account.timeout_s` per network
exchange. It never stores, never retries, never sleeps between tries, and lets out no exception but `MistError`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import NotSupported, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers.declare import Guide, Liveness, ProviderSettings, read


@dataclass(frozen=True)
class Region:
    """A region as the user names it (`id`) and as lists show it (`title`)."""

    id: str
    title: str


@dataclass(frozen=True)
class CommandResult:
    """What a command left behind. `exit_code` is None when a signal (`signal`) or a time-out ended it."""

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    signal: str | None = None
    timed_out: bool = False


class SshBridge(Protocol):
    """The pooled SSH connections, for a worker thread. `key` is the name of a key kept by Mist."""

    def run(
        self, host: str, port: int, user: str, key: str | None, command: str, timeout_s: float
    ) -> CommandResult: ...

    def forward_socket(
        self, host: str, port: int, user: str, key: str | None, remote_path: str
    ) -> AbstractContextManager[str]:
        """A local unix socket (path) that leads to `remote_path` on the host while the context is open."""
        ...

    def jump(self, host: str, port: int) -> AbstractContextManager[tuple[str, int]]:
        """A local address that leads to `host:port` through the backend's jump host; the same address without one."""
        ...


@dataclass(frozen=True)
class Account:
    """What a provider is opened with."""

    settings: Any  # an instance of the provider's Settings
    region: str | None = None
    endpoint: str | None = None
    ca_pem: str | None = None
    timeout_s: float = 20.0
    ssh: SshBridge | None = field(default=None, repr=False)


OnOutput = Callable[[str, bytes], None]  # stream ("stdout" or "stderr"), data


class Provider(ABC):
    """One backend at one provider. Class attributes declare it; methods talk to the vendor."""

    id: ClassVar[str]
    title: ClassVar[str]
    Settings: ClassVar[type[ProviderSettings]]
    regions: ClassVar[tuple[Region, ...]] = ()
    region_required: ClassVar[bool] = False
    region_flag: ClassVar[str | None] = None  # another spelling of --region
    free_region: ClassVar[bool] = False  # takes regions beyond those declared: private clouds name their own
    region_aliases: ClassVar[Mapping[str, str]] = {}  # what else a region is called -> its id
    over_http: ClassVar[bool] = False  # takes --endpoint
    native_tags: ClassVar[bool] = False
    has_exec: ClassVar[bool] = False  # commands reach machines without SSH: implements HasExec
    creates: ClassVar[bool] = False
    needs_size: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    label_is_region: ClassVar[bool] = False
    manages_host: ClassVar[bool] = False  # its only machine is the host of the service
    retired_since: ClassVar[str | None] = None  # the year, when the vendor has switched its API off
    liveness: ClassVar[Liveness] = "live"  # "unknown" where nobody can say whether the vendor still answers
    without: ClassVar[frozenset[str]] = frozenset()  # listings ("networks" ...) that a base class has and this has not
    guide: ClassVar[Guide] = Guide()
    actions: ClassVar[frozenset[Action]] = frozenset()

    def __init__(self, account: Account) -> None:
        self.account = account

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        """The name of a backend that was given none (spec 6.2)."""
        return cls.title

    @classmethod
    def identity(cls, settings: Any, region: str | None) -> tuple[str, ...]:
        """What makes two backends the same; compared through a keyed hash. Default: all settings and the region."""
        return (cls.id, region or "", *(str(getattr(settings, name)) for name in settings.__struct_fields__))

    @classmethod  # noqa: B027 - optional
    def check_spec(cls, spec: MachineSpec) -> None:
        """Raise InvalidInput for a name or option that the vendor would refuse, with the vendor's rule; no network."""

    @classmethod
    def read_settings(cls, given: Mapping[str, Any]) -> Any:
        """What a user sent, as an instance of `Settings`, checked by `validate`; InvalidInput names the field."""
        return cls.validate(read(cls.Settings, given, cls.title))

    @classmethod
    def reaches_host(cls, settings: Any) -> bool:
        """Whether these settings lead to the service's own host past its network: a local process or socket."""
        return cls.manages_host

    @classmethod
    def validate(cls, settings: Any) -> Any:
        """Cleaned settings (blanks cut, URLs put right), or InvalidInput naming the field; no network."""
        return settings

    def open(self) -> None:  # noqa: B027 - optional
        """Called before any other method, in the same thread as the methods. May connect."""

    def close(self) -> None:  # noqa: B027 - optional
        """Called after the last method, whatever happened; must not raise."""

    @abstractmethod
    def check(self) -> None:
        """Prove that the credentials work by an authenticated call. ProviderAuthFailed when they do not."""

    @abstractmethod
    def list_machines(self) -> list[MachineReading]:
        """All machines, every page. A failure is an error, never a shorter list."""

    def list_images(self, search: str | None = None) -> list[Image]:
        """Without `search` the default set (`star` True); `all` everything; else what matches id or name."""
        raise self.cannot("list images")

    def list_sizes(self) -> list[Size]:
        raise self.cannot("list sizes")

    def list_locations(self) -> list[Location]:
        raise self.cannot("list locations")

    def list_networks(self) -> list[Network]:
        raise self.cannot("list networks")

    def create(self, spec: MachineSpec) -> MachineReading:
        """Ask for one machine and return at once (it may be pending). Carries `spec.mark` within the call itself."""
        raise self.cannot("create machines")

    def find_marked(self, mark: str) -> MachineReading | None:
        """The machine that carries the mark, if it exists (in any state that is not gone)."""
        raise self.cannot("create machines")

    def finish(self, spec: MachineSpec, found: MachineReading) -> MachineReading:
        """What is left of an interrupted create of which `find_marked` found the machine; idempotent.

        Default: nothing, for a vendor that makes a running machine in one call.
        """
        return found

    def read_machine(self, external_id: str) -> MachineReading | None:
        """One machine; None when it is gone. Default: from the whole list."""
        return next((m for m in self.list_machines() if m.external_id == external_id), None)

    def known(self, external_id: str) -> MachineReading:
        """As `read_machine`, but ProviderNotFound for one that is gone."""
        machine = self.read_machine(external_id)
        if machine is None or machine.state is MachineState.TERMINATED:
            raise ProviderNotFound(f"{self.title} has no machine {external_id[:200]!r}.", machine=external_id[:200])
        return machine

    def start(self, external_id: str) -> None:
        """Idempotent, like all actions: starting what runs is not an error."""
        raise self.cannot("start machines")

    def stop(self, external_id: str) -> None:
        raise self.cannot("stop machines")

    def reboot(self, external_id: str) -> None:
        raise self.cannot("reboot machines")

    def destroy(self, external_id: str) -> None:
        """Destroying what is gone is not an error."""
        raise self.cannot("destroy machines")

    def resize(self, external_id: str, size: str) -> None:
        raise self.cannot("resize machines")

    def finish_resize(self, external_id: str, size: str) -> None:  # noqa: B027 - optional
        """Called once a machine that was told to resize has come to rest: for vendors that want that confirmed.

        ProviderRejected when it came to rest as it was. Idempotent.
        """

    def add_tag(self, external_id: str, tag: str) -> None:
        """Only with `native_tags`; idempotent."""
        raise self.cannot("tag machines natively")

    def remove_tag(self, external_id: str, tag: str) -> None:
        raise self.cannot("tag machines natively")

    def cannot(self, what: str) -> NotSupported:
        return NotSupported(f"{self.title} cannot {what}.", provider=self.id)


@dataclass(frozen=True)
class Command:
    """A line for a machine's shell, and what ends it. `user` None: the one that the machine itself gives."""

    line: str
    timeout_s: float
    on_output: OnOutput
    cancelled: Callable[[], bool] = lambda: False
    stdin: bytes = field(default=b"", repr=False)
    user: str | None = None


class HasExec(ABC):
    """Commands and terminals on a machine without SSH. Blocking, in a worker thread of their own."""

    @abstractmethod
    def exec(self, external_id: str, command: Command) -> CommandResult:
        """Run it through `/bin/sh -c` on the machine; streams output as it comes (the result's stay empty).

        On time-out or when `cancelled()` turns True, the whole remote process group is ended.
        """

    @abstractmethod
    def open_terminal(self, external_id: str, command: str | None, cols: int, rows: int, user: str | None) -> Terminal:
        """An interactive terminal (a shell when `command` is None)."""


class Terminal(Protocol):
    """A terminal as bytes in both directions, read by one thread and written by another."""

    def read(self) -> bytes:
        """The next bytes, waiting for them; b"" at the end."""
        ...

    def write(self, data: bytes) -> None: ...
    def resize(self, cols: int, rows: int) -> None: ...
    def exit_code(self) -> int | None: ...
    def close(self) -> None: ...

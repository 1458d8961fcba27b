"""Calls to providers: in threads of their own, with a deadline, and with every failure as an error of ours."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec

from mistserver.domain import errors
from mistserver.providers import registry
from mistserver.providers.base import Account, Provider, SshBridge
from mistserver.providers.declare import declared
from mistserver.services.answers import Answers
from mistserver.services.blotting import blotted
from mistserver.services.context import Context
from mistserver.services.flights import Flights
from mistserver.settings import Settings
from mistserver.store.backends import StoredBackend

R = TypeVar("R")
log = logging.getLogger(__name__)

THREADS_PER_BACKEND = 4
_DEAD = (errors.ProviderUnreachable, errors.ProviderTimeout, errors.ProviderBadAnswer)
_TURNS = 20  # how many deadlines a caller waits behind calls that are still within theirs


def require_allowed(settings: Settings, provider: type[Provider], options: Any) -> None:
    """Refuse what leads to the service's own host, unless the service may manage that."""
    if provider.reaches_host(options) and not settings.manage_this_host:
        raise errors.ProviderNotAvailable(
            f"{provider.title} ({provider.id}) would give its users the host of the service, which is switched off; "
            "start the service with --manage-this-host to allow it.",
            provider=provider.id,
        )


class MakeBridge(Protocol):
    """Makes the SSH of one backend for provider threads (`services/ssh_bridge.py`)."""

    def __call__(self, ctx: Context, stored: StoredBackend, /) -> SshBridge: ...


class Providers:
    """One per service, used from its event loop.

    A thread that outlives its deadline cannot be ended: it keeps one of its backend's few places until it returns,
    but none of the places that all backends share, so one that hangs costs the others nothing.
    """

    def __init__(self, settings: Settings, bridge: MakeBridge | None = None) -> None:
        self._settings = settings
        self._bridge = bridge
        self._shared = asyncio.Semaphore(settings.provider_threads)
        self._places: dict[str, _Places] = {}
        self.readings = Flights()
        self.answers = Answers(settings.catalog_fresh_s)

    async def call(
        self, ctx: Context, stored: StoredBackend, work: Callable[[Provider], R], timeout_s: float | None = None
    ) -> R:
        """Open the backend's provider in a thread, do `work` with it, close it.

        Raises MistError and nothing else: ProviderTimeout after `timeout_s`, whatever the thread does then, and
        Unavailable when as long a time was spent waiting for other backends.
        """
        limit_s = self._settings.provider_timeout_s if timeout_s is None else timeout_s
        work_in_thread = partial(_use, partial(self.open, ctx, stored, limit_s), work)
        places = self._places.setdefault(stored.id, _Places())
        late = errors.ProviderTimeout(
            f"The backend {stored.name!r} did not answer within {limit_s:g} s; are its address and the firewall right?",
            backend_id=stored.id,
        )
        place = await places.take(limit_s, late)
        try:
            await _acquire(self._shared, limit_s, _busy())
        except BaseException:
            place.free()
            raise
        try:
            async with asyncio.timeout(limit_s):
                return await _in_thread(work_in_thread, stored, place.free)
        except TimeoutError:
            place.overdue()
            raise self._explained(late, stored) from None
        except errors.ProviderError as error:
            raise self._explained(error, stored) from None
        finally:
            self._shared.release()

    def endpoint_of(self, stored: StoredBackend) -> str | None:
        """Where the provider's calls go, when that is not the vendor's own address."""
        return stored.backend.endpoint or self._settings.provider_endpoints.get(stored.backend.provider)

    def _explained(self, error: errors.ProviderError, stored: StoredBackend) -> errors.ProviderError:
        """The error; where a retired vendor's own address no longer speaks the protocol, that says why."""
        provider = registry.load(stored.backend.provider)
        if provider.retired_since is None or self.endpoint_of(stored) or not isinstance(error, _DEAD):
            return error
        return type(error)(
            f"{provider.title} is retired by its vendor since {provider.retired_since}; "
            "where its API still answers, give that address with --endpoint.",
            **{**error.facts, "backend_id": stored.id, "retired_since": provider.retired_since},
        )

    def open(self, ctx: Context, stored: StoredBackend, timeout_s: float | None = None) -> Provider:
        """The backend's provider, not yet opened, for a caller that brings its own thread (a terminal)."""
        provider = registry.load(stored.backend.provider)
        secret = msgspec.json.decode(ctx.vault.unseal(stored.secret, f"backend:{stored.id}"))
        settings = msgspec.convert({**stored.backend.settings, **secret}, provider.Settings)
        require_allowed(self._settings, provider, settings)
        account = Account(
            settings=settings,
            region=stored.backend.region,
            endpoint=self.endpoint_of(stored),
            ca_pem=stored.ca_pem,
            timeout_s=min(self._settings.provider_timeout_s, timeout_s or self._settings.provider_timeout_s),
            ssh=self._bridge(ctx, stored) if self._bridge else None,
        )
        return provider(account)

    def forget(self, backend_id: str) -> None:
        """Drop what was kept of a backend that is gone or has other credentials now."""
        self.answers.forget(backend_id)
        if backend_id in self._places and self._places[backend_id].unused():
            del self._places[backend_id]


class _Places:
    """The threads that one backend may have."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(THREADS_PER_BACKEND)
        self.taken = 0
        self.overdue = 0

    async def take(self, limit_s: float, late: errors.MistError) -> _Place:
        """A place, after those who came first; `late` when every place is held by a call past its deadline."""
        for _ in range(_TURNS):
            try:
                await _acquire(self._free, limit_s, late)
            except errors.ProviderTimeout:
                if self.overdue >= THREADS_PER_BACKEND:
                    raise
            else:
                self.taken += 1
                return _Place(self)
        raise late

    def give_back(self, was_overdue: bool) -> None:
        self.taken -= 1
        self.overdue -= was_overdue
        self._free.release()

    def unused(self) -> bool:
        return self.taken == 0


class _Place:
    """One thread of a backend, from before its start to its end, which may be long after its caller left."""

    def __init__(self, places: _Places) -> None:
        self._places = places
        self._overdue = False
        self._freed = False

    def overdue(self) -> None:
        if not self._freed:
            self._overdue = True
            self._places.overdue += 1

    def free(self) -> None:
        self._freed = True
        self._places.give_back(self._overdue)


async def _acquire(places: asyncio.Semaphore, limit_s: float, otherwise: errors.MistError) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await places.acquire()
    except TimeoutError:
        raise otherwise from None


def _busy() -> errors.Unavailable:
    return errors.Unavailable("The service is busy waiting for other backends; try again in a minute.")


async def _in_thread(work: Callable[[], R], stored: StoredBackend, done: Callable[[], None]) -> R:
    """The result of `work` from a daemon thread, which cannot hold up the end of the process; `done` when it ends."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[R] = loop.create_future()

    def settle(result: R | None, error: BaseException | None) -> None:
        done()
        if future.done():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]  # without an error there is a result
        else:
            future.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as caught:  # the thread's last line: anything must reach the caller
            error = _ours(caught, stored)
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            log.debug("an answer of %s came after the end of the service", stored.id)

    try:
        threading.Thread(target=run, name=f"provider-{stored.backend.provider}", daemon=True).start()
    except RuntimeError:
        done()
        raise errors.Unavailable("The service cannot start another thread; try again later.") from None
    return await future


def _use(make: Callable[[], Provider], work: Callable[[Provider], R]) -> R:
    provider = make()
    try:
        provider.open()
        return work(provider)
    except errors.MistError as error:
        raise blotted(error, _secrets(provider.account.settings)) from None
    finally:
        provider.close()


def _ours(error: BaseException, stored: StoredBackend) -> errors.MistError:
    """The error that a caller sees. The text of a foreign one may hold a secret and is neither shown nor logged."""
    if isinstance(error, errors.MistError):
        return error
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    log.warning("provider %s raised %s in %s", stored.backend.provider, type(error).__name__, where)
    kind, happened = _KINDS[next(base for base in _KINDS if isinstance(error, base))]
    return kind(f"The backend {stored.name!r} {happened} ({type(error).__name__}).", backend_id=stored.id)


_KINDS: dict[type[BaseException], tuple[type[errors.MistError], str]] = {
    TimeoutError: (errors.ProviderTimeout, "did not answer in time"),
    OSError: (errors.ProviderUnreachable, "cannot be reached"),
    MemoryError: (errors.Internal, "could not be read: memory is used up"),
    Exception: (errors.ProviderBadAnswer, "gave an answer that cannot be understood"),
    BaseException: (errors.Internal, "could not be read: the call was broken off"),
}


def _secrets(settings: Any) -> list[str]:
    secret = [getattr(settings, item.name) for item in declared(type(settings)) if item.secret]
    return [str(value) for value in secret if value is not None]

"""libvirt's own library: imported on first use, silent, kept alive, its errors turned into ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from mistserver.domain import errors
from mistserver.domain.names import visible

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 10  # libvirtd works on five requests of a client at a time; the others wait there and not at our end
KEEPALIVE_S = 5
KEEPALIVE_TRIES = 3
_lock = threading.Lock()
_loaded: Any = None


def libvirt_module() -> Any:
    """The module `libvirt`, ready for use; ProviderNotAvailable where it is not installed."""
    global _loaded
    with _lock:
        if _loaded is None:
            try:
                import libvirt
            except ImportError:
                raise errors.ProviderNotAvailable(
                    "The libvirt provider needs libvirt-python, built where the service runs: "
                    "apt-get install gcc python3-dev libvirt-dev, then pip install 'mist[libvirt]'.",
                    extra="libvirt",
                ) from None
            libvirt.registerErrorHandler(lambda *_: None, None)
            libvirt.virEventRegisterDefaultImpl()  # keepalive is answered by the thread below
            threading.Thread(target=_serve_events, args=(libvirt,), name="libvirt-events", daemon=True).start()
            _loaded = libvirt
        return _loaded


def _serve_events(libvirt: Any) -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError:
            continue


def keep_alive(connection: Any) -> None:
    """Have a dead peer noticed after `KEEPALIVE_S * KEEPALIVE_TRIES` seconds; drivers without a peer refuse."""
    try:
        connection.setKeepAlive(KEEPALIVE_S, KEEPALIVE_TRIES)
    except libvirt_module().libvirtError:
        return


def at_once(ask: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """The answers to `ask` in the order of `things`.

    Several are waited for at once over the one connection, so that a long way to the hypervisor is not paid for each.
    """
    with ThreadPoolExecutor(_AT_ONCE, "libvirt-ask") as threads:
        return list(threads.map(ask, things))


@contextmanager
def faults(doing: str, host: str) -> Iterator[None]:
    """Turn libvirt's errors into ours; `doing` completes the sentence "The hypervisor X did not ...".

    Errors of ours pass through.
    """
    libvirt = libvirt_module()
    try:
        yield
    except libvirt.libvirtError as error:
        raise translated(error, doing, host) from None


def translated(error: Any, doing: str, host: str) -> errors.MistError:
    """Our error for one of libvirt's."""
    kind = _kinds().get(error.get_error_code(), errors.ProviderRejected)
    text = visible(" ".join((error.get_error_message() or "no reason given").split()))[:300]
    if "keepalive" in text or "client socket is closed" in text:
        kind = errors.ProviderUnreachable
    return kind(f"The hypervisor {visible(host)} did not {doing}: {text}.", host=host)


def is_code(error: Any, *names: str) -> bool:
    """Whether it is one of these errors, named without their prefix (`NO_DOMAIN`)."""
    return error.get_error_code() in {getattr(libvirt_module(), f"VIR_ERR_{name}") for name in names}


def _kinds() -> dict[int, type[errors.MistError]]:
    libvirt = libvirt_module()
    table: dict[type[errors.MistError], tuple[str, ...]] = {
        errors.ProviderAuthFailed: ("AUTH_FAILED", "AUTH_CANCELLED", "AUTH_UNAVAILABLE", "ACCESS_DENIED"),
        errors.ProviderUnreachable: ("SYSTEM_ERROR", "NO_CONNECT", "RPC", "INVALID_CONN", "OPEN_FAILED"),
        errors.ProviderTimeout: ("OPERATION_TIMEOUT", "AGENT_UNRESPONSIVE"),
        errors.ProviderNotFound: ("NO_DOMAIN", "NO_NETWORK", "NO_STORAGE_POOL", "NO_STORAGE_VOL"),
        errors.AlreadyExists: ("DOM_EXIST", "STORAGE_VOL_EXIST"),
        errors.ProviderQuota: ("NO_MEMORY", "RESOURCE_BUSY"),
    }
    return {getattr(libvirt, f"VIR_ERR_{name}"): kind for kind, names in table.items() for name in names}

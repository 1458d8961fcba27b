"""The ways to a hypervisor's libvirt: a forwarded socket over SSH, its TCP port, a socket on the service's own host.

Never libvirt's own SSH transport, which would start the `ssh` program with a user's words in its arguments.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import quote

from mistserver.domain import errors
from mistserver.providers.base import Account
from mistserver.providers.libvirt.library import faults, keep_alive, library
from mistserver.providers.libvirt.settings import Settings

# the classic daemon (or the proxy that stands for it), then the daemon of QEMU alone
SOCKETS = ("/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock")


def connect(account: Account, stack: ExitStack) -> Any:
    """An open connection; what it goes through stays open until `stack` is closed."""
    settings: Settings = account.settings
    if settings.local_socket is not None:
        paths = (settings.local_socket,) if settings.local_socket else SOCKETS
        return _first([partial(_over_socket, path, settings, stack) for path in paths])
    if settings.machine_key is None:
        return _over_tcp(account, stack)
    paths = (settings.socket,) if settings.socket else SOCKETS
    return _first([partial(_over_ssh, path, account, stack) for path in paths])


def _first(ways: list[Callable[[], Any]]) -> Any:
    """The first way that leads somewhere; the first one's error when none does."""
    try:
        return ways[0]()
    except errors.ProviderUnreachable as error:
        for way in ways[1:]:
            with suppress(errors.ProviderUnreachable):
                return way()
        raise error from None


def _over_ssh(path: str, account: Account, stack: ExitStack) -> Any:
    settings: Settings = account.settings
    if account.ssh is None:
        raise errors.Internal("The libvirt provider was opened without SSH.")
    with ExitStack() as attempt:
        with _as_provider_errors(settings):
            local = attempt.enter_context(
                account.ssh.forward_socket(
                    settings.machine_hostname, settings.ssh_port, settings.machine_user, settings.machine_key, path
                )
            )
        connection = _over_socket(local, settings, attempt, shown=path)
        stack.push(attempt.pop_all())
    return connection


def _over_socket(path: str, settings: Settings, stack: ExitStack, shown: str | None = None) -> Any:
    return _open(f"qemu+unix:///system?socket={quote(path)}", f"answer on {shown or path}", settings, stack)


def _over_tcp(account: Account, stack: ExitStack) -> Any:
    settings: Settings = account.settings
    host, port = settings.machine_hostname, settings.tcp_port
    if account.ssh is not None:
        with _as_provider_errors(settings):
            host, port = stack.enter_context(account.ssh.jump(host, port))
    try:
        socket.create_connection((host, port), timeout=account.timeout_s).close()
    except TimeoutError:
        raise errors.ProviderTimeout(_no_tcp(settings, "does not answer"), host=settings.machine_hostname) from None
    except OSError as error:
        why = "cannot be reached" if error.strerror is None else f"cannot be reached ({error.strerror})"
        raise errors.ProviderUnreachable(_no_tcp(settings, why), host=settings.machine_hostname) from None
    shown = f"[{host}]" if ":" in host else host
    return _open(f"qemu+tcp://{shown}:{port}/system", f"answer on TCP port {settings.tcp_port}", settings, stack)


def _no_tcp(settings: Settings, what: str) -> str:
    return (
        f"libvirt's TCP port {settings.tcp_port} on {settings.machine_hostname} {what}; "
        "give a key (--libvirt-key) to go over SSH instead."
    )


def _open(uri: str, doing: str, settings: Settings, stack: ExitStack) -> Any:
    with faults(doing, settings.machine_hostname):
        connection = library().open(uri)
    stack.callback(close, connection)
    keep_alive(connection)
    return connection


def close(connection: Any) -> None:
    """Close it; a connection that is already broken is no error."""
    try:
        connection.close()
    except library().libvirtError:
        return


@contextmanager
def _as_provider_errors(settings: Settings) -> Iterator[None]:
    """What SSH says of the hypervisor, said as of a provider."""
    try:
        yield
    except errors.MachineAuthFailed as error:
        raise errors.ProviderAuthFailed(error.message, **error.facts) from None
    except errors.MachineTimeout as error:
        raise errors.ProviderTimeout(error.message, **error.facts) from None
    except errors.MachineError as error:
        raise errors.ProviderUnreachable(error.message, **error.facts) from None

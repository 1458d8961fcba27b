"""The ways to a hypervisor's libvirt: a forwarded socket over SSH, its TCP port, a socket on the service's own host.

Never libvirt's own SSH transport, which would start the `ssh` program with a user's words in its arguments.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import quote

from mistserver.domain import errors
from mistserver.providers.base import Account
from mistserver.providers.libvirt.binding import faults, keep_alive, libvirt_module
from mistserver.providers.libvirt.gate import Gate
from mistserver.providers.libvirt.settings import Settings

# the classic daemon (or the proxy that stands for it), then the daemon of QEMU alone
SOCKETS = ("/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock")
_LEAVE_S = 5.0
LONGEST_CALL_S = 1800.0  # a whole copy of an image may take long; a hypervisor that hangs must not hold us for ever


def connect(account: Account, stack: ExitStack) -> Any:
    """An open connection; what it goes through stays open until `stack` is closed."""
    settings: Settings = account.settings
    if settings.local_socket is not None:
        paths = (settings.local_socket,) if settings.local_socket else SOCKETS
        return _first([partial(_over_socket, path, account, stack) for path in paths])
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
        with _as_provider_errors():
            forward = account.ssh.forward_socket(
                settings.machine_hostname, settings.ssh_port, settings.machine_user, settings.machine_key, path
            )
            local = attempt.enter_context(forward)
        remedy = f"see that libvirt runs there and that {settings.machine_user} may use {path}"
        connection = _open(_dial_unix(local), account, attempt, remedy)
        stack.push(attempt.pop_all())
    return connection


def _over_socket(path: str, account: Account, stack: ExitStack) -> Any:
    try:
        far = _dial_unix(path)
    except OSError as error:
        raise errors.ProviderUnreachable(
            f"The socket {path} on the host of the service cannot be used ({os.strerror(error.errno or 0)}).", path=path
        ) from None
    return _open(far, account, stack, f"see that {path} is libvirt's socket")


def _over_tcp(account: Account, stack: ExitStack) -> Any:
    settings: Settings = account.settings
    address = (settings.machine_hostname, settings.tcp_port)
    if account.ssh is not None:
        with _as_provider_errors():
            address = stack.enter_context(account.ssh.jump(*address))
    remedy = "give a key (--libvirt-key) to go over SSH instead"
    shown = f"libvirt's TCP port {settings.tcp_port} on {settings.machine_hostname}"
    try:
        far = socket.create_connection(address, timeout=account.timeout_s)
    except TimeoutError:
        raise errors.ProviderTimeout(f"{shown} does not answer; {remedy}.", host=settings.machine_hostname) from None
    except socket.gaierror:
        raise errors.ProviderUnreachable(
            f"The name {settings.machine_hostname} cannot be resolved; check it, or give an address.",
            host=settings.machine_hostname,
        ) from None
    except OSError as error:
        raise errors.ProviderUnreachable(
            f"{shown} cannot be reached ({error.strerror or error}); {remedy}.", host=settings.machine_hostname
        ) from None
    return _open(far, account, stack, remedy)


def _dial_unix(path: str) -> socket.socket:
    far = socket.socket(socket.AF_UNIX)
    try:
        far.connect(path)
    except OSError:
        far.close()
        raise
    return far


def _open(far: socket.socket, account: Account, stack: ExitStack, remedy: str) -> Any:
    """libvirt's connection through `far`, which is ours from here on."""
    host = account.settings.machine_hostname
    with ExitStack() as attempt:
        attempt.callback(far.close)
        gate = Gate(far)
        attempt.callback(gate.close)
        gate.shut_after(account.timeout_s)
        try:
            with faults("let us in", host):
                connection = libvirt_module().open(f"qemu+unix:///system?socket={quote(gate.path)}")
        except errors.ProviderUnreachable as error:
            if gate.timed_out:
                said = f"The hypervisor {host} did not let us in within {account.timeout_s:g} s"
                raise errors.ProviderTimeout(f"{said}; {remedy}.", **error.facts) from None
            raise errors.ProviderUnreachable(f"{error.message[:-1]}; {remedy}.", **error.facts) from None
        attempt.callback(close, connection)
        attempt.callback(gate.shut_after, _LEAVE_S)
        keep_alive(connection)
        gate.shut_after(LONGEST_CALL_S)
        stack.push(attempt.pop_all())
    return connection


def close(connection: Any) -> None:
    """Close it; a connection that is already broken is no error."""
    with suppress(libvirt_module().libvirtError):
        connection.close()


@contextmanager
def _as_provider_errors() -> Iterator[None]:
    """What SSH says of the hypervisor, said as of a provider."""
    try:
        yield
    except errors.MachineAuthFailed as error:
        raise errors.ProviderAuthFailed(error.message, **error.facts) from None
    except errors.MachineTimeout as error:
        raise errors.ProviderTimeout(error.message, **error.facts) from None
    except errors.MachineError as error:
        raise errors.ProviderUnreachable(error.message, **error.facts) from None

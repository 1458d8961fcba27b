"""Any single server, reached over SSH and in no other way."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import nullcontext
from typing import Annotated, Any

from mistserver.domain.errors import (
    InvalidInput,
    MachineAuthFailed,
    MachineError,
    MachineTimeout,
    ProviderAuthFailed,
    ProviderError,
    ProviderNotFound,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnreachable,
    Unavailable,
)
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.base import CommandResult, Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http_errors import vendors_words
from mistserver.ssh.target import clean_host, clean_user

_REBOOT = "nohup sh -c 'sleep 1; {sudo}reboot || {sudo}shutdown -r now' >/dev/null 2>&1 </dev/null & echo going"
_MAY_REBOOT = "sudo -n true"


class Settings(ProviderSettings, frozen=True, kw_only=True):
    machine_ip: Annotated[str, setting("Address or name of the server", flag="bare-hostname", kind="host")]
    machine_user: Annotated[str, setting("User to sign in as", flag="bare-user")] = "root"
    machine_port: Annotated[int, setting("Port of the SSH server", flag="bare-port", kind="port")] = 22
    machine_key: Annotated[
        str | None,
        setting("Name of the key that opens the server; default: the default key", flag="bare-ssh-key-id", kind="key"),
    ] = None


class BareMetal(Provider):
    id = "bare_metal"
    title = "Other Server"
    Settings = Settings
    actions = frozenset({Action.REBOOT})
    guide = Guide(
        credentials="An SSH key of the server, added to Mist with `mist add-key`.",
        permissions="Signing in. For a reboot, root or `sudo` without a password for `reboot`.",
        limits=(
            "What does not answer is shown as `unknown`: from outside, off and behind a firewall look the same.",
            "Nothing can start a server that is off.",
        ),
        through="SSH",
    )

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return str(settings.machine_ip)

    @classmethod
    def identity(cls, settings: Any, region: str | None) -> tuple[str, ...]:
        """The server, whoever signs in there."""
        return (cls.id, settings.machine_ip.lower(), str(settings.machine_port))

    @classmethod
    def validate(cls, settings: Any) -> Any:
        for field, check in (("machine_ip", clean_host), ("machine_user", clean_user)):
            try:
                check(getattr(settings, field))
            except InvalidInput as error:
                raise InvalidInput(error.message, field=field) from None
        return settings

    def check(self) -> None:
        """An authenticated command; a port that is open, or a key that is only offered, proves nothing."""
        self._succeeded(self._run("true"), "run a command")

    def list_machines(self) -> list[MachineReading]:
        host, port = self.account.settings.machine_ip, self.account.settings.machine_port
        answers = self._answers(host, port)
        public, private = _addresses(host)
        return [
            MachineReading(
                external_id=host.replace(".", "").replace(" ", ""),
                name=host,
                state=MachineState.RUNNING if answers else MachineState.UNKNOWN,
                public_ips=public,
                private_ips=private,
                actions=(Action.REBOOT,) if answers else (),
                ssh_host=host,
                ssh_port=port,
                extra={} if answers else {"reason": f"no SSH server answers at {host}:{port}"},
            )
        ]

    def reboot(self, external_id: str) -> None:
        if self.list_machines()[0].external_id != external_id:
            raise ProviderNotFound(f"This backend has no machine {external_id!r}.", machine=external_id)
        sudo = "" if self.account.settings.machine_user == "root" else "sudo -n "
        if sudo:
            self._succeeded(self._run(_MAY_REBOOT), "reboot without a password for sudo")
        self._succeeded(self._run(_REBOOT.format(sudo=sudo)), "reboot")

    def _run(self, command: str) -> CommandResult:
        wanted, ssh = self.account.settings, self.account.ssh
        if ssh is None:
            raise Unavailable("The service's SSH connections are not ready; try again in a moment.")
        where = (wanted.machine_ip, wanted.machine_port, wanted.machine_user, wanted.machine_key)
        try:
            return ssh.run(*where, command, self.account.timeout_s)
        except MachineError as error:
            raise _as_provider(error)(error.message, **error.facts) from None

    def _succeeded(self, result: CommandResult, what: str) -> None:
        name = self.account.settings.machine_ip
        if result.timed_out:
            raise ProviderTimeout(f"{name} did not {what} in time.", host=name)
        if result.exit_code != 0:
            said = vendors_words(result.stderr.decode("utf-8", "replace")) or f"exit code {result.exit_code}"
            raise ProviderRejected(f"{name} could not {what}: {said}", host=name)

    def _answers(self, host: str, port: int) -> bool:
        """Whether an SSH server introduces itself. Through a jump host every port seems open, so it has to speak."""
        jump = self.account.ssh.jump(host, port) if self.account.ssh else nullcontext((host, port))
        try:
            with jump as address, socket.create_connection(address, self.account.timeout_s) as line:
                return line.recv(4).startswith(b"SSH")
        except (OSError, MachineError, UnicodeError):
            return False


def _as_provider(error: MachineError) -> type[ProviderError]:
    if isinstance(error, MachineAuthFailed):
        return ProviderAuthFailed
    return ProviderTimeout if isinstance(error, MachineTimeout) else ProviderUnreachable


def _addresses(host: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The public and private addresses that the name stands for here, IPv4 first."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return (), ()
    ordered = sorted(
        (ipaddress.ip_address(each.partition("%")[0]) for each in found), key=lambda each: (each.version, each)
    )
    public = tuple(str(each) for each in ordered if each.is_global)
    return public, tuple(str(each) for each in ordered if not each.is_global)

"""What can go wrong on the way to a machine, each as one error that names the machine and the remedy."""

from __future__ import annotations

from collections.abc import Sequence

from mistserver.domain.errors import (
    HostKeyChanged,
    MachineAuthFailed,
    MachineError,
    MachineLost,
    MachineTimeout,
    MachineUnreachable,
    MistError,
)
from mistserver.domain.names import visible
from mistserver.ssh.target import Target


def again(error: MistError) -> MistError:
    """The same error once more, for another caller that waited for the same attempt."""
    return type(error)(error.message, **error.facts)


def unresolved(target: Target) -> MachineUnreachable:
    return MachineUnreachable(
        f"The name {target.host} of {target.where} cannot be resolved; check it, or give an address.", **_facts(target)
    )


def unreachable(target: Target, why: str) -> MachineUnreachable:
    return MachineUnreachable(
        f"{target.where} cannot be reached ({clipped(why)}); check that the machine runs, its port and its firewall.",
        **_facts(target),
    )


def not_ssh(target: Target, said: bytes) -> MachineUnreachable:
    shown = clipped(said.decode("utf-8", "replace").strip())
    return MachineUnreachable(
        f"{target.where} does not speak SSH (it said {shown!r}); check the port.", **_facts(target)
    )


def closed_early(target: Target, said: str = "") -> MachineUnreachable:
    reason = f", saying {clipped(said)!r}" if said else ""
    return MachineUnreachable(
        f"{target.where} closed the connection before the SSH greeting{reason}; it may allow fewer logins at once "
        "(MaxStartups) or have blocked this address for a while.",
        **_facts(target),
    )


def no_answer(target: Target, timeout_s: float) -> MachineTimeout:
    return MachineTimeout(
        f"{target.where} did not answer within {timeout_s:g} s; check that the machine runs and its firewall.",
        **_facts(target),
    )


def no_greeting(target: Target, timeout_s: float) -> MachineTimeout:
    return MachineTimeout(
        f"{target.where} accepted the connection but sent no SSH greeting within {timeout_s:g} s; check the port.",
        **_facts(target),
    )


def no_login(target: Target, timeout_s: float) -> MachineTimeout:
    return MachineTimeout(f"{target.where} did not finish the login within {timeout_s:g} s.", **_facts(target))


def no_connection(target: Target, timeout_s: float) -> MachineTimeout:
    return MachineTimeout(f"There was no connection to {target.where} within {timeout_s:g} s.", **_facts(target))


def broken_handshake(target: Target, why: str) -> MachineUnreachable:
    return MachineUnreachable(f"The SSH handshake with {target.where} failed: {clipped(why)}.", **_facts(target))


def refused(target: Target, users: Sequence[str], keys: int, said: str = "") -> MachineAuthFailed:
    tried = f"{keys} key{'s' if keys != 1 else ''} as {', '.join(users)}"
    reason = f" The machine said: {clipped(said)!r}." if said else ""
    return MachineAuthFailed(
        f"{target.where} accepted none of {tried}; associate the right key, or give the user.{reason}",
        users=list(users), **_facts(target),
    )  # fmt: skip


def shut_out(target: Target, users: Sequence[str]) -> MachineAuthFailed:
    return MachineAuthFailed(
        f"{target.where} refused the login as {', '.join(users)} and now takes no more connections from here; wait a "
        "minute, then give the user and the key.",
        users=list(users), **_facts(target),
    )  # fmt: skip


def key_changed(target: Target, known: Sequence[str], shown: str) -> HostKeyChanged:
    return HostKeyChanged(
        f"{target.where} shows another host key ({shown}) than the remembered one ({', '.join(known)}). If the machine "
        "was rebuilt, accept it with mist accept-host-key; else somebody may be in between.",
        known=list(known), shown=shown, **_facts(target),
    )  # fmt: skip


def lost(target: Target, what: str) -> MachineLost:
    return MachineLost(f"The connection to {target.where} broke while {what}.", **_facts(target))


def denied(target: Target, what: str, why: str) -> MachineError:
    return MachineError(f"{target.where} refused {what}: {clipped(why)}.", **_facts(target))


def clipped(text: str, limit: int = 200) -> str:
    """Words of a foreign machine for one line of ours: visible characters only, not too many."""
    return visible(" ".join(text.split()))[:limit]


def _facts(target: Target) -> dict[str, object]:
    return {"host": target.host, "port": target.port}

"""Agents that cannot reach the service post on their own machine, at a port that the SSH connection leads back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mistserver.domain.errors import Internal, MachineError, MachineLost
from mistserver.domain.monitoring import Monitoring
from mistserver.services.context import Context
from mistserver.services.machines.execute import Opened, open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.reach import reach
from mistserver.services.monitoring import posts
from mistserver.ssh import trouble

if TYPE_CHECKING:
    from mistserver.ssh.connection import Connection


class NoTunnel(MachineError):
    """The machine's SSH server does not listen for others."""


def url(port: int) -> str:
    """Where the agent posts; the connection itself is what keeps it from being read on its way."""
    return f"http://127.0.0.1:{port}{posts.PATH}"


async def free_port(opened: Opened, found: Found) -> int:
    """A port that nothing on the machine listens at now. NoTunnel when it allows no listening at all."""
    from mistserver.ssh.backward import listening

    if opened.connection is None:
        raise NoTunnel(f"{found.machine.name} reaches no address of the service, and SSH does not lead there.")
    try:
        async with listening(opened.connection, 0, _nobody) as there:
            return there.port
    except MachineLost:
        raise
    except MachineError as error:
        raise NoTunnel(
            f"{found.machine.name} reaches no address of the service, and its SSH server forwards none "
            f"(AllowTcpForwarding): {error.message}"
        ) from None


async def hold(ctx: Context, found: Found, record: Monitoring) -> None:
    """Keep the machine's port open, and take what is posted there, until the connection is lost: that is an error."""
    from mistserver.ssh.backward import listening

    opened = await open_way(ctx, await reach(ctx, found.stored.account_id, found.machine))
    connection = _connection(opened, found)
    async with listening(connection, record.tunnel_port or 0, partial(posts.serve, ctx, found.machine.id)) as there:
        await there.lost.wait()
    raise trouble.lost(connection.target, "its agent posted through it")


def _connection(opened: Opened, found: Found) -> Connection:
    if opened.connection is None:
        raise Internal(f"{found.machine.name} was not connected to.")
    return opened.connection


async def _nobody(_feed: object) -> None:
    return

"""The host key that a machine shows now, asked without signing in and without believing it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mistserver.ssh import trouble
from mistserver.ssh.dial import dial
from mistserver.ssh.target import Target

if TYPE_CHECKING:
    from mistserver.ssh.pool import Pool


async def scan(pool: Pool, target: Target) -> tuple[str, str]:
    """Algorithm and key as one line, and its fingerprint; MachineUnreachable or MachineTimeout."""
    import asyncssh

    from mistserver.ssh.handshake import host_key_line

    timeout_s = pool.connect_timeout_s
    tunnel = None if target.jump is None else (await pool.connect(target.jump)).link.connection
    sock = await dial(target, timeout_s) if tunnel is None else None
    try:
        async with asyncio.timeout(timeout_s):
            key = await asyncssh.get_server_host_key(
                target.host, target.port, sock=sock, tunnel=tunnel or (), config=None
            )
    except TimeoutError:
        raise trouble.no_login(target, timeout_s) from None
    except (asyncssh.Error, OSError) as error:
        raise trouble.broken_handshake(target, str(error) or type(error).__name__) from None
    if key is None:
        raise trouble.broken_handshake(target, "it showed no host key")
    return host_key_line(key), key.get_fingerprint()

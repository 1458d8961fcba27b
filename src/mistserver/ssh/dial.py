"""A TCP connection on which an SSH server has said its greeting: whatever else answers there is told apart here."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import random
import socket

from mistserver.domain.errors import MistError
from mistserver.ssh import trouble
from mistserver.ssh.target import Target

_GREETING = b"SSH-"
_LONGEST_LINE = 1024
_MOST_BEFORE = 8192  # bytes of text that a server may send before its greeting (RFC 4253, 4.2)
_FIRST_ADDRESSES_S = 5.0  # of a name with several addresses, all but the last get at most this long
_BUSY = "Exceeded MaxStartups"  # said by OpenSSH 9.8 and newer; older ones close without a word
_WEB = ("HTTP/", "<")  # how a web server turns away, or its page begins; an SSH server says so in plain words
_PAUSES_S = (0.3, 0.9)  # after a server that closed before its greeting, as a busy sshd does


async def dial(target: Target, timeout_s: float) -> socket.socket:
    """A connected socket from which nothing of the greeting has been read. Errors name the address."""
    for pause_s in (*_PAUSES_S, None):
        sock = await _connect(target, timeout_s)
        try:
            said = await _await_greeting(sock, target, timeout_s)
        except BaseException:
            sock.close()
            raise
        if said is None:
            return sock
        sock.close()
        if pause_s is None or (said and not said.startswith(_BUSY)):
            if said.startswith(_WEB):
                raise trouble.not_ssh(target, said.encode())
            raise trouble.closed_early(target, said)
        await asyncio.sleep(pause_s * (0.5 + random.random()))  # noqa: S311 - spreads retries, guards nothing
    raise AssertionError("unreachable")


async def _connect(target: Target, timeout_s: float) -> socket.socket:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    addresses = await _resolve(target, timeout_s)
    error: MistError = trouble.unresolved(target)
    for index, (family, address) in enumerate(addresses):
        left = deadline - loop.time()
        if index < len(addresses) - 1:
            left = min(left, _FIRST_ADDRESSES_S)
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(max(left, 0.001)):
                await loop.sock_connect(sock, address)
        except TimeoutError:
            sock.close()
            error = trouble.no_answer(target, timeout_s)
        except OSError as failure:
            sock.close()
            error = trouble.unreachable(target, os.strerror(failure.errno) if failure.errno else str(failure))
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise error


async def _resolve(target: Target, timeout_s: float) -> list[tuple[int, tuple[str, int]]]:
    if (family := _family(target.host)) is not None:
        return [(family, (target.host, target.port))]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise trouble.no_answer(target, timeout_s) from None
    except (OSError, UnicodeError):
        raise trouble.unresolved(target) from None
    return [(family, address) for family, _, _, _, address in found]  # type: ignore[misc]


def _family(host: str) -> int | None:
    """Of an address, which needs no look-up (and no thread for it); None for names, and for addresses in a zone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if address.version == 4:
        return socket.AF_INET
    return None if address.scope_id else socket.AF_INET6


async def _await_greeting(sock: socket.socket, target: Target, timeout_s: float) -> str | None:
    """None once the greeting can be read; the server's last words when it closed before."""
    before = b""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                await _readable(sock)
                seen = sock.recv(_LONGEST_LINE, socket.MSG_PEEK)
                if not seen:
                    return before.decode("utf-8", "replace").strip()
                if seen.startswith(_GREETING):
                    return None
                if _GREETING.startswith(seen):
                    await asyncio.sleep(0.01)
                    continue
                before += sock.recv(seen.find(b"\n") + 1 or len(seen))
                if len(before) > _MOST_BEFORE:
                    raise trouble.not_ssh(target, before)
    except TimeoutError:
        if before:
            raise trouble.not_ssh(target, before) from None
        raise trouble.no_greeting(target, timeout_s) from None
    except OSError:
        return before.decode("utf-8", "replace").strip()


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(sock, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        with contextlib.suppress(OSError, ValueError):
            loop.remove_reader(sock)

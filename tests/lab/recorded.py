"""Answers that vendors once gave, as libcloud's tests carry them, served over HTTP to providers of ours.

The recordings are read from the installed library. They stay the same whatever is asked before, so they prove that real
answers are understood, and no more.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.lab.stand_in import Answer, Reply, Request, StandIn


class Recorded(StandIn):
    """One of libcloud's `MockHttp` classes behind a port.

    `rename` replaces texts in every answer and its headers (`{url}` in a replacement is the port's own address), for
    answers that name the vendor's host.
    """

    def __init__(
        self, module: str, name: str, rename: Mapping[str, str] | None = None, kind: str | None = None
    ) -> None:
        super().__init__()
        mock: Any = getattr(_module(module), name)
        self._mock = mock("127.0.0.1", 1)  # an address, for old ones that ask for it
        if kind is not None:
            self._mock.type = kind
        self._rename = dict(rename or {})

    def handle(self, request: Request) -> Answer:
        """Its answer, or 501 where nothing was recorded for the path."""
        query = "&".join(f"{name}={value}" for name, values in request.queries.items() for value in values)
        target = request.path + (f"?{query}" if query else "")
        sent = {name.title(): value for name, value in request.headers.items()}  # as libcloud spells them
        try:
            status, body, headers, _ = self._mock._get_request(
                request.method, target, request.body.decode("utf-8", "replace"), sent
            )
        except (AttributeError, KeyError, NotImplementedError, UnboundLocalError) as error:
            return Reply(501, {"message": f"not recorded: {request.method} {target} ({error})"})
        text = body.decode() if isinstance(body, bytes) else str(body or "")
        kept = {
            name: self._renamed(value) for name, value in (headers or {}).items() if name.lower() != "content-length"
        }
        return Reply(int(status), self._renamed(text).encode(), kept)

    def _renamed(self, text: str) -> str:
        for old, new in self._rename.items():
            text = text.replace(old, new.format(url=self.url))
        return text


def _module(name: str) -> Any:
    """A module of libcloud's compute tests. They read credentials from a module that is only there as a template."""
    pytest.importorskip("libcloud", reason="apache-libcloud is not installed: make install")
    import libcloud.test

    wanted = "libcloud.test.secrets"
    if wanted not in sys.modules:
        secrets = types.ModuleType(wanted)
        template = Path(libcloud.test.__file__).parent / "secrets.py-dist"
        exec(compile(template.read_text(), str(template), "exec"), secrets.__dict__)
        sys.modules[wanted] = secrets
    return importlib.import_module(f"libcloud.test.compute.{name}")


if __name__ == "__main__":
    with Recorded(sys.argv[1], sys.argv[2], kind=sys.argv[3] if len(sys.argv) > 3 else None) as cloud:
        print(cloud.port, flush=True)
        sys.stdin.read()

"""A Docker Engine whose containers, images and networks are called as no real one lets them be called."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VERSION = {"Version": "27.0", "ApiVersion": "1.44", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64"}
REFUSAL = "\x1b[31mno\x07 <b>$(reboot)</b>\nERROR: all is well"


@contextlib.contextmanager
def hostile_docker(names: Sequence[str]) -> Iterator[int]:
    """Its port. It shows one running container, image and network for each name, and refuses every change."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self, content: Any, status: int = 200) -> None:
            raw = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def do_GET(self) -> None:
            one = re.search(r"/containers/([0-9a-f]{64})/json", self.path)
            if one:
                self._answer(_inspected(int(one[1], 16), names[int(one[1], 16)]))
            elif "/version" in self.path:
                self._answer(VERSION)
            elif "/containers/json" in self.path:
                self._answer([_container(number, name) for number, name in enumerate(names)])
            elif "/images/json" in self.path:
                self._answer([_image(number, name) for number, name in enumerate(names)])
            elif "/networks" in self.path:
                self._answer([_network(number, name) for number, name in enumerate(names)])
            else:
                self._answer({"message": REFUSAL}, 404)

        def _refuse(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer({"message": REFUSAL}, 500)

        do_POST = do_PUT = do_DELETE = _refuse

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _container(number: int, name: str) -> dict[str, Any]:
    networks = {name: {"IPAddress": f"10.0.0.{number + 1}"}}
    return {
        "Id": f"{number:064x}", "Names": [f"/{name}"], "Image": name, "Command": name, "Created": 1_700_000_000,
        "Labels": {name: name}, "State": "running", "Status": name, "Ports": [],
        "NetworkSettings": {"Networks": networks},
    }  # fmt: skip


def _inspected(number: int, name: str) -> dict[str, Any]:
    state = {"Status": "running", "Running": True}
    return {"Id": f"{number:064x}", "Name": f"/{name}", "State": state, "Config": {"Image": name, "Labels": {}}}


def _image(number: int, name: str) -> dict[str, Any]:
    return {"Id": f"sha256:{number:064x}", "RepoTags": [f"{name}:latest"], "Created": 1, "Size": 1}


def _network(number: int, name: str) -> dict[str, Any]:
    return {"Id": f"{number:064x}", "Name": name, "Driver": name, "Scope": name, "IPAM": {"Config": [{"Subnet": name}]}}

"""A service that only parses what machines post: the floor under the intake. Run by `intake.py`."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

from mistserver.monitoring import collectd_json

NEWEST = 2**32 - 1


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Any request is a post; 204 when its body is one of collectd's."""
    if scope["type"] != "http":
        return
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if body:
        collectd_json.read(bytes(body), NEWEST)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False, http="httptools")

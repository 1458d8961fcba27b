"""A service in miniature on a loopback port, for tests of client and command line: the REST contract, a few records."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support import rest_records as records

Answer = tuple[int, Any]
TOKEN = "mist_stub"  # a token of the stub, which knows one


class Seen(NamedTuple):
    """One request as it arrived; `path` is without the prefix and still quoted."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.answer = status, {"error": {"code": code, "message": message, "details": details, "request_id": "r1"}}


class RestStub:
    """State and routes; tests change the lists, add to `scripted`, and read `seen`."""

    def __init__(self) -> None:
        self.uri = ""
        self.seen: list[Seen] = []
        self.scripted: dict[tuple[str, str], list[Answer]] = {}
        self.tokens = {TOKEN}
        self.setup_needed = False
        self.backends = [records.backend(*row) for row in records.BACKENDS]
        self.keys = [records.key(name, name == "DemoKey") for name in records.KEYS]
        self.machines = [records.machine(*row) for row in records.MACHINES]
        self.heard: dict[str, Any] = {}
        self.backend_health: list[dict[str, Any]] = []
        self.catalog_reading: dict[str, Any] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.items: dict[str, list[dict[str, Any]]] = {}
        self.stream: list[tuple[str, Any]] = []
        self.job_error: dict[str, Any] | None = None
        self.users = [records.user("u1", "user@mist.io")]
        self.token_records = [records.token("t1", "ci")]
        self.stats: dict[str, Any] = {}
        self.monitored: list[dict[str, Any]] = []
        self.events = [records.event(seq) for seq in (1, 2, 3)]

    def calls(self, *methods: str) -> list[tuple[str, str]]:
        """Method and path of the requests so far, of these methods or of all."""
        return [(seen.method, seen.path) for seen in self.seen if not methods or seen.method in methods]

    def body(self, method: str, path: str) -> Any:
        """The body of the last such request."""
        return [seen.body for seen in self.seen if (seen.method, seen.path) == (method, path)][-1]

    def answer(self, seen: Seen) -> Answer:
        self.seen.append(seen)
        if scripted := self.scripted.get((seen.method, seen.path)):
            return scripted.pop(0)
        public = seen.path in ("/sessions", "/setup")
        if not public and seen.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise Refusal(401, "not_signed_in", "The token is not valid any more, or never was; sign in again.")
        noun, *rest = [unquote(part) for part in seen.path.strip("/").split("/")]
        handler = getattr(self, f"_{seen.method.lower()}_{noun.replace('-', '_')}", None)
        if handler is None:
            raise Refusal(404, "not_found", f"There is no {seen.method} {seen.path}.")
        return handler(seen, *rest)  # type: ignore[no-any-return]

    def _post_sessions(self, seen: Seen) -> Answer:
        if seen.body["password"] != "mist_password":
            raise Refusal(401, "not_signed_in", "The email or the password is wrong.")
        self.tokens.add(TOKEN)
        user = {**self.users[0], "email": seen.body["email"]}
        return 201, {"token": TOKEN, "token_id": "s1", "expires_at": records.AT, "user": user}

    def _delete_sessions(self, seen: Seen, which: str) -> Answer:
        self.tokens.discard(TOKEN)
        return 204, None

    def _get_setup(self, seen: Seen) -> Answer:
        return 200, {"needed": self.setup_needed}

    def _post_setup(self, seen: Seen) -> Answer:
        return self._post_sessions(seen._replace(body={**seen.body, "password": "mist_password"}))

    def _get_me(self, seen: Seen) -> Answer:
        return 200, {**records.ME, "user": self.users[0]}

    def _get_providers(self, seen: Seen) -> Answer:
        return 200, {"items": records.providers(), "next_cursor": None}

    def _get_backends(self, seen: Seen, backend_id: str = "", noun: str = "") -> Answer:
        if noun:
            return 200, {"items": records.CATALOG[noun], "next_cursor": None, **self.catalog_reading}
        return self._list(seen, "backend", self.backends, backend_id)

    def _get_sizes(self, seen: Seen) -> Answer:
        offered = [{**size, "backend_id": "b", "backend_name": "Azure"} for size in records.CATALOG["sizes"]]
        return 200, {"items": offered, "next_cursor": None, "backends": self.backend_health}

    def _post_backends(self, seen: Seen) -> Answer:
        made = records.backend(seen.body.get("name") or seen.body["provider"], "newBackend", seen.body["provider"])
        self.backends.append(made)
        return 201, made

    def _patch_backends(self, seen: Seen, backend_id: str) -> Answer:
        return self._change("backend", self.backends, backend_id, seen.body)

    def _put_backends(self, seen: Seen, backend_id: str, what: str, *image: str) -> Answer:
        return (200, self._one("backend", self.backends, backend_id)) if what == "credentials" else (204, None)

    def _delete_backends(self, seen: Seen, backend_id: str, *star: str) -> Answer:
        return (204, None) if star else self._remove("backend", self.backends, backend_id)

    def _get_keys(self, seen: Seen, key_id: str = "") -> Answer:
        return self._list(seen, "key", self.keys, key_id)

    def _post_keys(self, seen: Seen, key_id: str = "", what: str = "") -> Answer:
        if what == "private":
            return 200, {"private": records.PRIVATE}
        if seen.body.get("private") == "locked\n" and "passphrase" not in seen.body:
            raise Refusal(400, "invalid_input", "The private key needs its passphrase.", field="passphrase")
        if any(key["name"] == seen.body["name"] for key in self.keys):
            raise Refusal(409, "already_exists", f"There is a key {seen.body['name']!r} already.")
        self.keys.append(records.key(seen.body["name"], False))
        return 201, self.keys[-1]

    def _post_key_pairs(self, seen: Seen) -> Answer:
        return 201, {"private": records.PRIVATE, "public": "ssh-ed25519 AAAA"}

    def _patch_keys(self, seen: Seen, key_id: str) -> Answer:
        return self._change("key", self.keys, key_id, seen.body)

    def _put_keys(self, seen: Seen, key_id: str, what: str) -> Answer:
        return self._change("key", self.keys, key_id, {"is_default": True})

    def _delete_keys(self, seen: Seen, key_id: str) -> Answer:
        return self._remove("key", self.keys, key_id)

    def _get_machines(self, seen: Seen, machine_id: str = "", what: str = "") -> Answer:
        if what == "metrics":
            return 200, {"items": records.METRICS, "next_cursor": None}
        if what == "plugins":
            return 200, {"items": [], "next_cursor": None}
        if what == "stats":
            return 200, {"machine_id": machine_id, "start": 0, "stop": 30, "step": 10, "metrics": self.stats}
        if what:
            return 200, {"items": [records.HOST_KEY], "next_cursor": None}
        status, page = self._list(seen, "machine", self.machines, machine_id)
        if not machine_id and "select" not in seen.query:
            wanted = seen.query.get("backend")
            page["items"] = [one for one in page["items"] if wanted in (None, one["backend_id"])]
            page["backends"] = self.backend_health
            if seen.query.get("monitoring"):
                page["monitoring"] = self.heard
        elif machine_id and status == 200:
            page = {**page, "monitoring": self.heard.get(machine_id)}
        return status, page

    def _get_monitoring(self, seen: Seen) -> Answer:
        return 200, {"items": self.monitored, "next_cursor": None}

    def _post_machines(self, seen: Seen, machine_id: str = "", what: str = "", *more: str) -> Answer:
        if not machine_id:
            made = records.machine(seen.body["name"], "newMachine", "pending")
            self.machines.append(made)
            return 202, self._job("machine.create", f"create {made['name']}", {"machine_ids": [made["id"]]})
        one = self._one("machine", self.machines, machine_id)
        if what in ("monitoring", "plugins"):
            return (200, records.BY_HAND) if seen.body.get("by_hand") and not more else (202, self._monitor(seen, one))
        if what == "actions":
            return 202, self._job(f"machine.{seen.body['action']}", f"{seen.body['action']} {one['name']}", {})
        if what == "probe":
            return 200, {**records.PROBE, "machine_id": machine_id}
        return 200, {"items": [records.HOST_KEY], "next_cursor": None}

    def _put_machines(self, seen: Seen, machine_id: str, what: str, name: str) -> Answer:
        if what == "keys":
            return 200, {"key_id": name, "key_name": name, "machine_id": machine_id, "user": "root", "port": 22}
        one = self._one("machine", self.machines, machine_id)
        if what == "metrics":
            return 200, {**records.METRICS[-1], "id": name, "shown": True}
        return 200, {**one, "tags": [*one["tags"], name]}

    def _delete_machines(self, seen: Seen, machine_id: str, what: str, name: str) -> Answer:
        one = self._one("machine", self.machines, machine_id)
        if what == "keys":
            return 200, {"removed": True, "message": f"{one['name']} lets it in no more"}
        if what == "metrics":
            return 204, None
        if what == "plugins":
            return 202, self._job("monitoring.plugin.remove", f"remove {name}", {"plugin_id": name})
        return 200, {**one, "tags": [tag for tag in one["tags"] if tag != name]}

    def _post_runs(self, seen: Seen, *retry: str) -> Answer:
        chosen = [one for one in self.machines if seen.body.get("tag") in (None, *one["tags"])]
        if not chosen:
            reason = f"No machines found with tag: {seen.body['tag']}"
            raise Refusal(404, "not_found", reason, noun="machine", matched=0)
        job = self._job("run", "run", {}, total=len(chosen))
        self.items[job["id"]] = [records.item(job["id"], one) for one in chosen]
        return 202, job

    def _get_jobs(self, seen: Seen, job_id: str = "", what: str = "") -> Answer:
        if what == "items":
            return 200, {"items": self.items.get(job_id, []), "next_cursor": None}
        if what == "stream":
            return 200, self.stream
        return self._list(seen, "job", list(self.jobs.values()), job_id)

    def _post_jobs(self, seen: Seen, job_id: str, what: str) -> Answer:
        return self._change("job", list(self.jobs.values()), job_id, {"cancel_requested": True})

    def _get_events(self, seen: Seen, *what: str) -> Answer:
        if what:
            return 200, [("event", event) for event in self.events]
        newest = list(reversed(self.events))[: int(seen.query["limit"])]
        return 200, {"items": newest, "next_cursor": None}

    def _get_users(self, seen: Seen) -> Answer:
        return self._list(seen, "user", self.users, "")

    def _post_users(self, seen: Seen) -> Answer:
        return 201, {**self.users[0], **{name: seen.body[name] for name in ("email", "role")}, "id": "u2"}

    def _put_users(self, seen: Seen, *path: str) -> Answer:
        return 200, None

    def _delete_users(self, seen: Seen, user_id: str) -> Answer:
        return self._remove("user", self.users, user_id)

    def _get_tokens(self, seen: Seen) -> Answer:
        return self._list(seen, "token", self.token_records, "")

    def _post_tokens(self, seen: Seen) -> Answer:
        return 201, {**records.token("t2", seen.body["name"]), "token": "mist_secret"}

    def _delete_tokens(self, seen: Seen, token_id: str) -> Answer:
        return self._remove("token", self.token_records, token_id)

    def _monitor(self, seen: Seen, one: dict[str, Any]) -> dict[str, Any]:
        result = {"metric_id": "mist.python.random", "stdout": "read() 1: 0.5"} if "code" in seen.body else {}
        return self._job("monitoring", f"monitor {one['name']}", result)

    def _job(self, kind: str, title: str, result: dict[str, Any], total: int = 0) -> dict[str, Any]:
        job = records.job(f"job{len(self.jobs) + 1}", kind, title)
        error = self.job_error
        self.jobs[job["id"]] = {
            **job,
            "total": total,
            "state": "failed" if error else "succeeded",
            "result": result,
            "error": error,
        }
        return job

    def _list(self, seen: Seen, noun: str, things: list[dict[str, Any]], thing_id: str) -> Answer:
        if thing_id:
            return 200, self._one(noun, things, thing_id)
        if (term := seen.query.get("select")) is not None:
            level, found = records.select(term, things)
            return 200, {"items": found, "next_cursor": None, "level": level}
        return 200, {"items": list(things), "next_cursor": None}

    def _one(self, noun: str, things: list[dict[str, Any]], thing_id: str) -> dict[str, Any]:
        for thing in things:
            if thing["id"] == thing_id:
                return thing
        raise Refusal(404, "not_found", f"There is no {noun} with the id {thing_id}.", noun=noun, id=thing_id)

    def _change(self, noun: str, things: list[dict[str, Any]], thing_id: str, changes: dict[str, Any]) -> Answer:
        thing = self._one(noun, things, thing_id)
        thing.update(changes)
        return 200, thing

    def _remove(self, noun: str, things: list[dict[str, Any]], thing_id: str) -> Answer:
        things.remove(self._one(noun, things, thing_id))
        return 204, None


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[RestStub]:
    """The stub behind a real socket of 127.0.0.1."""
    stub = RestStub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            parts = urlsplit(self.path)
            path = parts.path.removeprefix("/api/v1")
            body = json.loads(raw) if raw else None
            seen = Seen(self.command, path, dict(parse_qsl(parts.query)), body, dict(self.headers))
            try:
                status, answer = stub.answer(seen)
            except Refusal as refusal:
                status, answer = refusal.answer
            kind = "application/json"
            text = b"" if answer is None else json.dumps(answer).encode()
            if path.endswith("/stream") and status == 200:
                kind = "text/event-stream"
                text = "".join(
                    f"id: {at}\r\nevent: {name}\r\ndata: {json.dumps(data)}\r\n\r\n"
                    for at, (name, data) in enumerate(answer, start=1)
                ).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

        def log_message(self, *_: object) -> None:
            """Nothing: the tests look at `seen`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    stub.uri = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

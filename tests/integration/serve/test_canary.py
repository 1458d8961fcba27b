"""Secrets that went through every call are found nowhere: on disk, in logs, listings, errors, process lists."""

from __future__ import annotations

import asyncio
import http.server
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.lab.docker import DockerHost
from tests.lab.moto import ec2_service
from tests.lab.sshd import KeyPair, key_pair, sshd
from tests.lab.waiting import eventually
from tests.support import canary
from tests.support.service import EMAIL, Service

TEXTS = {
    "password": "canary-password-7f3a91",
    "new password": "canary-new-password-02cc",
    "wrong password": "canary-wrong-password-d0d0",
    "wrong api secret": "canary-api-secret-55d0",
    "passphrase": "canary-passphrase-c41e",
    "wrong passphrase": "canary-wrong-passphrase-e880",
    "script": "canary-script-9e2b",
    "creating script": "canary-creating-script-44f7",
    "environment": "canary-environment-8d11",
    "user data": "canary-user-data-b3f0",
    "basic password": "canary-basic-password-61aa",
    "echoed password": "canary-echoed-password-90ff",
    "file": "canary-file-17b5",
    "channel": "canary-channel-c0fe",
    "rule": "canary-rule-77aa",
    "typed": "canary-typed-5e5e",
}


@dataclass
class Talk:
    """A service, and everything that it told; what a call is made to show is kept apart as a further secret."""

    service: Service
    token: str = ""
    told: list[str] = field(default_factory=list)
    secrets: dict[str, list[bytes]] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, shows: str | None = None) -> Any:
        _, answer = self.service.request(method, path, body, self.token)
        if shows:
            self.secrets[f"{shows} of {path}"] = [answer.pop(shows).encode()]
            answer.pop("url", None)  # a ticket's, which holds the ticket
        self.told.append(f"{method} {path}: {answer}")
        return answer

    def ended(self, job: Any) -> Any:
        """The job, once it has come to its end, with what it left told."""
        path = f"/jobs/{job['id']}"
        eventually(lambda: self.ask("GET", path)["state"] in ("succeeded", "failed", "cancelled"), 60)
        items = self.ask("GET", f"{path}/items?limit=1000")["items"]
        return {**self.ask("GET", path), "items": items}

    def mist(self, *argv: str, stdin: str = "", **env: str) -> None:
        """A command, whose whole output is told."""
        program = "import sys; from mistcli.main import main; sys.exit(main())"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MIST_")}
        own = {"HOME": str(self.service.data_dir.parent / "home"), "MIST_URI": self.service.uri, "MIST_EMAIL": EMAIL}
        ended = subprocess.run(
            [sys.executable, "-c", program, *argv], env={**kept, **own, "MIST_PASSWORD": TEXTS["password"], **env},
            input=stdin, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, (argv, ended.stderr)
        self.told.append(ended.stdout + ended.stderr)


@contextmanager
def echoing() -> Iterator[int]:
    """A port that refuses everything, and repeats in its answer whatever was sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = str(self.headers).encode()
            self.send_response(500)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_no_secret_is_found_anywhere(tmp_path: Path, docker_engine: DockerHost) -> None:
    keys = {name: key_pair() for name in ("lab", "jump")}
    image = docker_engine.mini_image(keys["lab"].public)
    (tmp_path / "home").mkdir(mode=0o700)
    with ExitStack() as stack:
        ec2 = stack.enter_context(ec2_service(tmp_path))
        host = stack.enter_context(sshd(key=keys["lab"]))
        jump = stack.enter_context(sshd(key=keys["jump"]))
        echo = stack.enter_context(echoing())
        env = {"MIST_ADMIN_PASSWORD": TEXTS["password"], "MIST_LOG_LEVEL": "debug"}
        service = Service(tmp_path / "data", flags=("--provider-endpoint", f"ec2={ec2.endpoint}"), env=env).start()
        stack.callback(service.stop)
        watch = stack.enter_context(canary.ProcessWatch(service.pid))
        talk = Talk(service)
        talk.secrets = {name: [text.encode()] for name, text in TEXTS.items()}
        talk.secrets |= {f"{name} key": canary.of_private_key(key.private) for name, key in keys.items()}
        talk.secrets |= {"tls key": canary.of_private_key(docker_engine.client.private)}
        talk.secrets |= {"api secret": [ec2.api_secret.encode()]}

        people(talk)
        private_keys(talk, keys)
        clouds(talk, ec2, docker_engine, echo)
        servers(talk, {"machine_ip": host.host, "machine_port": host.port, "machine_user": host.user}, jump)
        machines(talk, image)
        commands(talk, tmp_path)
        alerts(talk, tmp_path, echo)
        everything(talk)
        live = canary.files(service.data_dir)
        talk.mist("backup", str(tmp_path / "data.backup"), "--data-dir", str(service.data_dir))

    places = live | {f"{path} at rest": content for path, content in canary.files(service.data_dir).items()}
    places |= {"log": service.log.read_bytes(), **canary.archive(tmp_path / "data.backup")}
    places |= {"answers": "\n".join(talk.told).encode(), **watch.seen}
    assert canary.found(talk.secrets, places) == []
    assert b"ticket=" not in places["log"]
    seen = {place for _, place, _ in canary.found({"no secret": [EMAIL.encode(), b"canary-command-shown"]}, places)}
    database = str(service.data_dir / "mist.db")
    expected = {
        "answers",
        "log",
        f"{database}-wal",
        f"{database} at rest",
        "data.backup: users.jsonl",
        "data.backup: events.jsonl",
    }
    assert expected - seen == set()
    home = canary.files(tmp_path / "home")
    assert canary.found(talk.secrets, home) == []
    modes = {name: (tmp_path / "home" / name).stat().st_mode & 0o777 for name in (".mist", ".cache/mist")}
    assert modes == {".mist": 0o600, ".cache/mist": 0o700}


def people(talk: Talk) -> None:
    talk.ask("POST", "/sessions", {"email": EMAIL, "password": TEXTS["wrong password"]})
    signed_in = talk.ask("POST", "/sessions", {"email": EMAIL, "password": TEXTS["password"]}, shows="token")
    del signed_in
    talk.token = talk.secrets["token of /sessions"][0].decode()
    talk.ask("POST", "/tokens", {"name": "scripts", "scope": "admin"}, shows="token")
    talk.token = talk.secrets["token of /tokens"][0].decode()
    user = talk.ask("POST", "/users", {"email": "u@example.com", "password": TEXTS["password"], "role": "viewer"})
    talk.ask("PUT", f"/users/{user['id']}/password", {"password": TEXTS["new password"]})
    talk.ask("POST", "/users", {"email": "not an address", "password": TEXTS["new password"]})
    talk.ask("POST", "/users", {"email": "x@example.com", "passwort": TEXTS["new password"]})


def alerts(talk: Talk, folder: Path, echo: int) -> None:
    secret = TEXTS["channel"]
    url = f"json://joe:{secret}@127.0.0.1:{echo}/{secret}/?+X-Key={secret}"
    channel = talk.ask("POST", "/channels", {"name": "echo", "url": url})
    assert talk.ask("POST", f"/channels/{channel['id']}/test")["error"]["code"] == "receiver_error"
    talk.ask("POST", "/channels", {"name": "unsafe", "url": f"jsons://example.com/{secret}?verify=no"})
    talk.ask("POST", "/channels", {"name": "unknown", "url": f"nothing://{secret}"})
    (folder / "url").write_text(f"json://127.0.0.1:{echo}/{secret}")
    talk.mist("add-channel", "--name", "file", "--url-file", str(folder / "url"))
    rule = {"tag": "t", "metric": "load", "value": 5, "action": "script", "script": f"echo {TEXTS['rule']}"}
    made = talk.ask("POST", "/rules", rule)
    talk.ask("PATCH", f"/rules/{made['id']}", {"script": f"echo {TEXTS['rule']} again"})
    talk.ask("POST", "/rules", {**rule, "action": "notify"})


def private_keys(talk: Talk, keys: dict[str, KeyPair]) -> None:
    for name, pair in keys.items():
        talk.ask("POST", "/keys", {"name": name, "private": pair.private})
    locked = _locked()
    talk.ask("POST", "/keys", {"name": "locked", "private": locked, "passphrase": TEXTS["passphrase"]})
    talk.ask("POST", "/keys", {"name": "bad", "private": locked, "passphrase": TEXTS["wrong passphrase"]})
    talk.ask("POST", "/keys", {"name": "broken", "private": keys["lab"].private[:200]})
    talk.ask("POST", "/keys", {"name": "twice", "private": keys["lab"].private, "unknown": keys["lab"].private})
    made = talk.ask("POST", "/keys", {"name": "made", "generate": {}})
    exported = talk.ask("POST", f"/keys/{made['id']}/private", shows="private")
    assert set(exported) <= {"public"}


def clouds(talk: Talk, ec2: Any, engine: DockerHost, echo: int) -> None:
    wrong = {"api_key": ec2.api_key, "api_secret": TEXTS["wrong api secret"]}
    talk.ask("POST", "/backends", {"provider": "ec2", "region": "ec2_us_east", "settings": wrong})
    right = {"api_key": ec2.api_key, "api_secret": ec2.api_secret}
    _added(talk, "cloud", {"provider": "ec2", "region": "ec2_us_east", "settings": right})
    again = talk.ask("POST", "/backends", {"provider": "ec2", "region": "ec2_us_east", "settings": right})
    assert again["error"]["code"] == "already_exists"
    plain = {"docker_host": "127.0.0.1", "docker_port": engine.tcp_port}
    basic = {"auth_user": "somebody", "auth_password": TEXTS["basic password"]}
    made = _added(talk, "containers", {"provider": "docker", "settings": {**plain, **basic}})
    refused = {**plain, "docker_port": echo, "auth_user": "u", "auth_password": TEXTS["echoed password"]}
    talk.ask("POST", "/backends", {"provider": "docker", "settings": refused})
    talk.ask("PUT", f"/backends/{made['id']}/credentials", {"settings": refused})
    tls = {"ca_file": engine.ca_pem, "cert_file": engine.client.certificate, "key_file": engine.client.private}
    secured = {"docker_host": "127.0.0.1", "docker_port": engine.tls_port, **tls}
    _added(talk, "secured", {"provider": "docker", "settings": secured})
    talk.ask("POST", "/backends", {"provider": "docker", "settings": {**secured, "cert_file": engine.ca_pem}})


def servers(talk: Talk, settings: dict[str, Any], jump: Any) -> None:
    through = {"host": jump.host, "port": jump.port, "user": jump.user, "key": "jump"}
    body = {"provider": "bare_metal", "settings": {**settings, "machine_key": "lab"}, "jump_host": through}
    _added(talk, "server", body)
    talk.ask("POST", "/backends", {**body, "settings": {**settings, "machine_key": "made", "machine_user": "nobody"}})


def machines(talk: Talk, image: str) -> None:
    server = eventually(lambda: talk.ask("GET", "/machines?refresh=true&search=127.0.0.1")["items"], 30)[0]["id"]
    asked = {
        "backend": "containers", "name": "made", "image": image, "key": "lab", "wait": "ssh",
        "script": f"echo fine # {TEXTS['creating script']}", "extra": {"environment": [f"A={TEXTS['environment']}"]},
    }  # fmt: skip
    made = talk.ended(talk.ask("POST", "/machines", asked))
    assert made["state"] == "succeeded", made
    guest = {"backend": "cloud", "name": "guest", "image": "none", "size": "t3.micro", "user_data": TEXTS["user data"]}
    talk.ended(talk.ask("POST", "/machines", guest))
    script = f"#!/bin/sh\necho canary-command-shown # {TEXTS['script']}\n"
    machine = made["result"]["machine_id"]
    run = talk.ended(talk.ask("POST", "/runs", {"script": script, "machines": [server, machine], "timeout_s": 30}))
    assert {item["machine_name"]: item["error"] for item in run["items"]} == dict.fromkeys(("127.0.0.1", "made"))
    typed = {"purpose": "command", "command": "cat >/dev/null; echo done"}
    talk.ask("POST", f"/machines/{machine}/tickets", typed, shows="ticket")
    asyncio.run(_spend(talk.service, talk.secrets[f"ticket of /machines/{machine}/tickets"][0].decode()))
    talk.ask("POST", f"/machines/{machine}/tickets", {"purpose": "terminal"}, shows="ticket")
    talk.ended(talk.ask("POST", f"/machines/{machine}/actions", {"action": "destroy"}))


def commands(talk: Talk, folder: Path) -> None:
    """The command line, which keeps a token of its own."""
    (folder / "given").write_text(TEXTS["file"])
    talk.mist("--debug", "list-machines")
    talk.mist("--debug", "ssh", "127.0.0.1", "--", "cat > /dev/null", stdin=TEXTS["typed"])
    talk.mist("--debug", "cp", str(folder / "given"), "127.0.0.1:/tmp/mist-canary")
    talk.mist("--debug", "cp", "127.0.0.1:/tmp/mist-canary", str(folder / "back"))
    talk.mist("ssh", "127.0.0.1", "--", "rm /tmp/mist-canary")
    assert (folder / "back").read_text() == TEXTS["file"]
    secret = folder / "script"
    secret.write_text(f"#!/bin/sh\ntrue # {TEXTS['script']}\n")
    talk.mist("--debug", "run", "--machine", "127.0.0.1", "--script", str(secret))


def everything(talk: Talk) -> None:
    for noun in ("users", "tokens", "backends", "keys", "machines", "jobs", "events", "providers", "me"):
        talk.ask("GET", f"/{noun}" if noun in ("providers", "me") else f"/{noun}?limit=1000")
    with urllib.request.urlopen(f"{talk.service.uri}/metrics", timeout=30) as answer:
        talk.told.append(answer.read().decode())


def test_the_password_of_a_database_that_does_not_answer_is_not_told(tmp_path: Path) -> None:
    url = f"postgresql://mist:{TEXTS['password']}@127.0.0.1:1/mist"
    service = Service(tmp_path / "data", env={"MIST_DATABASE_URL": url, "MIST_LOG_LEVEL": "debug"}).start(wait=False)
    assert service.process is not None
    code = service.process.wait(60)

    assert code == 1
    assert TEXTS["password"] not in service.log.read_text()
    assert "Traceback" not in service.log.read_text()


def _added(talk: Talk, name: str, body: dict[str, Any]) -> Any:
    made = talk.ask("POST", "/backends", {"name": name, **body})
    assert "id" in made, made
    return made


def _locked() -> str:
    lock = serialization.BestAvailableEncryption(TEXTS["passphrase"].encode())
    form = serialization.PrivateFormat.OpenSSH
    return Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, form, lock).decode()


async def _spend(service: Service, ticket: str) -> None:
    from websockets.asyncio.client import connect

    async with connect(f"ws://127.0.0.1:{service.port}/api/v1/channel?ticket={ticket}") as socket:
        await socket.send(b"\0" + TEXTS["typed"].encode())
        await socket.send(b'\3{"eof":true}')
        frames = [frame async for frame in socket]
    assert any(b"done" in frame for frame in frames if isinstance(frame, bytes)), frames

"""The command line in clumsy and hostile hands: one sentence each, the right exit code, and nothing done."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.acceptance.arrange import arrange
from tests.acceptance.world import Result, World
from tests.lab.faults import web_page
from tests.lab.hostile_docker import hostile_docker
from tests.support import hostile

WRONG = "canary-wrong-secret-19ce"
NAMES = [*hostile.EVERY, "two words "]


@pytest.fixture(scope="module")
def world(bare_world: World) -> World:
    """Arranged once: nothing here is meant to change anything."""
    arrange(bare_world)
    return bare_world


def mist(world: World, *words: str, stdin: str = "") -> Result:
    """One call; whatever happens, nothing reaches the terminal that it would obey, and no fault and no secret."""
    result = world.mist(shlex.join(("mist", *words)), stdin=stdin)
    for text in (result.out, result.err):
        assert hostile.obeyed(text) == set()
        assert "A fault in the mist command" not in text
        assert WRONG not in text
    return result


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that are not what they should be."""
    folder = tmp_path_factory.mktemp("files")
    lock = serialization.BestAvailableEncryption(b"the right one")
    private = Ed25519PrivateKey.generate()
    (folder / "locked").write_bytes(
        private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, lock)
    )
    (folder / "public").write_bytes(
        private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    )
    (folder / "bytes").write_bytes(bytes(range(256)))
    (folder / "empty").touch()
    (folder / "wrong").write_text(WRONG)
    return folder


CASES = [
    ("add-key --name k --key-path FILES/public", 1, "This is a public key; the private half is needed."),
    ("add-key --name k --key-path FILES/bytes", 2, "is not a private key in PEM or OpenSSH format"),
    ("add-key --name k --key-path FILES/empty", 1, "not a private key that can be read"),
    ("add-key --name k --key-path FILES/absent", 1, "No such file or directory"),
    ("add-key --name k --key-path FILES", 1, "Is a directory"),
    ("add-key --name k --key-path FILES/locked", 1, "This key is protected: give its passphrase."),
    ("add-key --name k --key-path FILES/locked --passphrase-file FILES/wrong", 1, "does not open this key"),
    ("add-key --name k --key-path FILES/locked --passphrase-file FILES/bytes", 2, "is not a text file in UTF-8"),
    ("add-key --name k", 2, "Give one of --key-path, --auto-generate."),
    ("add-key --name Dummy --auto-generate", 1, "a key called 'Dummy' already; choose another name"),
    ("add-backend --provider nothing", 2, "There is no provider 'nothing'; there are bare_metal"),
    ("add-backend --provider ec2 --region mars --ec2-api-key a --ec2-api-secret b", 1, "EC2 has no region 'mars'"),
    ("add-backend --provider docker --docker-host 127.0.0.1 --docker-port x", 1, "'x' is not"),
    ("add-backend --provider docker --docker-host 127.0.0.1 --docker-port 1", 1, "refused the connection"),
    ("add-backend --provider bare_metal --bare-hostname '$(x)' --bare-ssh-key-id MyKey", 1, "'$(x)' is neither"),
    ("add-user --email nobody --role viewer --password-file FILES/wrong", 1, "is not an email address"),
    ("create-token --name t --scope god", 2, "invalid choice: 'god'"),
    ("create-machine --backend Docker --name 'two words' --image x", 1, "does not take the name 'two words'"),
    ("create-machine --backend Docker --name web --image x --quantity 0", 2, "'0' is not a whole number above 0"),
    ("create-machine --backend Docker --name web --image 'NO $(x)'", 4, "invalid reference format"),
    ("describe-machine -x", 2, "goes after a bare --"),
    ("describe-machine no-such-machine", 1, "Could not find machine: no-such-machine."),
    ("tag atlanta --new-tag a,b", 1, "give each tag by itself"),
    ("start atlanta", 1, "'atlanta' is running, so it cannot be told to start; possible now: stop"),
    ("delete-key Paris --yes", 1, "Nothing was done; say which by its id."),
    ("run --command '' --all", 1, "The command is empty."),
    ("run --command x --machine atlanta --user '$(x)'", 1, "'$(x)' cannot be a user name"),
    ("run --script FILES/bytes --machine atlanta", 2, "is not a text file in UTF-8"),
    ("cp FILES/absent atlanta:/x", 1, "No such file or directory"),
    ("cp FILES atlanta:/x", 2, "is a directory; -r copies it"),
    ("cp atlanta:/absent FILES/here", 1, "/absent on atlanta cannot be copied"),
    ("cp a b", 2, "One side has to be on a machine: MACHINE:PATH."),
    ("wait-job 0", 1, "There is no job with the id '0'."),
    ("list-machines --columns bogus", 2, "There is no column 'bogus'; there are "),
]


@pytest.mark.parametrize(("line", "code", "says"), CASES, ids=[line for line, _, _ in CASES])
def test_a_line_that_cannot_be(world: World, files: Path, line: str, code: int, says: str) -> None:
    result = mist(world, *shlex.split(line.replace("FILES", str(files))))

    assert (result.code, result.out) == (code, ""), result
    assert says in result.err
    assert len([text for text in result.err.splitlines() if text.startswith("Error: ")]) == 1


@pytest.mark.parametrize("action", ["stop", "start", "destroy"])
def test_what_matches_more_than_one_is_listed_and_left(world: World, action: str) -> None:
    before = json.loads(mist(world, "list-machines", "-o", "json").out)

    refused = mist(world, action, "db", *(["--yes"] if action == "destroy" else []))

    assert refused.code == 1
    for machine in before:
        if "db" in machine["name"].lower():
            assert f"{machine['name']} (id {machine['id']} in {machine['backend_name']})" in refused.err
    after = json.loads(mist(world, "list-machines", "-o", "json").out)
    assert [(one["id"], one["state"]) for one in after] == [(one["id"], one["state"]) for one in before]


def test_credentials_and_tokens_that_are_wrong(world: World, tmp_path: Path) -> None:
    argv = ["--ec2-api-key", world.ec2.api_key, "--ec2-api-secret", WRONG]
    refused = mist(world, "add-backend", "--provider", "ec2", "--region", "ec2_us_east_2", *argv)
    right = world.env
    told = []
    for env in ({"MIST_TOKEN": f"{WRONG}\n"}, {"MIST_TOKEN": "mist_none"}, {"MIST_PASSWORD": WRONG}):
        world.env = {"HOME": str(tmp_path), **env}
        told.append(mist(world, "list-keys"))
    world.env = right

    assert refused.code == 1
    assert [result.code for result in told] == [3, 3, 3]
    assert "The email or the password is wrong." in told[2].err


def test_addresses_where_no_service_is(world: World) -> None:
    with web_page() as page:
        told = [
            mist(world, "--mist-uri", uri, "list-keys")
            for uri in (
                "http://127.0.0.1:1", f"http://127.0.0.1:{page}", "a b \x1b[31m",
                world.service.uri.replace("http:", "https:"),
            )
        ]  # fmt: skip

    assert [result.code for result in told] == [1, 1, 1, 1]
    for says, result in zip(("mist serve", "Mist service?", "looks like", "does not speak TLS"), told, strict=True):
        assert says in result.err


@pytest.fixture
def cloud(world: World) -> Iterator[str]:
    """A backend behind which everything has a hostile name."""
    token = world.service.sign_in()
    with hostile_docker(NAMES) as port:
        body = {"provider": "docker", "name": "hostile", "settings": {"docker_host": "127.0.0.1", "docker_port": port}}
        status, made = world.service.request("POST", "/backends", body, token)
        assert status == 201, made
        world.service.request("GET", "/machines?refresh=true", token=token)
        try:
            yield "hostile"
        finally:
            world.service.request("DELETE", f"/backends/{made['id']}", token=token)


def test_hostile_names_in_every_listing(world: World, cloud: str) -> None:
    listed = json.loads(mist(world, "list-machines", "--backend", cloud, "-o", "json").out)
    rows = list(csv.reader(io.StringIO(mist(world, "list-machines", "--backend", cloud, "-o", "csv").out)))
    plain = mist(world, "list-machines", "--backend", cloud)
    table = mist(world, "list-machines", "--backend", cloud, "--pretty")
    for line in ("list-machines --backend hostile -o yaml", "list-images --backend hostile --pretty", "list-events"):
        assert mist(world, *line.split()).code == 0
    mist(world, "list-networks", "--backend", cloud, "-o", "csv")

    names = {machine["name"] for machine in listed}
    assert len(listed) == len(NAMES)
    assert {hostile.HIDDEN[0], "two words", "-rf"} <= names
    assert len(rows) == len(plain.out.splitlines()) + 1 == len(NAMES) + 1
    assert len(table.rows) == len(NAMES) + 1
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))] == []


def test_hostile_machines_are_only_names(world: World, cloud: str) -> None:
    for name in (hostile.HIDDEN[0], "two words", "it's", "%s%n%2f"):
        stopped = mist(world, "stop", "--name", name)
        assert stopped.code == 4, stopped
        assert "Docker refused to stop" in stopped.err
    ran = mist(world, "run", "--command", "true", "--machine", hostile.HIDDEN[0])
    dashed = mist(world, "describe-machine", "--", "-rf")

    assert (ran.code, dashed.code) == (4, 0)
    assert "FAILED in machine: \\x1b[2J\\x1b[31mred" in ran.out
    assert not hostile.CANARY.exists()


def test_files_and_commands_with_hostile_names(world: World, tmp_path: Path) -> None:
    hostile.CANARY.unlink(missing_ok=True)
    words = [name for name in hostile.EVERY if "\0" not in name]
    ran = mist(world, "run", "--command", f"printf '%s\\n' {shlex.join(words)}", "--machine", "atlanta", "-o", "json")
    assert json.loads(ran.out)["items"][0]["stdout"] == "".join(f"{word}\n" for word in words)

    for name in ("$(id)", "it's `id`", "-rf", "\x1b[2J", "two\nlines"):
        near, back = tmp_path / name, tmp_path / "back"
        near.write_text(name)
        assert mist(world, "cp", str(near), f"atlanta:/tmp/{name}").code == 0
        assert mist(world, "cp", f"atlanta:/tmp/{name}", str(back)).code == 0
        assert back.read_text() == name
    with contextlib.suppress(FileNotFoundError):
        (tmp_path / "back").unlink()
    assert not hostile.CANARY.exists()

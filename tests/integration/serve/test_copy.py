"""`mist cp` with a running service: single files and whole directories, over SSH and through a provider."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistcli.main import main
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.lab.waiting import eventually
from tests.support.service import Service

BIG = bytes(range(256)) * 90_000  # more than a channel's input may have for a command


@pytest.fixture(scope="module")
def server(lab_key: KeyPair) -> Iterator[Sshd]:
    with sshd(key=lab_key) as running:
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, server: Sshd, lab_key: KeyPair) -> Iterator[Service]:
    """It manages an SSH server, "far", and by itself the host that it runs on, "near"."""
    running = Service(tmp_path_factory.mktemp("copy") / "data", flags=("--manage-this-host",)).start()
    try:
        token = running.sign_in()
        running.request("POST", "/keys", {"name": "lab", "private": lab_key.private}, token)
        far = {
            "machine_ip": server.host,
            "machine_port": server.port,
            "machine_user": server.user,
            "machine_key": "lab",
        }
        body = {"provider": "bare_metal", "name": "far", "settings": far}
        status, told = running.request("POST", "/backends", body, token)
        assert status == 201, told
        yield running
    finally:
        running.stop()


@pytest.fixture(params=["far", "near"])
def machine(request: pytest.FixtureRequest, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    token = service.sign_in()
    monkeypatch.setenv("MIST_URI", service.uri)
    monkeypatch.setenv("MIST_TOKEN", token)
    monkeypatch.setenv("HOME", str(tmp_path))
    provider = {"far": "bare_metal", "near": "localhost"}[request.param]
    return eventually(lambda: found(service, token, provider))[0]


def found(service: Service, token: str, provider: str) -> list[str]:
    _, answer = service.request("GET", "/machines?refresh=true", token=token)
    return [item["id"] for item in answer["items"] if item["provider"] == provider]


@pytest.fixture
def drop() -> Iterator[Path]:
    """A folder on the machine, which is this one, that every user may write to."""
    folder = Path(tempfile.mkdtemp(prefix="mist-drop-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory with what directories have."""
    folder = tmp_path / "site"
    (folder / "a b/empty").mkdir(parents=True)
    (folder / "index.html").write_text("hi\n")
    (folder / "big").write_bytes(BIG)
    (folder / "a b/run.sh").write_text("#!/bin/sh\n")
    (folder / "a b/run.sh").chmod(0o755)
    (folder / "a b/here").symlink_to("../index.html")
    (folder / "é $(id) 'x'").write_text("odd\n")
    os.mkfifo(folder / "pipe")
    return folder


def tree(folder: Path) -> dict[str, object]:
    """Each path with its content: a file's mode and bytes, a link's target, None for a directory."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = path.readlink()
        elif path.is_file():
            found[name] = stat.S_IMODE(path.stat().st_mode) & 0o700, path.read_bytes()
        elif path.is_dir():
            found[name] = None
    return found


def test_a_directory_goes_there_and_comes_back(machine: str, drop: Path, site: Path, tmp_path: Path) -> None:
    assert main(["cp", "-r", str(site), f"{machine}:{drop}/"]) == 0
    assert tree(drop) == {"site": None, **{f"site/{name}": what for name, what in tree(site).items()}}

    assert main(["cp", "-r", f"{machine}:{drop}/site", str(tmp_path / "back")]) == 0
    assert tree(tmp_path / "back") == tree(site)


def test_what_stands_there_already_stays(machine: str, drop: Path, site: Path, tmp_path: Path) -> None:
    main(["cp", "-r", str(site), f"{machine}:{drop}/www"])
    (site / "big").unlink()
    (site / "index.html").write_text("new\n")

    assert main(["cp", "-r", str(site), f"{machine}:{drop}/www"]) == 0

    assert (drop / "www/index.html").read_text() == "new\n"
    assert (drop / "www/big").read_bytes() == BIG
    assert [path.name for path in drop.iterdir()] == ["www"]


def test_a_file_may_be_copied_with_r_too(machine: str, drop: Path, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1\n")

    assert main(["cp", "-r", str(tmp_path / "one"), f"{machine}:{drop}/one"]) == 0
    assert main(["cp", "-r", f"{machine}:{drop}/one", str(tmp_path / "two")]) == 0

    assert (tmp_path / "two").read_text() == "1\n"


def test_a_directory_without_r_is_refused(
    machine: str, drop: Path, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (drop / "there").mkdir()
    (drop / "there").chmod(0o755)

    with pytest.raises(SystemExit) as ended:
        main(["cp", str(site), f"{machine}:{drop}/"])
    down = main(["cp", f"{machine}:{drop}/there", str(tmp_path / "x")])

    assert (ended.value.code, down) == (2, 1)
    assert "-r copies it" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("words", [["{m}:{drop}/none", "{here}/x"], ["{here}/site", "{m}:{drop}/none/site"]])
def test_what_cannot_be_copied_is_said(
    words: list[str], machine: str, drop: Path, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["cp", "-r", *(word.format(m=machine, drop=drop, here=tmp_path) for word in words)])

    told = capsys.readouterr()
    assert (code, told.out) == (1, "")
    assert told.err.count("\n") == 1
    assert f"{drop}/none" in told.err
    assert list(drop.iterdir()) == []

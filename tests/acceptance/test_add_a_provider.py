"""Who follows the page on adding a provider, file by file and command by command, ends with one that works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.documents import ROOT, Session, blocks
from tests.lab.stand_in import Reply, Request, StandIn, page_of, route
from tests.support.service import EMAIL, PASSWORD, Service

PAGE = "docs/howto/add-a-provider.md"
FILE = re.compile(r"^```\w+ title=\"(mist-acme/[\w./-]+)\"$\n(.*?)^```$", re.M | re.S)
TOKEN = "acme-secret-token"
# pip as the page has it, but with nothing from a network and into a folder of its own
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
BROKEN = {
    "bad-import": ("bad_import:Bad", "import does_not_exist_anywhere\n"),
    "bad-end": ("bad_end:Bad", "raise SystemExit('the end')\n"),
    "bad-class": ("bad_class:Bad", "class Bad:\n    id = 'bad_class'\n"),
}


class Acme(StandIn):
    """The API that the page speaks of, one machine a page."""

    def __init__(self) -> None:
        super().__init__()
        self.machines = {
            "a1": {"id": "a1", "name": "web-1", "power": "on", "addresses": ["192.0.2.11"]},
            "a2": {"id": "a2", "name": "db-1", "power": "off", "addresses": []},
        }

    def authorize(self, request: Request) -> Reply | None:
        if request.headers.get("authorization") == f"Bearer {TOKEN}" and request.headers["acme-project"] == "default":
            return None
        return Reply(401, {"error": "unauthorized", "message": "no such token"})

    @route("GET", "/v1/machines")
    def list_machines(self, request: Request) -> dict[str, object]:
        items, pages = page_of(list(self.machines.values()), int(request.query.get("page", "1")), 1)
        return {"machines": items, "pages": pages}

    @route("POST", "/v1/machines/{id}/start")
    def start(self, request: Request) -> None:
        self.machines[request.ids["id"]]["power"] = "on"


@dataclass
class Site:
    """What the reader has: a folder, a place for packages, a cloud, and a service that is not started yet."""

    folder: Path
    packages: Path
    acme: Acme
    service: Service

    def type(self, command: str, **more: str) -> tuple[int, str]:
        """A command in the reader's folder: exit code, and what came on both streams."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MIST_", "PIP_"))}
        path = f"{Path(sys.executable).parent}:{kept['PATH']}"
        own = {"PATH": path, "HOME": str(self.folder), "MIST_URI": self.service.uri}
        ended = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=180, check=False,
            env={**kept, **own, "MIST_EMAIL": EMAIL, "MIST_PASSWORD": PASSWORD, **more},
        )  # fmt: skip
        return ended.returncode, ended.stdout


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    packages = tmp_path / "packages"
    packages.mkdir()
    with Acme() as acme:
        service = Service(tmp_path / "data", env={"PYTHONPATH": str(packages)})
        yield Site(tmp_path, packages, acme, service)
        if service.process is not None:
            service.stop()


def test_the_page_leads_to_a_provider_that_works(site: Site) -> None:
    files = dict(FILE.findall((ROOT / PAGE).read_text()))
    for name, text in files.items():
        (site.folder / name).parent.mkdir(exist_ok=True)
        (site.folder / name).write_text(text)
    (site.folder / "token.txt").write_text(TOKEN + "\n")
    shown = [block for block in blocks(PAGE) if block.kind in ("sh", "console")]
    install, use = shown
    assert (set(files), install.kind, use.kind) == (
        {"mist-acme/pyproject.toml", "mist-acme/mist_acme.py"},
        "sh",
        "console",
    )

    code, told = site.type(install.text, PIP_TARGET=str(site.packages), **OFFLINE)
    assert code == 0, told
    site.service.start()
    session = Session({"https://acme.example": site.acme.url})
    for command, lines in use.commands():
        code, told = site.type(session.here(command))
        assert code == 0, told
        assert session.difference(lines, told) == "", command

    assert site.acme.machines["a2"]["power"] == "on"
    listed = site.type("mist list-providers -o csv --columns provider,state,capabilities")[1].splitlines()
    assert listed[-1] == 'acme,live,"list-machines,start,stop,endpoint"'
    code, told = site.type("mist reboot web-1")
    assert (code, told) == (1, "Error: Acme Cloud cannot reboot machines.\n")
    code, told = site.type("mist add-backend --provider acme --acme-token wrong --endpoint " + site.acme.url)
    assert code == 1
    assert "no such token" in told


def test_packages_that_are_broken_are_named_and_disturb_nothing(site: Site) -> None:
    for package, (value, source) in BROKEN.items():
        _install(site.packages, package, f"{package.replace('-', '_')} = {value}")
        (site.packages / f"{package.replace('-', '_')}.py").write_text(source)
    _install(site.packages, "thief", "docker = bad_class:Bad")
    _install(site.packages, "nameless", "Not-An-Id = bad_class:Bad")

    site.service.start()
    status, answer = site.service.request("GET", "/providers", token=site.service.sign_in())
    code, told = site.type("mist list-providers")
    added = site.type("mist add-backend --provider bad_import")
    log = site.service.log.read_text()

    outside = {one["id"]: one for one in answer["items"] if one["package"]}
    assert (status, set(outside)) == (200, {"bad_import", "bad_end", "bad_class"})
    assert not any(one["available"] for one in outside.values())
    assert [one["title"] for one in answer["items"] if one["id"] == "docker"] == ["Docker"]
    assert code == 0
    for package, reason in (("bad-import", "does_not_exist_anywhere"), ("bad-end", "the end"), ("bad-class", "class")):
        assert re.search(rf"provider '\w+' of the package '{package}' cannot be loaded \(.*{reason}", told), told
    assert added[0] == 1
    assert "cannot be loaded" in added[1]
    assert "the package thief brings a provider 'docker', but there is one already" in log
    assert "the package nameless names a provider 'Not-An-Id'" in log


def _install(packages: Path, name: str, entry: str) -> None:
    """What pip leaves of a package, as far as its entry points go."""
    info = packages / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[mist.providers]\n{entry}\n")

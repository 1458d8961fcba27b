"""A command on fifty real SSH servers from the browser: output as it comes, failures apart, again where it failed."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.lab.sshd import Fleet, FleetHost, KeyPair, fleet
from tests.lab.waiting import eventually
from tests.support.browser import Console
from tests.support.service import Service

pytestmark = pytest.mark.full

HOSTS = 50
LONG_MS = 60_000


@pytest.fixture(scope="module")
def hosts(service: Service, lab_key: KeyPair) -> Iterator[Fleet]:
    """Fifty addresses, each a backend, all with the tag fleet."""
    token = service.sign_in()

    def ask(method: str, path: str, body: object = None) -> object:
        status, answer = service.request(method, path, body, token)
        assert status < 300, answer
        return answer

    def add(host: FleetHost) -> None:
        settings = {"machine_ip": host.host, "machine_port": host.port, "machine_user": running.user}
        ask("POST", "/backends", {"name": host.host, "provider": "bare_metal", "settings": settings})

    def machines() -> list[str]:
        items = service.request("GET", "/machines?limit=1000", token=token)[1]["items"]
        return [item["id"] for item in items if item["backend_name"].startswith("127.77.")]

    with fleet(HOSTS, own_keys=False, key=lab_key) as running, ThreadPoolExecutor(8) as pool:
        ask("POST", "/keys", {"name": "lab", "private": lab_key.private})
        list(pool.map(add, running.hosts))
        eventually(lambda: len(machines()) == HOSTS)
        list(pool.map(lambda id: ask("PUT", f"/machines/{id}/tags/fleet"), machines()))
        yield running


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the hosts' user may write to: they all run on this machine."""
    with tempfile.TemporaryDirectory(prefix="mrun") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def run_on_fleet(page: Page, command: str) -> None:
    page.get_by_role("textbox", name="Command").fill(command)
    page.get_by_role("radio", name="All with a tag").check()
    page.get_by_role("combobox", name="Tag").select_option("fleet")
    page.get_by_role("button", name=f"Run on {HOSTS} machines").click()
    expect(page).to_have_url(re.compile(r"/run/\w+"))


def done(page: Page, words: str) -> None:
    expect(page.get_by_role("status").filter(has_text=re.compile(f"^{words}$"))).to_be_visible(timeout=LONG_MS)


def rows(page: Page) -> list[str]:
    found: list[str] = page.get_by_role("main").locator("li button[aria-expanded]").all_inner_texts()
    return found


def test_a_run_with_failures_is_run_again_where_it_failed(console: Console, hosts: Fleet, place: Path) -> None:
    once = f'd={place}/$(echo "$SSH_CONNECTION" | cut -d" " -f3)'
    fail = 'case $d in *7) [ -e "$d" ] || { touch "$d"; echo "no space left" >&2; exit 3; };; esac'
    page = console.open("/run")
    console.settle()
    assert console.accessibility() == []
    run_on_fleet(page, f"{once}; {fail}; printf '\\033[32mall well\\033[0m\\n'")

    done(page, "45 succeeded, 5 failed")
    console.settle()
    assert console.accessibility() == []
    assert len(rows(page)) == HOSTS
    page.get_by_role("button", name="Failed 5").click()
    expect(page).to_have_url(re.compile("show=failed"))
    failed = rows(page)
    assert len(failed) == 5
    assert [row for row in failed if "exit 3" not in row or "no space left" not in row] == []
    page.get_by_role("button", name=re.compile("^All")).click()
    page.get_by_role("checkbox", name="Group equal outputs").check()
    assert [row.split("\n")[0] for row in rows(page)] == ["5 machines", "45 machines"]
    page.get_by_role("button", name="45 machines").click()
    expect(page.get_by_role("region", name="Output of").locator("pre")).to_have_text("all well\n")
    console.shot("run-grouped")

    page.get_by_role("button", name="Run again on 5 machines").click()

    expect(page.get_by_text("again where it failed")).to_be_visible()
    done(page, "5 succeeded")
    assert len(rows(page)) == 5


def test_output_is_shown_while_it_comes(console: Console, hosts: Fleet, place: Path) -> None:
    go = place / "go"
    page = console.open("/run")
    run_on_fleet(page, f"echo begun; while [ ! -e {go} ]; do sleep 0.1; done; echo over")

    first = page.get_by_role("main").locator("li").first
    line = first.locator("button[aria-expanded]")
    expect(line).to_contain_text("begun", timeout=LONG_MS)
    line.click()
    expect(first.locator("pre")).to_have_text("begun\n")
    expect(line).to_contain_text("running")
    console.shot("run-live")
    go.touch()

    done(page, f"{HOSTS} succeeded")
    expect(first.locator("pre")).to_have_text("begun\nover\n")


def test_a_long_output_is_cut_and_says_so(console: Console, hosts: Fleet) -> None:
    page = console.open("/machines?q=tag:fleet")
    page.get_by_role("row").filter(has_text=hosts.hosts[0].host).first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Run a command").click()
    expect(page.get_by_role("radio", name="1 chosen machine")).to_be_checked()
    page.get_by_role("textbox", name="Command").fill("seq 1 300000")
    page.keyboard.press("Control+Enter")

    done(page, "1 succeeded")
    expect(page.get_by_text("of the output were not kept by the service.")).to_be_visible()
    expect(page.get_by_text("characters are not shown here.")).to_be_visible()
    text = page.get_by_role("region", name="Output of").locator("pre").inner_text()
    assert 100_000 < len(text) <= 120_000


def test_a_run_is_cancelled(console: Console, hosts: Fleet) -> None:
    page = console.open("/run")
    run_on_fleet(page, "exec sleep 600")
    expect(page.get_by_role("button", name=re.compile("^Running [1-9]"))).to_be_visible(timeout=LONG_MS)
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()

    expect(page.get_by_role("main").get_by_text("cancelled", exact=True).first).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("button", name=f"Run again on {HOSTS} machines")).to_be_visible(timeout=LONG_MS)


def test_on_a_phone_rows_have_two_lines(phone: Console, hosts: Fleet) -> None:
    page = phone.open("/jobs?kind=run")
    page.get_by_role("row").filter(has_text="50 machines, 5 failed").click()
    done(page, "45 succeeded, 5 failed")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.accessibility() == []
    phone.shot("run-phone")

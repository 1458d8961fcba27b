"""Several clouds behind one real service: what they offer compared, machines in one order, and failures that show."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.lab.clouds.digitalocean import TOKEN, DigitalOceanCloud
from tests.lab.stand_in import Reply
from tests.lab.waiting import eventually
from tests.support.service import Service

DROPLETS, SIZES = r"/v2/droplets", r"/v2/sizes"
FAULT = Reply(500, {"id": "server_error", "message": "Unexpected server-side error"})
LOCKED = Reply(401, {"id": "Unauthorized", "message": "Unable to authenticate you"})
# the loop turns so often that a row of failures comes at once
TIMES = {"MIST_INVENTORY_INTERVAL_S": "0.2", "MIST_PROVIDER_TIMEOUT_S": "5", "MIST_INVENTORY_FRESH_S": "0"}


@dataclass(frozen=True)
class Site:
    """A service with two backends, `east` and `west`."""

    service: Service
    token: str
    clouds: dict[str, DigitalOceanCloud]
    ids: dict[str, str]

    def get(self, path: str) -> Any:
        status, answer = self.service.request("GET", path, token=self.token)
        assert status == 200, answer
        return answer

    def trouble(self, name: str) -> Any:
        return self.get(f"/backends/{self.ids[name]}")["trouble"]

    def mist(self, *argv: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from mistcli.main import main; sys.exit(main())"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MIST_")}
        own = {"HOME": str(self.service.data_dir.parent), "MIST_URI": self.service.uri, "MIST_TOKEN": self.token}
        return subprocess.run(
            [sys.executable, "-c", program, *argv], env={**kept, **own}, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        clouds = {name: stack.enter_context(DigitalOceanCloud()) for name in ("east", "west")}
        service = Service(tmp_path / "data", env=TIMES).start()
        stack.callback(service.stop)
        token, ids = service.sign_in(), {}
        for name, cloud in clouds.items():
            body = {
                "provider": "digitalocean",
                "name": name,
                "endpoint": cloud.url,
                "settings": {"token": TOKEN},
            }
            status, answer = service.request("POST", "/backends", body, token)
            assert status == 201, answer
            ids[name] = answer["id"]
        yield Site(service, token, clouds, ids)


def test_sizes_of_all_backends_are_compared_and_a_failure_is_named(site: Site) -> None:
    with site.clouds["west"].refusing("GET", SIZES, FAULT):
        partial = site.mist("list-sizes", "--all", "--sort", "price", "-o", "json")
    whole = site.mist("list-sizes", "--all", "--sort", "price:desc", "--columns", "id,backend_name,price", "-o", "csv")

    sizes = json.loads(partial.stdout)
    assert (partial.returncode, {size["backend_name"] for size in sizes}) == (0, {"east"})
    assert [size["price"] for size in sizes] == sorted(size["price"] for size in sizes)
    assert all(size["currency"] == "USD" and size["price_date"] for size in sizes)
    assert partial.stderr.startswith("Warning: west: ")
    assert partial.stderr.endswith("(it was never read)\n")
    rows = [line.split(",") for line in whole.stdout.splitlines()[1:]]
    prices = [float(price) for _, _, price in rows]
    assert prices == sorted(prices, reverse=True)
    assert {name for _, name, _ in rows} == {"east", "west"}


def test_what_was_read_last_is_shown_while_the_cloud_fails(site: Site) -> None:
    path = f"/backends/{site.ids['east']}/sizes"
    first = site.get(path)
    kept = site.get(path)
    with site.clouds["east"].refusing("GET", SIZES, FAULT):
        failed = site.get(f"{path}?refresh=true")
        told = site.mist("list-sizes", "--backend", "east", "--refresh")
    well = site.get(f"{path}?refresh=true")

    assert (kept["read_at"], kept["trouble"]) == (first["read_at"], None)
    assert (failed["items"], failed["read_at"]) == (first["items"], first["read_at"])
    assert failed["trouble"]["code"] == "provider_unreachable"
    assert told.returncode == 0
    assert "s-1vcpu-1gb" in told.stdout
    assert "its sizes are shown as of" in told.stderr
    assert well["read_at"] > first["read_at"]
    assert well["trouble"] is None


def test_a_cloud_that_keeps_failing_is_asked_less_often_until_it_answers(site: Site) -> None:
    cloud = site.clouds["west"]
    with cloud.refusing("GET", DROPLETS, FAULT):
        eventually(lambda: (site.trouble("west") or {}).get("failures", 0) >= 4)
        trouble = site.trouble("west")
        listed = site.mist("list-backends")
        machines = site.get("/machines?refresh=true")
    assert datetime.fromisoformat(trouble["next_try_at"]) > datetime.fromisoformat(trouble["at"])
    assert trouble["since"] < trouble["at"]
    assert "failures in a row; asked again at" in listed.stderr
    fares = {one["name"]: one["trouble"] and one["trouble"]["code"] for one in machines["backends"]}
    assert fares == {"east": None, "west": "provider_unreachable"}

    site.get("/machines?refresh=true")

    assert site.trouble("west") is None
    told = [event["kind"] for event in site.get("/events?limit=100")["items"] if event["subject_name"] == "west"]
    assert told.count("backend.failing") == told.count("backend.recovered") == 1


@pytest.mark.parametrize(
    ("reply", "code", "pause_s"),
    [
        (Reply(429, {"id": "too_many_requests", "message": "slow down"}, {"Retry-After": "120"}), "rate_limited", 120),
        (LOCKED, "auth_failed", 900),
    ],
)
def test_rate_limits_and_wrong_credentials_are_left_alone_at_once(
    site: Site, reply: Reply, code: str, pause_s: int
) -> None:
    with site.clouds["west"].refusing("GET", DROPLETS, reply):
        eventually(lambda: site.trouble("west") is not None)
        trouble, asked = site.trouble("west"), len(site.clouds["west"].asked("GET", DROPLETS))
        east = len(site.clouds["east"].asked("GET", DROPLETS))
        eventually(lambda: len(site.clouds["east"].asked("GET", DROPLETS)) >= east + 3)

        pause = datetime.fromisoformat(trouble["next_try_at"]) - datetime.fromisoformat(trouble["at"])
        assert (trouble["code"], trouble["failures"]) == (f"provider_{code}", 1)
        assert pause.total_seconds() == pause_s
        assert len(site.clouds["west"].asked("GET", DROPLETS)) == asked


def test_machines_of_all_backends_come_in_one_order_page_by_page(site: Site) -> None:
    for number, cloud in enumerate(site.clouds.values()):
        cloud.fill(5 + number)
    eventually(lambda: len(site.get("/machines?refresh=true")["items"]) == 11)

    whole = site.get("/machines?sort=backend:desc")["items"]
    pages, cursor = [], ""
    while cursor is not None:
        page = site.get(f"/machines?sort=backend:desc&limit=4{cursor and '&cursor=' + cursor}")
        pages += page["items"]
        cursor = page["next_cursor"]
    unknown = site.mist("list-machines", "--sort", "colour")

    assert [one["backend_name"] for one in whole] == ["west"] * 6 + ["east"] * 5
    assert [one["id"] for one in pages] == [one["id"] for one in whole]
    assert unknown.returncode == 1
    assert "There is no field 'colour' to sort by; there are name, state, backend" in unknown.stderr

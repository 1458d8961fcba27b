"""What becomes of a create's wishes, on the stand-in that refuses what the vendor's API does not have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote, unquote

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.proxmox import Proxmox
from mistserver.providers.proxmox.guests import described, mark_of, mark_tag
from tests.lab.clouds.proxmox import (
    ARCHIVE,
    BARE_TEMPLATE,
    CONTAINER_TEMPLATE,
    DISC,
    PASSWORD,
    TEMPLATE,
    TOKEN_ID,
    TOKEN_SECRET,
    USER,
    ProxmoxCloud,
    died,
)
from tests.lab.stand_in import Reply

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB+/w== me@host"


@pytest.fixture
def cloud() -> Iterator[ProxmoxCloud]:
    with ProxmoxCloud() as cloud:
        yield cloud


def opened(cloud: ProxmoxCloud, **given: Any) -> Proxmox:
    settings = Proxmox.read_settings({"host": "pve.example", **given})
    provider = Proxmox(Account(settings=settings, endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def provider(cloud: ProxmoxCloud) -> Iterator[Proxmox]:
    provider = opened(cloud, token_id=TOKEN_ID, token_secret=TOKEN_SECRET)
    yield provider
    provider.close()


def spec(**given: Any) -> MachineSpec:
    return MachineSpec(**{"name": "web", "mark": "Job7-0", "image": str(TEMPLATE), **given})


def test_a_clone_gets_key_size_networks_tags_and_disk(cloud: ProxmoxCloud, provider: Proxmox) -> None:
    wanted = spec(size="2-2048-40", public_key=KEY, tags=("blue",), networks=("vmbr1",), extra={"user": "admin"})
    machine = provider.create(wanted)
    guest = cloud.guests[int(machine.external_id)]
    assert unquote(guest["config"]["sshkeys"]) == KEY
    assert (guest["config"]["ciuser"], guest["config"]["ipconfig0"]) == ("admin", "ip=dhcp")
    assert guest["config"]["net0"] == "virtio,bridge=vmbr1"
    assert guest["grown"] == {"disk": "scsi0", "size": "40G"}
    assert guest["config"]["description"] == described("Job7-0")
    assert (machine.size, machine.tags, machine.mark) == ("2-2048", ("blue",), "Job7-0")
    assert machine.state is MachineState.RUNNING
    assert machine.public_ips == ("192.0.2.77", "2001:db8::77")
    assert machine.private_ips == ("10.0.0.77",)


def test_a_key_is_encoded_twice_on_the_wire(cloud: ProxmoxCloud, provider: Proxmox) -> None:
    provider.create(spec(public_key=KEY))
    bodies = [request.body.decode() for request in cloud.asked("PUT", ".*/config")]
    assert any(f"sshkeys={quote(quote(KEY, safe=''), safe='')}" in body for body in bodies)


def test_a_clone_to_another_node_says_so(cloud: ProxmoxCloud, provider: Proxmox) -> None:
    assert provider.create(spec(location="1")).location == "pve2"
    (asked,) = cloud.asked("POST", ".*/clone")
    assert asked.form["target"] == "pve2"


def test_a_container_comes_from_an_archive_in_one_call(cloud: ProxmoxCloud, provider: Proxmox) -> None:
    machine = provider.create(spec(image=ARCHIVE, size="1-512-8", public_key=KEY, tags=("blue",)))
    (asked,) = cloud.asked("POST", "/api2/json/nodes/pve1/lxc")
    assert asked.form["ssh-public-keys"] == KEY
    assert (asked.form["rootfs"], asked.form["net0"]) == (
        "local-lvm:8",
        "name=eth0,bridge=vmbr0,ip=dhcp,ip6=auto",
    )
    assert asked.form["description"] == described("Job7-0")
    assert (machine.state, machine.private_ips) == (MachineState.RUNNING, ("10.0.0.78",))


def test_a_disc_boots_an_empty_machine(cloud: ProxmoxCloud, provider: Proxmox) -> None:
    provider.create(spec(image=DISC, size="2-2048", location="pve2"))
    (asked,) = cloud.asked("POST", "/api2/json/nodes/pve2/qemu")
    assert (asked.form["ide2"], asked.form["scsi0"]) == (f"{DISC},media=cdrom", "local-lvm:20")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"image": str(BARE_TEMPLATE), "public_key": KEY}, "key"),
        ({"image": str(CONTAINER_TEMPLATE), "public_key": KEY}, "key"),
        ({"image": ARCHIVE, "location": "pve2"}, "location"),
        ({"location": "pve9"}, "location"),
    ],
)
def test_what_cannot_be_given_is_refused_before_anything_is_made(
    cloud: ProxmoxCloud, provider: Proxmox, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        provider.create(spec(**given))
    assert caught.value.facts["field"] == field
    assert len(cloud.guests) == 3


def test_images_that_are_not_there(provider: Proxmox) -> None:
    for image in ("77", "local:iso/nothing.iso"):
        with pytest.raises(errors.ProviderNotFound):
            provider.create(spec(image=image))


def test_a_number_that_somebody_else_took_is_not_touched(cloud: ProxmoxCloud, provider: Proxmox) -> None:
    """Between the answer to `nextid` and the clone, and between the clone's answer and the end of its task."""
    cloud._guest(100, "qemu", "theirs", {})
    upid = "UPID:pve1:00000001:00000001:65E00000:qmclone:100:mist@pve:"
    cloud.tasks[upid] = {"type": "qmclone", "work": lambda: None, "looks": 1, "end": {}}

    def taken() -> AbstractContextManager[None]:
        return cloud.refusing("GET", "/api2/json/cluster/nextid", Reply(200, {"data": "100"}))

    with taken(), pytest.raises(errors.ProviderRejected, match="Others took"):
        provider.create(spec())
    lost = cloud.refusing("POST", ".*/clone", Reply(200, {"data": upid}))
    with taken(), lost, pytest.raises(errors.MistError):
        provider.create(spec())
    assert cloud.guests[100]["config"] == {}
    assert cloud.guests[100]["status"] == "stopped"
    assert provider.create(spec()).external_id == "101"


def test_a_clone_that_broke_off_is_gone_on_with(cloud: ProxmoxCloud, provider: Proxmox) -> None:
    with (
        cloud.refusing("PUT", ".*/config", Reply(500, b"")),
        pytest.raises(errors.ProviderUnreachable),
    ):
        provider.create(spec(public_key=KEY, size="2-2048"))
    assert cloud.guests[100]["status"] == "stopped"
    found = provider.find_marked("Job7-0")
    assert found is not None
    assert (found.state, found.size) == (MachineState.RUNNING, "2-2048")
    assert unquote(cloud.guests[100]["config"]["sshkeys"]) == KEY
    assert provider.find_marked("Job7-1") is None


def test_a_clone_that_is_refused_its_wishes_is_taken_back(cloud: ProxmoxCloud, provider: Proxmox) -> None:
    with cloud.refusing("PUT", ".*/config", died("unable to apply")), pytest.raises(errors.ProviderRejected):
        provider.create(spec())
    provider._api.finished(list(cloud.tasks)[-1], 5)
    assert set(cloud.guests) == {TEMPLATE, CONTAINER_TEMPLATE, BARE_TEMPLATE}


def test_tags_that_change_under_our_hands_are_a_conflict(cloud: ProxmoxCloud, provider: Proxmox) -> None:
    machine = provider.create(spec())
    message = "detected modified configuration - file changed by other user? Try again."
    with cloud.refusing("PUT", ".*/config", died(message)), pytest.raises(errors.Conflict, match="try again"):
        provider.add_tag(machine.external_id, "blue")


def test_a_password_signs_in_and_writes_with_the_token_against_forgery(cloud: ProxmoxCloud) -> None:
    provider = opened(cloud, username=USER, password=PASSWORD)
    machine = provider.create(spec())
    provider.stop(machine.external_id)
    provider.close()
    with pytest.raises(errors.ProviderAuthFailed):
        opened(cloud, username=USER, password="wrong")


def test_a_second_factor_is_explained(cloud: ProxmoxCloud) -> None:
    told = {"data": {"ticket": "PVE:!tfa!", "CSRFPreventionToken": "x", "NeedTFA": 1}}
    with (
        cloud.refusing("POST", "/api2/json/access/ticket", Reply(200, told)),
        pytest.raises(errors.ProviderAuthFailed, match="API token"),
    ):
        opened(cloud, username=USER, password=PASSWORD)


def test_a_mark_survives_the_small_letters_of_tags() -> None:
    for mark in ("8tn5sE2ykrweXSnhFiEn39-0", "x", "Ü"):
        assert mark_tag(mark) == mark_tag(mark).lower()
        assert mark_of(mark_tag(mark)) == mark
    for odd in ("mist-mark.1", "mist-mark.aaaa1", "blue"):
        assert mark_of(odd) is None

"""The vSphere provider on the vendor's simulator, beyond what every provider owes."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineReading, MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.vsphere import Vsphere, catalog, create, soap
from tests.lab.vcenter import PASSWORD, TEMPLATE, USER, VCenter

Make = Callable[..., MachineReading]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB+/w== me@host"


def spec(**given: Any) -> MachineSpec:
    name = f"t-{secrets.token_hex(4)}"
    return MachineSpec(**{"name": name, "mark": secrets.token_hex(8), "image": TEMPLATE, **given})


@pytest.fixture
def provider(vcenter_simulator: VCenter) -> Iterator[Vsphere]:
    settings = Vsphere.read_settings({"host": "vcenter.example", "username": USER, "password": PASSWORD})
    provider = Vsphere(Account(settings=settings, endpoint=f"http://127.0.0.1:{vcenter_simulator.port}"))
    provider.open()
    yield provider
    provider.close()


@pytest.fixture
def make(provider: Vsphere) -> Iterator[Make]:
    made = []

    def create(**given: Any) -> MachineReading:
        machine = provider.create(spec(**given))
        made.append(machine.external_id)
        return machine

    yield create
    for id in made:
        provider.destroy(id)


def told(provider: Vsphere, machine: MachineReading, *paths: str) -> dict[str, Any]:
    api = provider._api
    return api.tell(api.object(soap.vim().VirtualMachine, machine.external_id), paths)


def options(provider: Vsphere, machine: MachineReading) -> dict[str, str]:
    return {each.key: each.value for each in told(provider, machine, "config.extraConfig")["config.extraConfig"]}


def test_key_and_user_data_stand_where_cloud_init_looks(provider: Vsphere, make: Make) -> None:
    machine = make(public_key=KEY, user_data="#cloud-config\n{}\n")
    found = options(provider, machine)
    meta = json.loads(base64.b64decode(found["guestinfo.metadata"]))
    assert (meta["public-keys-data"], meta["local-hostname"]) == (KEY, machine.name)
    assert base64.b64decode(found["guestinfo.userdata"]) == b"#cloud-config\n{}\n"
    assert found["guestinfo.userdata.encoding"] == "base64"
    assert not found.get(create.PLAN)
    assert machine.state is MachineState.RUNNING


def test_size_and_disk_are_as_asked(provider: Vsphere, make: Make) -> None:
    machine = make(size="2-2048-90")
    devices = told(provider, machine, "config.hardware.device")["config.hardware.device"]
    (disk,) = [each for each in devices if isinstance(each, soap.vim().vm.device.VirtualDisk)]
    assert (machine.size, disk.capacityInKB) == ("2-2048", 90 << 20)


def test_cards_join_networks_of_both_kinds(provider: Vsphere, make: Make) -> None:
    kinds = {each.extra["type"]: each for each in provider.list_networks()}
    plain, distributed = kinds["Network"], kinds["DistributedVirtualPortgroup"]
    machine = make(networks=(plain.name, distributed.id))
    devices = told(provider, machine, "config.hardware.device")["config.hardware.device"]
    first, second = [each for each in devices if isinstance(each, soap.vim().vm.device.VirtualEthernetCard)]
    assert first.backing.network._moId == plain.id
    assert second.backing.port.portgroupKey == distributed.id


def test_a_location_is_a_cluster_or_a_host(provider: Vsphere, make: Make) -> None:
    for location in provider.list_locations():
        assert make(location=location.name).location in {each.id for each in provider.list_locations()}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"networks": ("nowhere",)}, "networks"),
        ({"location": "nowhere"}, "location"),
        ({"extra": {"datastore": "nowhere"}}, "extra.datastore"),
        ({"extra": {"folder": "a/b"}}, "extra.folder"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_made(
    provider: Vsphere, given: dict[str, Any], field: str
) -> None:
    before = len(provider.list_machines())
    with pytest.raises(errors.InvalidInput) as caught:
        provider.create(spec(**given))
    assert caught.value.facts["field"] == field
    assert len(provider.list_machines()) == before


def test_an_unknown_template_is_not_found(provider: Vsphere) -> None:
    with pytest.raises(errors.ProviderNotFound, match="no template"):
        provider.create(spec(image="debian-99"))


def test_a_template_is_no_machine(provider: Vsphere) -> None:
    (template,) = provider.list_images()
    assert template.id not in {each.external_id for each in provider.list_machines()}
    assert provider.read_machine(template.id) is None
    provider.destroy(template.id)
    assert provider.list_images()


def test_a_name_that_is_taken_is_called_that(provider: Vsphere, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a vCenter tells it; the simulator makes a second machine of that name."""
    machine, before = make(), len(provider.list_machines())

    def refuse(source: Any, folder: Any, name: str, wanted: Any) -> None:
        raise errors.AlreadyExists("DuplicateName")

    monkeypatch.setattr(soap.vim().VirtualMachine, "CloneVM_Task", refuse)
    with pytest.raises(errors.AlreadyExists, match="has something called"):
        provider.create(spec(name=machine.name))
    again = MachineSpec(name=machine.name, mark=machine.mark or "", image=TEMPLATE)
    assert provider.create(again).external_id == machine.external_id
    assert len(provider.list_machines()) == before


def test_a_clone_that_broke_off_is_gone_on_with(provider: Vsphere) -> None:
    api, wanted = provider._api, spec(size="2-1024")
    source = catalog.template(api, TEMPLATE)
    folder, clone = create._clone(api, source, wanted)
    api.finished(source.CloneVM_Task(folder, wanted.name, clone), 20)
    found = provider.find_marked(wanted.mark)
    assert found is not None
    assert (found.name, found.size, found.mark) == (wanted.name, "2-1024", wanted.mark)
    assert found.state is MachineState.RUNNING
    provider.destroy(found.external_id)
    assert provider.find_marked(wanted.mark) is None


def test_a_suspended_machine_is_started(provider: Vsphere, make: Make) -> None:
    machine = make()
    found = provider._api.object(soap.vim().VirtualMachine, machine.external_id)
    provider._api.finished(found.SuspendVM_Task(), 20)
    assert provider.known(machine.external_id).state is MachineState.SUSPENDED
    provider.start(machine.external_id)
    assert provider.known(machine.external_id).state is MachineState.RUNNING


def test_a_stopped_machine_is_not_rebooted(provider: Vsphere, make: Make) -> None:
    machine = make()
    provider.stop(machine.external_id)
    with pytest.raises(errors.Conflict, match="start it instead"):
        provider.reboot(machine.external_id)

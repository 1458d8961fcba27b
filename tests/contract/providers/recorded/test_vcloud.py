"""What vCloud Directors once answered, read by the provider. Their links name another host, which nobody may ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.vcloud import VCloud
from mistserver.providers.vcloud.reading import from_records
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Answer, Reply, Request

NODE = "vapp-8c57a5b6-e61b-48ca-8a78-3b70ee65ef6a"
VDC = "3d9ae28c-1de9-4307-8107-9356ff8ba6d0"
SPACE = 'xmlns="http://www.vmware.com/vcloud/v1.5"'


class _Director(Recorded):
    """The recordings, and what they lack: the versions, a template, and an answer to a compose, which is as that to an
    instantiation. VMware's tools run nowhere, as only hard restarts were recorded."""

    version = "36.3"

    def __init__(self) -> None:
        super().__init__("test_vcloud", "VCloud_5_5_MockHttp", rename={'<VMWareTools version="8290"/>': ""})

    def handle(self, request: Request) -> Answer:
        if request.path == "/api/versions":
            told = f"<VersionInfo><Version>{self.version}</Version></VersionInfo>"
            return Reply(200, f"<SupportedVersions {SPACE}>{told}</SupportedVersions>")
        if request.path == "/api/vAppTemplate/vappTemplate-1":
            vm = '<Children><Vm name="golden" href="https://vm-vcloud/api/vAppTemplate/vm-1"/></Children>'
            return Reply(200, f"<VAppTemplate {SPACE}>{vm}</VAppTemplate>")
        if request.path.endswith("forbidden"):
            return Reply(403, self._mock.fixtures.load("api_vApp_vapp_access_to_resource_forbidden.xml"))
        return super().handle(replace(request, path=request.path.replace("composeVApp", "instantiateVAppTemplate")))


@pytest.fixture
def cloud() -> Iterator[_Director]:
    with _Director() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: _Director) -> Iterator[VCloud]:
    settings = VCloud.read_settings({"username": "u", "password": "p", "organization": "o", "host": "vm-vcloud"})
    provider = VCloud(Account(settings=settings, endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


def test_a_machine(cloud: _Director, provider: VCloud) -> None:
    machine = provider.read_machine(NODE)
    assert machine is not None
    assert (machine.external_id, machine.name, machine.state) == (NODE, "testNode", MachineState.RUNNING)
    assert (machine.public_ips, machine.size, machine.location) == (("65.41.67.2",), "2x4096", VDC)
    assert "sN#9QH9#" not in repr(machine)
    session = cloud.asked("POST", "/api/sessions")[0]
    assert session.headers["authorization"] == "Basic dUBvOnA="
    assert cloud.seen[-1].headers["x-vcloud-authorization"] == "testtoken"


def test_a_record_of_a_vm(provider: VCloud) -> None:
    (record,) = provider._api.query("vm", filter="(name==testVm2)")
    vapp = {"name": record["containerName"], "href": record["container"], "status": record["status"]}
    machine = from_records(vapp | {"vdc": record["vdc"]}, [record])
    assert (machine.external_id, machine.name) == ("vapp-8c57a5b6-e61b-48ca-8a78-3b70ee65ef6b", "testNode2")
    assert (machine.state, machine.size, machine.location) == (MachineState.STOPPED, "2x4096", VDC)


def test_places_and_networks(provider: VCloud) -> None:
    assert [(each.id, each.name) for each in provider.list_locations()] == [(VDC, "MyVdc")]
    (network,) = provider.list_networks()
    assert (network.id, network.name) == ("dca8b667-6c8f-4c3e-be57-7a9425dba4f4", "vCloud - Default")


def test_a_machine_is_composed(cloud: _Director, provider: VCloud) -> None:
    spec = MachineSpec(name="testNode", mark="m1", image="vappTemplate-1", networks=("vCloud - Default",))
    made = provider.create(spec)
    assert (made.external_id, made.name, made.state) == (NODE, "testNode", MachineState.PENDING)
    sent = cloud.asked("POST", f"/api/vdc/{VDC}/action/composeVApp")[0].body
    assert b'href="https://vm-vcloud/api/network/dca8b667-6c8f-4c3e-be57-7a9425dba4f4"' in sent


def test_power_and_end(cloud: _Director, provider: VCloud) -> None:
    provider.reboot(NODE)
    assert cloud.seen[-1].path.endswith("/power/action/reset")
    provider._api.send("POST", f"/api/vApp/{NODE}/power/action/powerOn", "Task")
    provider._undeploy("undeployPowerOffTest", "powerOff")
    provider.destroy(NODE)
    assert (cloud.seen[-1].method, cloud.seen[-1].query["force"]) == ("DELETE", "true")


def test_a_task_that_failed_at_once(provider: VCloud) -> None:
    with pytest.raises(errors.ProviderRejected, match="Error in powering off"):
        provider._undeploy("undeployErrorTest", "shutdown")


def test_what_is_forbidden_is_not_there(provider: VCloud) -> None:
    assert provider.read_machine("forbidden") is None
    with pytest.raises(errors.ProviderNotFound, match="No access to entity"):
        provider._vapp("forbidden")

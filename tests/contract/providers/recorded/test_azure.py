"""What classic Azure once answered, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineState
from mistserver.providers.azure import Azure
from mistserver.providers.azure.create import _make_service
from mistserver.providers.base import Account
from tests.contract.providers.rigs.azure import AzureRig
from tests.lab.clouds.azure import document
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Answer, Reply, Request

RECORDED = ("dcoddkinztest01", "testdcabc")


class RecordedAzure(Recorded):
    """The list of cloud services was not recorded, their details were; an answer once echoed what was sent."""

    def handle(self, request: Request) -> Answer:
        if request.method == "GET" and request.path.endswith("/services/hostedservices"):
            each = (f"<HostedService><ServiceName>{name}</ServiceName></HostedService>" for name in RECORDED)
            return Reply(200, document("HostedServices", "".join(each)))
        answer = super().handle(request)
        if request.method != "GET" and isinstance(answer, Reply):
            return Reply(answer.status, None if answer.status < 300 else answer.body)
        return answer


@pytest.fixture
def cloud() -> Iterator[Recorded]:
    with RecordedAzure("test_azure", "AzureMockHttp") as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: Recorded) -> Iterator[Azure]:
    provider = Azure(Account(settings=Azure.read_settings(AzureRig.good), endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


def test_machines_of_every_cloud_service(provider: Azure) -> None:
    machines = {machine.external_id: machine for machine in provider.list_machines()}
    first, second = machines["dcoddkinztest01/dc03"], machines["dcoddkinztest01/oddkinz2"]
    assert (first.name, first.size, first.location) == ("dc03", "Small", "North Europe")
    assert first.state is second.state is MachineState.RUNNING
    assert (first.public_ips, first.private_ips) == (("191.235.135.62",), ("100.92.66.69",))
    assert (first.ssh_host, first.ssh_port) == (None, None)
    assert (second.ssh_host, second.ssh_port) == ("191.235.135.62", 57706)
    assert first.created_at == datetime(2014, 5, 27, 15, 30, 1, tzinfo=UTC)
    assert first.mark is None


def test_the_catalog(provider: Azure) -> None:
    every = provider.list_images("all")
    assert len({image.id for image in every}) == len(every) == 216
    assert all(
        "14.04" in image.name or "12.04" in image.name for image in provider.list_images() if "Ubuntu" in image.name
    )
    assert [size.ram_mb for size in provider.list_sizes() if size.id == "Small"] == [1792]
    assert "North Europe" in {location.id for location in provider.list_locations()}


def test_a_cloud_service_is_made_and_one_that_is_there_is_not(provider: Azure, cloud: Recorded) -> None:
    _make_service(provider._api, "testdc123", "North Europe", "d")
    with pytest.raises(errors.MistError):
        _make_service(provider._api, "testdc1234", "North Europe", "d")
    provider._api.send("/services/hostedservices/testdcabc/deployments", "<Deployment/>")
    assert [request.method for request in cloud.seen] == ["POST", "POST", "POST"]


def test_what_azure_does_not_know(provider: Azure) -> None:
    assert provider.read_machine("dcoddkinztest04/dc99") is None

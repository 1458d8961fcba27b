"""What a cluster once answered, read by the provider. The recordings are of KubeVirt's version v1alpha3, whose objects
are those of v1; they hold no instances and no list over all namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.kubevirt import KubeVirt
from tests.lab.clouds.kubevirt import status
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Answer, Request


class Cluster(Recorded):
    def __init__(self) -> None:
        super().__init__("test_kubevirt", "KubeVirtMockHttp")

    def handle(self, request: Request) -> Answer:
        if request.path.endswith("/virtualmachineinstances"):
            return {"kind": "List", "metadata": {}, "items": []}
        if "/virtualmachineinstances/" in request.path:
            return status(404, "NotFound", "not found")
        return super().handle(
            replace(request, path=request.path.replace("/v1/", "/v1alpha3/", 1), queries={})
            if request.path.startswith("/apis/kubevirt.io")
            else replace(request, queries={})
        )


def opened(cloud: Recorded, namespace: str | None) -> KubeVirt:
    given = {"host": "k8s.example", "token": "t", **({"namespace": namespace} if namespace else {})}
    provider = KubeVirt(Account(settings=KubeVirt.read_settings(given), endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[Cluster]:
    with Cluster() as cloud:
        yield cloud


def test_a_machine_before_states_were_summed_up(cloud: Cluster) -> None:
    provider = opened(cloud, "default")
    (machine,) = provider.list_machines()
    assert (machine.external_id, machine.name, machine.location) == ("default/testvm", "testvm", "default")
    assert (machine.state, machine.image) == (MachineState.RUNNING, "kubevirt/cirros-registry-disk-demo")
    assert machine.created_at == datetime(2019, 12, 2, 15, 35, 14, tzinfo=UTC)
    assert machine.size == "1-61"
    provider.close()


def test_a_machine_whose_size_is_a_limit(cloud: Cluster) -> None:
    provider = opened(cloud, None)
    machine = provider.read_machine("testreqlim/vm-test-tumbleweed-07")
    assert machine is not None
    assert (machine.state, machine.size, machine.tags) == (MachineState.RUNNING, "2-4096", ())
    assert machine.image == "registry.internal.com/kubevirt-vmidisks/tumbleweed:240531"
    provider.close()


def test_namespaces_are_locations(cloud: Cluster) -> None:
    provider = opened(cloud, None)
    names = ["default", "kube-node-lease", "kube-public", "kube-system", "kubevirt", "testreqlim"]
    assert [each.name for each in provider.list_locations()] == names
    provider.close()


def test_a_create_is_read(cloud: Cluster) -> None:
    provider = opened(cloud, "default")
    machine = provider.create(MachineSpec(name="testcreatenode", mark="m", image="kubevirt/cirros", size="1-128"))
    assert (machine.external_id, machine.size) == ("default/testcreatenode", "1-122")
    assert machine.state is MachineState.STOPPED
    provider.close()


def test_what_was_not_recorded_is_no_empty_list(cloud: Cluster) -> None:
    provider = opened(cloud, "nowhere")
    with pytest.raises(errors.ProviderUnreachable):
        provider.list_machines()
    provider.close()

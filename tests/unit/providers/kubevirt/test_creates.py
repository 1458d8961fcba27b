"""What becomes of a create's wishes, on the stand-in that refuses what KubeVirt's admission refuses."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.kubevirt import KubeVirt
from mistserver.providers.kubevirt.machines import amount, as_label, state_of
from tests.lab.clouds.kubevirt import TOKEN, KubeVirtCloud, status

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB+/w== me@host"
DISK = "quay.io/containerdisks/debian:13"


@pytest.fixture
def cloud() -> Iterator[KubeVirtCloud]:
    with KubeVirtCloud() as cloud:
        yield cloud


def opened(cloud: KubeVirtCloud, **given: Any) -> KubeVirt:
    settings = KubeVirt.read_settings({"host": "k8s.example", "token": TOKEN, **given})
    provider = KubeVirt(Account(settings=settings, endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def provider(cloud: KubeVirtCloud) -> Iterator[KubeVirt]:
    provider = opened(cloud)
    yield provider
    provider.close()


def spec(**given: Any) -> MachineSpec:
    found = MachineSpec(**{"name": "web", "mark": "Job7-0", "image": DISK, **given})
    KubeVirt.check_spec(found)
    return found


def sent(cloud: KubeVirtCloud) -> Any:
    return cloud.asked("POST", ".*/virtualmachines")[-1].json


def test_a_container_disk_with_all_wishes(cloud: KubeVirtCloud, provider: KubeVirt) -> None:
    wanted = spec(
        size="2-2048", public_key=KEY, tags=("blue", "env=prod"), networks=("pod", "default/lan"), location="1"
    )
    machine = provider.create(wanted)
    told = sent(cloud)["spec"]["template"]["spec"]
    assert told["domain"]["cpu"] == {"cores": 2}
    assert told["volumes"][0]["containerDisk"] == {"image": DISK}
    assert KEY in told["volumes"][1]["cloudInitNoCloud"]["userData"]
    assert told["networks"][1]["multus"] == {"networkName": "default/lan"}
    assert (machine.external_id, machine.mark, machine.tags) == ("team-a/web", "Job7-0", ("blue", "env=prod"))
    found = provider.known("team-a/web")
    assert (found.size, found.public_ips, found.private_ips) == ("2-2048", ("2001:db8::7",), ("10.244.0.7",))


def test_a_disk_that_keeps_what_is_written(cloud: KubeVirtCloud, provider: KubeVirt) -> None:
    provider.create(spec(size="1-1024-20", extra={"storage_class": "fast"}))
    (made,) = sent(cloud)["spec"]["dataVolumeTemplates"]
    assert made["spec"]["source"] == {"registry": {"url": f"docker://{DISK}"}}
    assert made["spec"]["storage"] == {
        "resources": {"requests": {"storage": "20Gi"}},
        "storageClassName": "fast",
    }
    assert provider.known("default/web").image == DISK


def test_a_data_source_and_an_instance_type(cloud: KubeVirtCloud, provider: KubeVirt) -> None:
    image = provider.list_images("debian13")[0].id
    machine = provider.create(spec(image=image, size="u1.medium", extra={"preference": "debian"}))
    told = sent(cloud)["spec"]
    assert told["instancetype"] == {"kind": "VirtualMachineClusterInstancetype", "name": "u1.medium"}
    assert told["dataVolumeTemplates"][0]["spec"]["sourceRef"]["namespace"] == "os-images"
    assert (machine.size, machine.image) == ("u1.medium", "datasource:os-images/debian13")


def test_long_user_data_lies_in_a_secret_that_goes_with_the_machine(cloud: KubeVirtCloud, provider: KubeVirt) -> None:
    script = "#!/bin/sh\n" + "echo hello\n" * 400
    provider.create(spec(user_data=script, public_key=KEY))
    kept = cloud.objects[("secrets", "default", "web-cloud-init")]
    assert "echo hello\n" * 400 in base64.b64decode(kept["data"]["userdata"]).decode()
    assert sent(cloud)["spec"]["template"]["spec"]["volumes"][1]["cloudInitNoCloud"] == {
        "secretRef": {"name": "web-cloud-init"}
    }
    provider.destroy("default/web")
    assert ("secrets", "default", "web-cloud-init") not in cloud.objects


def test_a_refused_machine_leaves_no_secret(cloud: KubeVirtCloud, provider: KubeVirt) -> None:
    refused = cloud.refusing("POST", ".*/virtualmachines", status(422, "Invalid", "no"))
    with refused, pytest.raises(errors.ProviderRejected):
        provider.create(spec(user_data="x" * 3000))
    assert not [key for key in cloud.objects if key[0] == "secrets"]


def test_a_name_is_ours_or_taken(cloud: KubeVirtCloud, provider: KubeVirt) -> None:
    first = provider.create(spec())
    assert provider.create(spec()).external_id == first.external_id
    with pytest.raises(errors.AlreadyExists, match="in default already"):
        provider.create(spec(mark="another"))


def test_a_cluster_without_kubevirt_is_told_so(cloud: KubeVirtCloud, provider: KubeVirt) -> None:
    cloud.groups.clear()
    with pytest.raises(errors.ProviderRejected, match="has no KubeVirt"):
        provider.check()
    assert [each.id for each in provider.list_networks()] == ["pod"]
    assert provider.list_sizes()[0].id == "1-512"


def test_one_namespace_is_enough(cloud: KubeVirtCloud) -> None:
    provider = opened(cloud, namespace="team-a")
    provider.create(spec())
    assert [each.external_id for each in provider.list_machines()] == ["team-a/web"]
    assert [each.id for each in provider.list_locations()] == ["team-a"]
    assert not cloud.asked("GET", "/apis/kubevirt.io/v1/virtualmachines")
    provider.close()


def test_a_paused_machine_goes_on(cloud: KubeVirtCloud, provider: KubeVirt) -> None:
    provider.create(spec())
    cloud.objects[("virtualmachines", "default", "web")]["status"] = {"printableStatus": "Paused"}
    provider.start("default/web")
    assert provider.known("default/web").state is MachineState.RUNNING


def test_the_label_of_another_program_is_left_alone(provider: KubeVirt) -> None:
    provider.create(spec(tags=("env=prod",)))
    with pytest.raises(errors.Conflict, match="remove that one first"):
        provider.add_tag("default/web", "env=test")
    provider.remove_tag("default/web", "env=test")
    assert provider.known("default/web").tags == ("env=prod",)


def test_a_size_and_an_instance_type_take_each_others_place(cloud: KubeVirtCloud, provider: KubeVirt) -> None:
    provider.create(spec(size="1-1024"))
    provider.stop("default/web")
    for size in ("u1.large", "2-4096"):
        provider.resize("default/web", size)
        assert provider.known("default/web").size == size
    assert "instancetype" not in cloud.objects[("virtualmachines", "default", "web")]["spec"]
    with pytest.raises(errors.InvalidInput, match="keeps its size"):
        provider.resize("default/web", "2-4096-20")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "Web"}, "name"),
        ({"name": "a.b"}, "name"),
        ({"name": "a" * 64}, "name"),
        ({"image": "UPPER CASE"}, "image"),
        ({"image": "datasource:a/b/c"}, "image"),
        ({"size": "1-"}, "size"),
        ({"networks": ("a/b/c",)}, "networks"),
        ({"tags": ("a b",)}, "tag"),
        ({"tags": ("mist-mark=x",)}, "tag"),
        ({"tags": ("kubevirt.io/domain=x",)}, "tag"),
        ({"extra": {"disk_gb": 0}}, "extra.disk_gb"),
        ({"extra": {"user": "A b"}}, "extra.user"),
        ({"extra": {"storage_class": "A"}}, "extra.storage_class"),
    ],
)
def test_a_create_is_looked_at_before_any_call(given: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        spec(**given)
    assert caught.value.facts["field"] == field


@pytest.mark.parametrize(
    ("machine", "instance", "state"),
    [
        ({"status": {"printableStatus": "ErrorUnschedulable"}}, None, MachineState.ERROR),
        ({"status": {"printableStatus": "New"}}, None, MachineState.UNKNOWN),
        ({"metadata": {"deletionTimestamp": "x"}}, None, MachineState.TERMINATED),
        ({}, None, MachineState.STOPPED),
        ({"spec": {"running": True}}, None, MachineState.PENDING),
        ({}, {"status": {"phase": "Running"}}, MachineState.RUNNING),
        ({}, {"status": {"phase": "Failed"}}, MachineState.ERROR),
        ({}, {"status": {"phase": "Scheduling"}}, MachineState.PENDING),
    ],
)
def test_states(machine: dict[str, Any], instance: dict[str, Any] | None, state: MachineState) -> None:
    assert state_of({"metadata": {}, "spec": {}, **machine}, instance) is state


def test_quantities_and_labels() -> None:
    assert [amount(text) for text in ("1Gi", "64M", "1.5Gi", 1024, "x", None)] == [
        1 << 30,
        64_000_000,
        3 << 29,
        1024,
        None,
        None,
    ]
    assert as_label("example.org/team=a.b") == ("example.org/team", "a.b")

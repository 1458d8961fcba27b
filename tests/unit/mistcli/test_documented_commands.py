"""Every command line of the documentation, and the call that it makes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.support import rest_records as records
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

ADDED = [
    (
        "ec2 --region ec2_ap_northeast --name EC2 --ec2-api-key ALKI098IGGYUG --ec2-api-secret dioLKNlkhiu89oiukhj",
        {
            "provider": "ec2",
            "name": "EC2",
            "region": "ec2_ap_northeast",
            "settings": {"api_key": "ALKI098IGGYUG", "api_secret": "dioLKNlkhiu89oiukhj"},
        },
    ),
    (
        "openstack --name Openstack --openstack--username admin --openstack-tenant admin "
        "--openstack-password admin_pass --openstack-auth-url http://10.0.1:5000",
        {
            "provider": "openstack",
            "name": "Openstack",
            "settings": {
                "username": "admin",
                "tenant_name": "admin",
                "password": "admin_pass",
                "auth_url": "http://10.0.1:5000",
            },
        },
    ),
    (
        "ec2 --region ec2_ap_northeast --ec2-api-key AKIAHKIB7OIJCX7YLIO3JA --ec2-api-secret knbkGJKHG9gjhUuhgfjtiu987",
        {
            "provider": "ec2",
            "region": "ec2_ap_northeast",
            "settings": {"api_key": "AKIAHKIB7OIJCX7YLIO3JA", "api_secret": "knbkGJKHG9gjhUuhgfjtiu987"},
        },
    ),
    (
        "rackspace --region iad --rackspace-username my_username --rackspace-api-key 098er098eqwec98dqdqd098",
        {
            "provider": "rackspace",
            "region": "iad",
            "settings": {"username": "my_username", "api_key": "098er098eqwec98dqdqd098"},
        },
    ),
    (
        "nephoscale --nepho-username nepho_username --nepho-password nepho_passwd",
        {"provider": "nephoscale", "settings": {"username": "nepho_username", "password": "nepho_passwd"}},
    ),
    (
        "digitalocean --digi-token kjhdkfh897dfodlkfjlkhdf90sdfusldkfjkljsdf098lkjlkj",
        {"provider": "digitalocean", "settings": {"token": "kjhdkfh897dfodlkfjlkhdf90sdfusldkfjkljsdf098lkjlkj"}},
    ),
    (
        "linode --linode-api-key dkljflkjlkgddgijgd00987ghudGgcf9Glkjh",
        {"provider": "linode", "settings": {"api_key": "dkljflkjlkgddgijgd00987ghudGgcf9Glkjh"}},
    ),
    (
        "openstack --openstack-username demo --openstack-password mypass "
        "--openstack-auth-url http://10.0.0.1:5000 --openstack-tenant demo",
        {
            "provider": "openstack",
            "settings": {
                "username": "demo",
                "password": "mypass",
                "auth_url": "http://10.0.0.1:5000",
                "tenant_name": "demo",
            },
        },
    ),
    (
        "softlayer --softlayer-username soft_username --softlayer-api-key kjhfdkjahf098OIjhkFChiugiGIIUuoh",
        {
            "provider": "softlayer",
            "settings": {"username": "soft_username", "api_key": "kjhfdkjahf098OIjhkFChiugiGIIUuoh"},
        },
    ),
    (
        "hpcloud --region region-a.geo-1 --hp-username hp_username --hp-password my_pass --hp-tenant my_tenant",
        {
            "provider": "hpcloud",
            "region": "region-a.geo-1",
            "settings": {"username": "hp_username", "password": "my_pass", "tenant_name": "my_tenant"},
        },
    ),
    (
        "azure --azure-sub-id lkjoiy8-kjdjkhd-987-hd9d --azure-cert-path {home}/azure.cert",
        {"provider": "azure", "settings": {"subscription_id": "lkjoiy8-kjdjkhd-987-hd9d", "certificate": "the cert\n"}},
    ),
    (
        "docker --docker-host 10.0.0.1 --docker-port 4243",
        {"provider": "docker", "settings": {"docker_host": "10.0.0.1", "docker_port": 4243}},
    ),
    (
        "bare_metal --bare-hostname 198.230.89.3 --bare-user root --bare-port 22 --bare-ssh-key-id my_ssh_key",
        {
            "provider": "bare_metal",
            "settings": {
                "machine_ip": "198.230.89.3",
                "machine_user": "root",
                "machine_port": 22,
                "machine_key": "my_ssh_key",
            },
        },
    ),
    (
        "gce --gce-email 46234234246-3oiuoiu0980989873yui@developer.gserviceaccount.com "
        "--gce-project-id gifted-electron-10 --gce-private-key {home}/gce.key",
        {
            "provider": "gce",
            "settings": {
                "email": "46234234246-3oiuoiu0980989873yui@developer.gserviceaccount.com",
                "project_id": "gifted-electron-10",
                "private_key": "the key\n",
            },
        },
    ),
    (
        "vcloud --vcloud-username admin --vcloud-password ioiuYoiuOIU --vcloud-organization MyOrg.io "
        "--vcloud-host compute.idcloudonline.com",
        {
            "provider": "vcloud",
            "settings": {
                "username": "admin",
                "password": "ioiuYoiuOIU",
                "organization": "MyOrg.io",
                "host": "compute.idcloudonline.com",
            },
        },
    ),
    (
        "indonesian_vcloud --indonesian-username admin --indonesian-password kjOIULKJLlkj "
        "--indonesian-organization MyOrg.io",
        {
            "provider": "indonesian_vcloud",
            "settings": {"username": "admin", "password": "kjOIULKJLlkj", "organization": "MyOrg.io"},
        },
    ),
    (
        "libvirt --libvirt-hostname 10.0.0.1 --libvirt-user root --libvirt-key MyAddedKey",
        {
            "provider": "libvirt",
            "settings": {"machine_hostname": "10.0.0.1", "machine_user": "root", "machine_key": "MyAddedKey"},
        },
    ),
]

CALLED = [
    (
        "create-machine --backend EC2 --name mongo.myserver --location_id 0 --size_id m1.small --image_id ami-d9134ed8",
        ("POST", "/machines"),
        "Created machine mongo.myserver\n",
    ),
    (
        "create_machine --backend Openstack --name mongo2.myopenstackserver --location_id 0 --size_id 2 "
        "--image_id 9l98oiji-8uklhjh-234-23444",
        ("POST", "/machines"),
        "Created machine mongo2.myopenstackserver\n",
    ),
    (
        "create-machine --backend EC2 --name dev.machine --image ami-bddaa2bc --size t1.micro --location 0 --key MyKey",
        ("POST", "/machines"),
        "Created machine dev.machine\n",
    ),
    ("tag mongo.myserver --new-tag dev", ("PUT", "/machines/m3/tags/dev"), "Add tag dev to machine mongo.myserver\n"),
    (
        "tag mongo2.myopenstackserver --new-tag dev",
        ("PUT", "/machines/m4/tags/dev"),
        "Add tag dev to machine mongo2.myopenstackserver\n",
    ),
    (
        'run --command "apt-get update -y" --tag dev',
        ("POST", "/runs"),
        "Found tagged machines\nFound key association for machine: atlanta\n\nFinished in machine: atlanta\n",
    ),
    (
        "rename-backend Icehouse --new-name Openstack_Icehouse",
        ("PATCH", "/backends/4ukW6Juooqa8bTu2YgM4mE8RAsk7"),
        "Renamed backend to Openstack_Icehouse\n",
    ),
    ("delete-backend Docker", ("DELETE", "/backends/B3rbEA6bteaqMWJ4obVbgbqrXWf"), "Deleted backend Docker\n"),
    ("delete-backend --name Docker", ("DELETE", "/backends/B3rbEA6bteaqMWJ4obVbgbqrXWf"), "Deleted backend Docker\n"),
    ("add-key --name MyNewKey --key-path {home}/mist_key", ("POST", "/keys"), "Added key MyNewKey\n"),
    ("add-key --name AutogeneratedKey --auto-generate", ("POST", "/keys"), "Added key AutogeneratedKey\n"),
    (
        "rename-key Dummy --name MyKey --new-name RenamedKey",
        ("PATCH", "/keys/key-Dummy"),
        "Renamed key to RenamedKey\n",
    ),
    ("delete-key Dummy", ("DELETE", "/keys/key-Dummy"), "Deleted Dummy\n"),
    ("start db-server-1", ("POST", "/machines/m1/actions"), "Started machine db-server-1\n"),
    ("stop --name db-server-1", ("POST", "/machines/m1/actions"), "Stopped machine db-server-1\n"),
    ("reboot db-server-1", ("POST", "/machines/m1/actions"), "Rebooted machine db-server-1\n"),
    ("destroy db-server-1", ("POST", "/machines/m1/actions"), "Destroyed machine db-server-1\n"),
    ("destroy --id m1", ("POST", "/machines/m1/actions"), "Destroyed machine db-server-1\n"),
    (
        "tag db-server-1 --new-tag dbservers",
        ("PUT", "/machines/m1/tags/dbservers"),
        "Add tag dbservers to machine db-server-1\n",
    ),
    (
        "untag db-server-1 --tag dbservers",
        ("DELETE", "/machines/m1/tags/dbservers"),
        "Remove tag dbservers from machine db-server-1\n",
    ),
]

READ = [
    "user-info",
    "list-providers",
    "list-backends",
    "describe-backend Icehouse",
    "list-keys",
    "describe-key Dummy",
    "list-images --backend Juno",
    "list-images --backend DigitalOcean --search all",
    "list-images --backend DigitalOcean --search gentoo",
    "list-sizes --backend DigitalOcean",
    "list-sizes --backend DigitalOcean --pretty",
    "list-locations --backend DigitalOcean",
    "list-locations --backend DigitalOcean --pretty",
    "list-machines",
    "list-machines --backend Docker",
    "probe db-server-1",
    "list-providers --pretty",
    "list-backends --pretty",
    "list-keys --pretty",
    "list-images --backend Juno --pretty",
]

MONITORED = [
    ("enable-monitoring dbServer", "POST", "monitoring", "Enabled monitoring to machine dbServer\n"),
    ("disable-monitoring dbServer", "POST", "monitoring/disable", "Disabled monitoring to machine dbServer\n"),
    (
        "add-metric --machine dbServer --metric-id users",
        *("PUT", "metrics/users", "Added Metric users to monitored machine dbServer\n"),
    ),
    (
        "remove-metric --machine dbServer --metric-id users",
        *("DELETE", "metrics/users", "Removed Metric users from monitored machine dbServer\n"),
    ),
    (
        "add-custom-metric --machine dbServer --metric-name my_custom_metric --file-path ~/plugin.py --unit my_unit",
        *("POST", "plugins", "Added custom metric my_custom_metric\n"),
    ),
    (
        "add-custom-metric --machine dbServer --plugin my_custom_metric --custom_plugin ~/plugin.py --unit my_unit",
        *("POST", "plugins", "Added custom metric my_custom_metric\n"),
    ),
    (
        "remove-custom-metric --machine dbServer --metric-name my_custom_metric",
        *("DELETE", "plugins/my_custom_metric", "Removed custom metric my_custom_metric\n"),
    ),
]


@pytest.fixture
def stocked(service: RestStub, home: Path) -> RestStub:
    """With everything that the documentation's lines name."""
    for name in ("EC2", "Openstack", "DigitalOcean"):
        service.backends.append(records.backend(name, f"id-{name}", name.lower()))
    service.keys.append(records.key("MyKey", False))
    service.machines.append(records.machine("mongo2.myopenstackserver", "m4", "running"))
    service.machines.append(records.machine("db-server-10", "m10", "running"))
    for name, text in (("azure.cert", "the cert\n"), ("gce.key", "the key\n"), ("mist_key", "\nPEM\n\n")):
        (home / name).write_text(text)
    return service


@pytest.mark.parametrize(("line", "body"), ADDED)
def test_adding_a_backend(line: str, body: dict[str, Any], mist: Mist, stocked: RestStub, home: Path) -> None:
    result = mist("add-backend", "--provider", *shlex.split(line.format(home=home)))

    assert (result.code, result.out) == (0, "New backend added\n"), result.err
    assert stocked.body("POST", "/backends") == body


@pytest.mark.parametrize(("line", "call", "said"), CALLED)
def test_a_change(line: str, call: tuple[str, str], said: str, mist: Mist, stocked: RestStub, home: Path) -> None:
    result = mist(*shlex.split(line.format(home=home)))

    assert (result.code, result.out) == (0, said), result.err
    assert stocked.calls("POST", "PUT", "PATCH", "DELETE")[-1] == call


@pytest.mark.parametrize("line", READ)
def test_a_reading(line: str, mist: Mist, stocked: RestStub) -> None:
    result = mist(*shlex.split(line))

    remarks = "Retired by their vendors" if line.startswith("list-providers") else ""
    assert (result.code, result.err[: len(remarks)] if remarks else result.err) == (0, remarks)
    assert {method for method, path in stocked.calls() if not path.endswith(("/private", "/probe"))} == {"GET"}


@pytest.mark.parametrize(("line", "method", "path", "said"), MONITORED)
def test_monitoring(line: str, method: str, path: str, said: str, mist: Mist, stocked: RestStub, home: Path) -> None:
    stocked.machines.append(records.machine("dbServer", "m11", "running"))
    (home / "plugin.py").write_bytes(b"def read():\r\n    return 1\r\n")

    assert mist(*shlex.split(line)) == (0, said, "")

    assert stocked.calls("POST", "PUT", "DELETE")[-1] == (method, f"/machines/m11/{path}")
    if path == "plugins":
        assert stocked.body("POST", "/machines/m11/plugins") == {
            "name": "my_custom_metric",
            "code": "def read():\r\n    return 1\r\n",
            "unit": "my_unit",
            "value_type": "gauge",
        }


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "plugin.py cannot be read (No such file or directory)."), (b"\xff", "plugin.py is not UTF-8 text.")],
)
def test_a_file_that_cannot_be_read_is_not_sent(
    text: bytes | None, why: str, mist: Mist, stocked: RestStub, home: Path
) -> None:
    stocked.machines.append(records.machine("dbServer", "m11", "running"))
    if text is not None:
        (home / "plugin.py").write_bytes(text)

    told = mist(*shlex.split("add-custom-metric --machine dbServer --metric-name n --file-path ~/plugin.py"))

    assert (told.code, told.out) == (1, "")
    assert why in told.err
    assert stocked.calls("POST") == []


def test_a_refused_file_s_transcript_is_shown(mist: Mist, stocked: RestStub, home: Path) -> None:
    stocked.machines.append(records.machine("dbServer", "m11", "running"))
    (home / "plugin.py").write_text("def read():\n    return True\n")
    details = {"transcript": "read() 1: no number (0.1 ms)\nprinted:\nhello"}
    stocked.job_error = {"code": "machine_error", "message": "The file was refused: no number.", "details": details}

    told = mist(*shlex.split("add-custom-metric --machine dbServer --metric-name n --file-path ~/plugin.py"))

    assert (told.code, told.out) == (4, "")
    assert "  read() 1: no number (0.1 ms)\n  printed:\n  hello\n" in told.err
    assert told.err.endswith("The file was refused: no number.\n")


def test_ids_like_zero_are_ids(mist: Mist, stocked: RestStub) -> None:
    mist(*shlex.split(CALLED[0][0]))

    assert stocked.body("POST", "/machines") == {
        "backend": "id-EC2",
        "name": "mongo.myserver",
        "image": "ami-d9134ed8",
        "size": "m1.small",
        "location": "0",
    }


def test_an_exact_name_wins_over_a_substring(mist: Mist, stocked: RestStub) -> None:
    mist(*shlex.split(CALLED[1][0]))

    assert stocked.body("POST", "/machines")["backend"] == "id-Openstack"


def test_searching_images_is_left_to_the_service(mist: Mist, stocked: RestStub) -> None:
    mist("list-images", "--backend", "DigitalOcean", "--search", "gentoo")

    assert stocked.seen[-1].query["search"] == "gentoo"

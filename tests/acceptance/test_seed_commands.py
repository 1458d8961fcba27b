"""Every command line of the seed, as written, against the running service (C01 to C69 of the conformance list)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.acceptance.world import Result, World


@dataclass(frozen=True)
class Case:
    """`out` and `err` are patterns that must be found. Lines that need a cloud of their own say so by `code` 1."""

    id: str
    line: str
    out: str = ""
    err: str = ""
    code: int = 0


def _id(case: Case) -> str:
    return case.id


NOT_BUILT = "cannot use it yet"
MONITORING = "onitoring"

ADD_BACKEND = [
    Case(
        "C02",
        "mist add-backend --provider ec2 --region ec2_ap_northeast --name EC2 "
        "--ec2-api-key ALKI098IGGYUG --ec2-api-secret dioLKNlkhiu89oiukhj",
        out="New backend added",
    ),
    Case(
        "C03",
        "mist add-backend --provider openstack --name Openstack --openstack--username admin --openstack-tenant admin "
        "--openstack-password admin_pass --openstack-auth-url http://10.0.1:5000",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C17",
        "mist add-backend --provider ec2 --region ec2_ap_northeast --ec2-api-key AKIAHKIB7OIJCX7YLIO3JA "
        "--ec2-api-secret knbkGJKHG9gjhUuhgfjtiu987",
        out="New backend added",
    ),
    Case(
        "C18",
        "mist add-backend --provider rackspace --region iad --rackspace-username my_username "
        "--rackspace-api-key 098er098eqwec98dqdqd098",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C19",
        "mist add-backend --provider nephoscale --nepho-username nepho_username --nepho-password nepho_passwd",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C20",
        "mist add-backend --provider digitalocean --digi-token kjhdkfh897dfodlkfjlkhdf90sdfusldkfjkljsdf098lkjlkj",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C21",
        "mist add-backend --provider linode --linode-api-key dkljflkjlkgddgijgd00987ghudGgcf9Glkjh",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C22",
        "mist add-backend --provider openstack --openstack-username demo --openstack-password mypass "
        "--openstack-auth-url http://10.0.0.1:5000 --openstack-tenant demo",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C23",
        "mist add-backend --provider softlayer --softlayer-username soft_username "
        "--softlayer-api-key kjhfdkjahf098OIjhkFChiugiGIIUuoh",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C24",
        "mist add-backend --provider hpcloud --region region-a.geo-1 --hp-username hp_username --hp-password my_pass "
        "--hp-tenant my_tenant",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C25",
        "mist add-backend --provider azure --azure-sub-id lkjoiy8-kjdjkhd-987-hd9d "
        "--azure-cert-path /home/user/azure.cert",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C26",
        "mist add-backend --provider docker --docker-host 10.0.0.1 --docker-port 4243",
        out="New backend added",
    ),
    Case(
        "C27",
        "mist add-backend --provider bare_metal --bare-hostname 198.230.89.3 --bare-user root --bare-port 22 "
        "--bare-ssh-key-id my_ssh_key",
        out="New backend added",
    ),
    Case(
        "C28",
        "mist add-backend --provider gce --gce-email 46234234246-3oiuoiu0980989873yui@developer.gserviceaccount.com "
        "--gce-project-id gifted-electron-10 --gce-private-key /home/user/gce.key",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C29",
        "mist add-backend --provider vcloud --vcloud-username admin --vcloud-password ioiuYoiuOIU "
        "--vcloud-organization MyOrg.io --vcloud-host compute.idcloudonline.com",
        err=NOT_BUILT,
        code=1,
    ),
    Case(
        "C30",
        "mist add-backend --provider indonesian_vcloud --indonesian-username admin "
        "--indonesian-password kjOIULKJLlkj --indonesian-organization MyOrg.io",
        err=NOT_BUILT,
        code=1,
    ),
]

ARRANGED = [
    Case(
        "C04",
        "mist create-machine --backend EC2 --name mongo.myserver --location_id 0 --size_id m1.small "
        "--image_id ami-d9134ed8",
        out="Created machine mongo.myserver",
    ),
    Case("C06", "mist tag mongo.myserver --new-tag dev", out="^Add tag dev to machine mongo.myserver$"),
    Case("C09", "mist enable-monitoring mongo.myserver", err=MONITORING, code=1),
    Case("C15", "mist user-info", out="Mon Jun 24 19:41:35 29393"),
    Case("C16", "mist list-providers", out=r"EC2\s+ec2\s+Tokyo\s+ec2_ap_northeast"),
    Case("C32", "mist list-backends", out=r"EC2\s+\w{22}\s+ec2_ap_northeast\s+online"),
    Case("C33", "mist describe-backend Icehouse", out="Machines:"),
    Case("C36", "mist describe-backend --name Icehouse", out="Machines:"),
    Case(
        "C37", "mist rename-backend Icehouse --new-name Openstack_Icehouse", out="Renamed backend to Openstack_Icehouse"
    ),
    Case("C38", "mist delete-backend Docker", out="Deleted backend Docker"),
    Case("C39", "mist add-key --name Uploaded --key-path /home/user/.ssh/mist_key", out="Added key Uploaded"),
    Case("C40", "mist add-key --name AutogeneratedKey --auto-generate", out="Added key AutogeneratedKey"),
    Case("C41", "mist list-keys", out="^Dummy$"),
    Case("C42", "mist describe-key Dummy", out="Puclic key:\nssh-"),
    Case("C43", "mist rename-key Dummy --name MyKey --new-name RenamedKey", out="Renamed key to RenamedKey"),
    Case("C44", "mist delete-key Dummy", out="Deleted Dummy"),
    Case("C45", "mist list-images --backend Juno", out=r"ami-"),
    Case("C46", "mist list-images --backend DigitalOcean --search all", out="ami-"),
    Case("C47", "mist list-images --backend DigitalOcean --search gentoo"),
    Case("C48", "mist list-sizes --backend DigitalOcean", out="m1.small"),
    Case("C49", "mist list-sizes --backend DigitalOcean --pretty", out=r"\| +Name +\| +ID +\|"),
    Case("C50", "mist list-locations --backend DigitalOcean", out="us-east-1a"),
    Case("C51", "mist list-locations --backend DigitalOcean --pretty", out=r"\| +Name +\| +ID +\|"),
    Case(
        "C52",
        "mist create-machine --backend EC2 --name dev.machine --image ami-bddaa2bc --size t1.micro --location 0 "
        "--key MyKey",
        out="Created machine dev.machine",
    ),
    Case("C53", "mist list-machines", out=r"db-server-1\s"),
    Case("C54", "mist list-machines --backend Docker", out=r"atlanta\s"),
    Case("C55", "mist reboot db-server-1", out="Rebooted machine db-server-1"),
    Case("C56", "mist destroy db-server-1", out="Destroyed machine db-server-1"),
    Case("C57", "mist probe db-server-1", out="Machine db-server-1 is probed"),
    Case("C58", "mist tag db-server-1 --new-tag dbservers", out="Add tag dbservers to machine db-server-1"),
    Case("start", "mist start db-server-1", out="Started machine db-server-1"),
    Case("stop", "mist stop db-server-1", out="Stopped machine db-server-1"),
    Case("C59", "mist enable-monitoring dbServer", err=MONITORING, code=1),
    Case("C60", "mist disable-monitoring dbServer", err=MONITORING, code=1),
    Case("C61", "mist list-metrics --machine dbServer", err=MONITORING, code=1),
    Case("C62", "mist add-metric --machine dbServer --metric-id users", err=MONITORING, code=1),
    Case(
        "C63",
        "mist add-custom-metric --machine dbServer --metric-name my_custom_metric --file-path ~/plugin.py "
        "--unit my_unit",
        err=MONITORING,
        code=1,
    ),
    Case("C66", "mist list-providers --pretty", out=r"\| +Provider +\| +Provider ID +\| +Region +\| +Region ID +\|"),
    Case("C67", "mist list-backends --pretty", out=r"\| +Name +\| +ID +\| +Provider +\| +State +\|"),
    Case("C68", "mist list-keys --pretty", out=r"\| +Name +\| +Is Default +\|"),
    Case("C69", "mist list-images --backend Juno --pretty", out=r"\| +Name +\| +ID +\|"),
]


# what a line needs that the one before it may have taken away, or made
BEFORE = {
    "C04": ["mist destroy mongo.myserver --yes"],
    "C06": [
        "mist destroy mongo.myserver --yes",
        "mist create-machine --backend EC2 --name mongo.myserver --location 0 --size m1.small --image ami-d9134ed8",
    ],
    "start": ["mist stop db-server-1"],
}
# what would be in the way of other tests
AFTER = {"C06": ["mist destroy mongo.myserver --yes"]}


@pytest.mark.parametrize("case", ADD_BACKEND, ids=_id)
def test_adding_a_backend(empty_world: World, case: Case) -> None:
    body = {"name": "my_ssh_key", "private": empty_world.key.private}
    empty_world.service.request("POST", "/keys", body, empty_world.token)

    result = empty_world.mist(_here(case.line, empty_world))

    _compare(case, result)


@pytest.mark.parametrize("case", ARRANGED, ids=_id)
def test_with_everything_in_place(world: World, case: Case) -> None:
    for line in BEFORE.get(case.id, []):
        world.mist(line)

    result = world.mist(case.line)

    for line in AFTER.get(case.id, []):
        world.mist(line, check=True)
    _compare(case, result)
    _clean_up(world)


def _here(line: str, world: World) -> str:
    """The seed's credentials and addresses replaced by those that exist here; the rest of the line as it is."""
    server = world.sshd
    places = {
        "ALKI098IGGYUG": world.ec2.api_key,
        "AKIAHKIB7OIJCX7YLIO3JA": world.ec2.api_key,
        "dioLKNlkhiu89oiukhj": world.ec2.api_secret,
        "knbkGJKHG9gjhUuhgfjtiu987": world.ec2.api_secret,
        "--docker-host 10.0.0.1 --docker-port 4243": f"--docker-host 127.0.0.1 --docker-port {world.docker.tcp_port}",
        "198.230.89.3 --bare-user root": f"{server.host} --bare-user {server.user}",
        "--bare-port 22": f"--bare-port {server.port}",
    }
    for there, here in places.items():
        line = line.replace(there, here)
    return line


def _compare(case: Case, told: Result) -> None:
    assert told.code == case.code, told
    assert re.search(case.out, told.out, re.M), told
    assert re.search(case.err, told.err, re.M), told


def _clean_up(world: World) -> None:
    token = world.token
    _, answer = world.service.request("GET", "/keys?limit=1000", token=token)
    for item in answer["items"]:
        if item["name"] in ("Uploaded", "AutogeneratedKey", "RenamedKey"):
            world.service.request("DELETE", f"/keys/{item['id']}", token=token)

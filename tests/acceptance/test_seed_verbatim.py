"""The seed's add-backend lines to the letter: the service's `provider_endpoint` settings lead each to a cloud here.

A server behind SSH and a hypervisor have no such setting; their lines are in `test_seed_commands.py`.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mistclient import MistClient
from tests.acceptance.seed_clouds import CLOUDS, Seen
from tests.acceptance.world import RUN
from tests.lab.certificates import Authority
from tests.lab.clouds.gce_project import pem
from tests.lab.docker import DockerHost
from tests.support.service import EMAIL, PASSWORD, Service

SEED = """\
mist add-backend --provider openstack --name Openstack --openstack--username admin --openstack-tenant admin \
--openstack-password admin_pass --openstack-auth-url http://10.0.1:5000
mist add-backend --provider openstack --openstack-username demo --openstack-password mypass \
--openstack-auth-url http://10.0.0.1:5000 --openstack-tenant demo
mist add-backend --provider rackspace --region iad --rackspace-username my_username \
--rackspace-api-key 098er098eqwec98dqdqd098
mist add-backend --provider hpcloud --region region-a.geo-1 --hp-username hp_username --hp-password my_pass \
--hp-tenant my_tenant
mist add-backend --provider ec2 --region ec2_ap_northeast --name EC2 --ec2-api-key ALKI098IGGYUG \
--ec2-api-secret dioLKNlkhiu89oiukhj
mist add-backend --provider ec2 --region ec2_ap_northeast --ec2-api-key AKIAHKIB7OIJCX7YLIO3JA \
--ec2-api-secret knbkGJKHG9gjhUuhgfjtiu987
mist add-backend --provider nephoscale --nepho-username nepho_username --nepho-password nepho_passwd
mist add-backend --provider digitalocean --digi-token kjhdkfh897dfodlkfjlkhdf90sdfusldkfjkljsdf098lkjlkj
mist add-backend --provider linode --linode-api-key dkljflkjlkgddgijgd00987ghudGgcf9Glkjh
mist add-backend --provider softlayer --softlayer-username soft_username \
--softlayer-api-key kjhfdkjahf098OIjhkFChiugiGIIUuoh
mist add-backend --provider azure --azure-sub-id lkjoiy8-kjdjkhd-987-hd9d --azure-cert-path /home/user/azure.cert
mist add-backend --provider docker --docker-host 10.0.0.1 --docker-port 4243
mist add-backend --provider gce --gce-email 46234234246-3oiuoiu0980989873yui@developer.gserviceaccount.com \
--gce-project-id gifted-electron-10 --gce-private-key /home/user/gce.key
mist add-backend --provider vcloud --vcloud-username admin --vcloud-password ioiuYoiuOIU \
--vcloud-organization MyOrg.io --vcloud-host compute.idcloudonline.com
mist add-backend --provider indonesian_vcloud --indonesian-username admin --indonesian-password kjOIULKJLlkj \
--indonesian-organization MyOrg.io
"""
BY_PROVIDER = {each.provider: each for each in CLOUDS}
NOT_A_STAND_IN = {"docker"}


class Redirected:
    """A service whose vendors all stand here, and the clouds by provider."""

    def __init__(self, service: Service, clouds: dict[str, Any], home: Path) -> None:
        self.service = service
        self.clouds = clouds
        self.home = home

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        words = [word.replace("/home/user", str(self.home)) for word in line.split()]
        return subprocess.run(
            [sys.executable, "-c", RUN, *words[1:]],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={
                "HOME": str(self.home),
                "PATH": "/usr/bin:/bin",
                "MIST_URI": self.service.uri,
                "MIST_EMAIL": EMAIL,
                "MIST_PASSWORD": PASSWORD,
            },
        )


@pytest.fixture(scope="module")
def redirected(tmp_path_factory: pytest.TempPathFactory, docker_engine: DockerHost) -> Iterator[Redirected]:
    home = tmp_path_factory.mktemp("verbatim")
    owner = Authority().client("owner")
    (home / "azure.cert").write_text(f"{owner.certificate}\n{owner.private}")
    (home / "gce.key").write_text(pem())
    with contextlib.ExitStack() as running:
        clouds = {each.provider: running.enter_context(each.cloud()) for each in CLOUDS}
        ends = {each.provider: f"{clouds[each.provider].url}{each.path}" for each in CLOUDS}
        ends["docker"] = f"http://127.0.0.1:{docker_engine.tcp_port}"
        flags = [flag for id, url in ends.items() for flag in ("--provider-endpoint", f"{id}={url}")]
        service = Service(home / "data", flags=tuple(flags)).start()
        running.callback(service.stop)
        yield Redirected(service, clouds, home)


@pytest.mark.parametrize("line", SEED.splitlines(), ids=lambda line: " ".join(line.split()[3:6:2]))
def test_a_line_is_accepted_as_written_and_its_credentials_arrive(line: str, redirected: Redirected) -> None:
    provider = re.findall(r"--provider (\S+)", line)[0]
    before = len(redirected.clouds[provider].seen) if provider not in NOT_A_STAND_IN else 0

    result = redirected.run(line)

    assert (result.returncode, result.stdout) == (0, "New backend added\n"), result.stderr
    if provider not in NOT_A_STAND_IN:
        seen: Seen = BY_PROVIDER[provider]
        assert any(map(seen.signs_in, redirected.clouds[provider].seen[before:]))


def test_the_seeds_python_adds_one_too(redirected: Redirected) -> None:
    client = MistClient(mist_uri=redirected.service.uri, email=EMAIL, password=PASSWORD)

    client.add_backend(  # P03
        provider="rackspace",
        title="My Rack London",
        region="lon",
        username="rack_username",
        api_key="rack_api_secret",
    )

    assert client.backends(name="My Rack London")[0].info["region"] == "lon"
    assert any(b"rack_api_secret" in request.body for request in redirected.clouds["rackspace"].seen)

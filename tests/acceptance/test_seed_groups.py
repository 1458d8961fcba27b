"""The seed's lines about groups of machines, ids and completion, which need more than one step each."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.acceptance.world import RUN, World


def test_commands_run_on_all_machines_with_a_tag(world: World) -> None:
    for name in ("atlanta", "dbServer"):
        world.mist(f"mist tag {name} --new-tag dev", check=True)

    c08 = world.mist('mist run --command "apt-get update -y" --tag dev')  # C08: no apt-get in these small images
    c64 = world.mist('mist run --command "touch something" --tag dev')  # C64

    assert c08.code == 4
    assert "FAILED" in c08.out
    assert c64.code == 0
    lines = c64.out.splitlines()
    assert lines[0] == "Found tagged machines"
    assert "Finished in machine: atlanta" in lines
    assert "Finished in machine: dbServer" in lines
    for name in ("atlanta", "dbServer"):
        world.mist(f"mist untag {name} --tag dev", check=True)


def test_no_machine_with_the_tag_is_said(world: World) -> None:
    result = world.mist('mist run --command "true" --tag nothing-has-this')

    assert (result.code, result.out.strip()) == (1, "No machines found with tag: nothing-has-this")


def test_a_backend_is_found_by_its_id(world: World) -> None:
    listed = world.mist("mist list-backends --pretty", check=True).rows
    backend_id = next(row[1] for row in listed if row[0] == "Icehouse")

    by_name = world.mist("mist describe-backend Icehouse", check=True)
    same = [world.mist(f"mist describe-backend {how}{backend_id}", check=True) for how in ("", "--id ")]  # C34, C35

    assert [row[:2] for row in by_name.rows[:2]] == [["Title", "ID"], ["Icehouse", backend_id]]
    assert [one.rows[:2] for one in same] == [by_name.rows[:2]] * 2


def test_the_other_spelling_of_create_machine_is_understood(world: World) -> None:
    line = (
        "mist create_machine --backend Openstack --name mongo2.myopenstackserver --location_id 0 --size_id 2 "
        "--image_id 9l98oiji-8uklhjh-234-23444"
    )

    result = world.mist(line)  # C05; the name picks "Openstack Juno", behind which stands an EC2 that takes any size

    assert (result.code, result.out) == (0, "Created machine mongo2.myopenstackserver\n"), result
    world.mist("mist destroy mongo2.myopenstackserver --yes", check=True)


def test_providers_stand_in_the_order_of_the_seed(world: World) -> None:
    rows = [
        re.split(r"\s{2,}", line.strip()) for line in world.mist("mist list-providers", check=True).out.splitlines()
    ]

    assert rows[:10] == [
        ["Other Server", "bare_metal"],
        ["Azure", "azure"],
        ["EC2", "ec2", "Tokyo", "ec2_ap_northeast"],
        ["EC2", "ec2", "Singapore", "ec2_ap_southeast"],
        ["EC2", "ec2", "Sydney", "ec2_ap_southeast_2"],
        ["EC2", "ec2", "Ireland", "ec2_eu_west"],
        ["EC2", "ec2", "Sao Paulo", "ec2_sa_east"],
        ["EC2", "ec2", "N. Virginia", "ec2_us_east"],
        ["EC2", "ec2", "N. California", "ec2_us_west"],
        ["EC2", "ec2", "Oregon", "ec2_us_west_oregon"],
    ]
    titles = [row[0] for row in rows if row[0] not in ("EC2",)]
    assert [title for i, title in enumerate(titles) if i == 0 or titles[i - 1] != title][:14] == [
        "Other Server",
        "Azure",
        "Google Compute Engine",
        "NephoScale",
        "DigitalOcean",
        "Linode",
        "OpenStack",
        "Rackspace",
        "SoftLayer",
        "HP Helion Cloud",
        "Docker",
        "VMware vCloud",
        "Indonesian Cloud",
        "KVM (via libvirt)",
    ]


def test_user_info_has_the_tables_of_the_seed(world: World) -> None:
    told = world.mist("mist user-info", check=True)

    assert told.out.startswith("User Details:\n+")
    assert "\n\nCurrent Plan:\n+" in told.out
    details, plan = [row for row in told.rows if row[0] in ("country", "machine_limit")]
    assert details == ["country", "company_name", "number_of_servers", "name", "number_of_people"]
    assert plan == ["machine_limit", "promo_code", "title", "started", "isTrial", "has_expired", "expiration"]


@pytest.mark.parametrize(
    ("typed", "offered"), [("mist list-b", "list-backends"), ("mist describe-backend ", "Icehouse")]
)
def test_completion_offers_commands_and_names(world: World, typed: str, offered: str) -> None:
    world.mist("mist list-backends", check=True)  # names come from what was listed before
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": typed, "COMP_POINT": str(len(typed)), "_ARGCOMPLETE_IFS": "\n"}

    result = subprocess.run(
        ["bash", "-c", f'exec 8>&1; exec "{sys.executable}" -c "{RUN}"'],
        env={**world.environment, **asked},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert offered in [word.strip() for word in result.stdout.split("\n")], (result.stdout, result.stderr)


def test_the_shell_hook_of_the_seed_knows_mist() -> None:
    hook = os.path.join(os.path.dirname(sys.executable), "register-python-argcomplete")  # noqa: PTH118, PTH120

    result = subprocess.run([sys.executable, hook, "mist"], capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 0
    assert "mist" in result.stdout

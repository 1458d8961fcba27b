from __future__ import annotations

import email
import io
import json

import yaml

from mistserver.providers.libvirt.seed import Seed, iso_image

KEY = "ssh-ed25519 AAAA me@here"


def seed(**changes: object) -> Seed:
    values: dict[str, object] = {
        "instance_id": "i-1", "hostname": "web-1", "public_key": KEY, "user": None, "user_data": None,
        "macs": ("52:54:00:00:00:01",),
    }  # fmt: skip
    return Seed(**{**values, **changes})  # type: ignore[arg-type]


def test_the_seed_names_host_key_and_network() -> None:
    files = seed().files()
    config = yaml.safe_load(files["user-data"])
    assert files["user-data"].startswith("#cloud-config\n")
    assert config["ssh_authorized_keys"] == [KEY]
    assert config["disable_root"] is False
    assert yaml.safe_load(files["meta-data"]) == {"instance-id": "i-1", "local-hostname": "web-1"}
    assert json.loads(files["network-config"])["ethernets"]["nic0"]["match"] == {"macaddress": "52:54:00:00:00:01"}


def test_a_further_user_has_sudo_and_the_key() -> None:
    config = yaml.safe_load(seed(user="ops").files()["user-data"])
    assert config["users"][0] == "default"
    assert config["users"][1]["name"] == "ops"
    assert config["users"][1]["ssh_authorized_keys"] == [KEY]


def test_no_value_breaks_out_of_its_place() -> None:
    hostile = 'ssh-ed25519 AAAA"\nruncmd: [reboot]\n#'
    config = yaml.safe_load(seed(public_key=hostile).files()["user-data"])
    assert config["ssh_authorized_keys"] == [hostile]
    assert "runcmd" not in config


def test_user_data_of_the_caller_stands_beside_ours() -> None:
    message = email.message_from_string(seed(user_data="#!/bin/sh\necho ü\n").files()["user-data"])
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/mixed", "text/cloud-config", "text/x-shellscript"]
    script = message.get_payload()[1].get_payload(decode=True)  # type: ignore[index,union-attr]
    assert script == "#!/bin/sh\necho ü\n".encode()


def test_the_image_holds_the_files_under_their_own_names() -> None:
    import pycdlib

    files = seed().files()
    image = pycdlib.PyCdlib()
    image.open_fp(io.BytesIO(iso_image(files)))
    try:
        assert image.pvd.volume_identifier.strip() == b"cidata"
        for name, text in files.items():
            for path in ({"rr_path": f"/{name}"}, {"joliet_path": f"/{name}"}):
                out = io.BytesIO()
                image.get_file_from_iso_fp(out, **path)
                assert out.getvalue().decode() == text
    finally:
        image.close()

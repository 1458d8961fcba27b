"""The NoCloud seed: a small ISO image from which cloud-init takes host name, users, keys and network."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

from mistserver.providers.cloud_init import combined


@dataclass(frozen=True)
class Seed:
    """What a guest is told at its first boot. `user` is made beside the image's own user, with sudo."""

    instance_id: str
    hostname: str
    public_key: str | None
    user: str | None
    user_data: str | None
    macs: tuple[str, ...]

    def files(self) -> dict[str, str]:
        """The seed's files. JSON is YAML too, so no value can break out of its place."""
        meta = {"instance-id": self.instance_id, "local-hostname": self.hostname}
        cards = {
            f"nic{number}": {"match": {"macaddress": mac}, "dhcp4": True, "dhcp6": True, "optional": number > 0}
            for number, mac in enumerate(self.macs)
        }
        files = {"meta-data": json.dumps(meta), "user-data": combined(self._config(), self.user_data)}
        if cards:
            files["network-config"] = json.dumps({"version": 2, "ethernets": cards})
        return {name: f"{text}\n" for name, text in files.items()}

    def _config(self) -> dict[str, object]:
        keys = [self.public_key] if self.public_key else []
        config: dict[str, object] = {"hostname": self.hostname, "preserve_hostname": False, "disable_root": False}
        if keys:
            config["ssh_authorized_keys"] = keys
        if self.user and self.user != "root":
            config["users"] = [
                "default",
                {
                    "name": self.user,
                    "sudo": "ALL=(ALL) NOPASSWD:ALL",
                    "lock_passwd": True,
                    "ssh_authorized_keys": keys,
                },
            ]
        return config


def iso_image(files: dict[str, str]) -> bytes:
    """An ISO 9660 image labelled `cidata` that holds these files in its root, under their own names."""
    import pycdlib

    image = pycdlib.PyCdlib()
    image.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident="cidata")
    for number, (name, text) in enumerate(files.items()):
        data = text.encode()
        image.add_fp(
            io.BytesIO(data), len(data), f"/FILE{number}.;1", rr_name=name, joliet_path=f"/{name}"
        )  # fmt: skip
    out = io.BytesIO()
    image.write_fp(out)
    image.close()
    return out.getvalue()

"""What the project of Compute Engine's stand-in holds, and the forms of Google's keys and errors."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.lab.stand_in import Reply

PROJECT = "gifted-electron-10"
EMAIL = "46234234246-3oiuoiu0980989873yui@developer.gserviceaccount.com"
BASE = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}"
ZONES = ("europe-west1-b", "us-central1-a")
TYPES = {"e2-micro": (2, 1024), "n2-standard-2": (2, 8192), "c9-standard-2": (2, 8192)}
NETWORK = {"name": "default", "selfLink": f"{BASE}/global/networks/default", "autoCreateSubnetworks": True}
BY_HAND = {
    "name": "by-hand",
    "selfLink": f"{BASE}/global/networks/by-hand",
    "autoCreateSubnetworks": False,
    "subnetworks": [f"{BASE}/regions/us-central1/subnetworks/first"],
}
SUBNET = {
    "kind": "compute#subnetwork",
    "name": "default",
    "region": f"{BASE}/regions/us-central1",
    "network": NETWORK["selfLink"],
    "ipCidrRange": "10.128.0.0/20",
}
IMAGES: dict[str, list[dict[str, Any]]] = {
    "debian-cloud": [
        {"name": "debian-13-trixie-v20260714", "family": "debian-13", "description": "Debian, Debian GNU/Linux, 13"},
        {"name": "debian-12-bookworm-v20260714", "family": "debian-12", "description": "Debian, Debian GNU/Linux, 12"},
        {"name": "debian-10-buster-v20220719", "family": "debian-10", "description": "Debian, Debian GNU/Linux, 10"},
    ],
    "ubuntu-os-cloud": [
        {"name": "ubuntu-2404-noble-amd64-v20260720", "family": "ubuntu-2404-lts-amd64", "description": "Ubuntu 24.04"}
    ],
    PROJECT: [{"name": "my-image"}],
}
OLD = {"name": "debian-12-bookworm-v20240101", "deprecated": {"state": "OBSOLETE"}}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey = KEY) -> str:
    """A private key as Google's console gives it."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def refusal(status: int, reason: str, message: str) -> Reply:
    """In the form of https://cloud.google.com/apis/design/errors as Compute Engine writes it."""
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return Reply(status, {"error": {"code": status, "message": message, "errors": errors}})


def known_images() -> set[str]:
    """What `sourceImage` may say."""
    return {
        f"projects/{project}/global/images/{name}"
        for project, images in IMAGES.items()
        for image in images
        for name in (image["name"], f"family/{image.get('family')}")
    }

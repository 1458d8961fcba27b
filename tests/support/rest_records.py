"""What the miniature service holds: the things that the seed's examples name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mistclient

AT = "2026-11-23T12:00:00Z"
METRICS = [
    {"id": "load.shortterm", "name": "Load", "unit": "", "shown": True},
    {"id": "users", "name": "Users", "unit": "", "shown": False},
]
BY_HAND = {"machine_id": "m", "commands": "DIR=/opt/mist-collectd sh ...\n"}
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n"
PUBLIC = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDPVpYTrLy4Hc9AmGVV1zVGlnJGUEVCk3xzZ50Yg"

BACKENDS = (
    ("openstackaf0.mist.io", "2Mn2ZnCoXhK3ywqzGn1fzWVmSSe6", "bare_metal"),
    ("Icehouse", "4ukW6Juooqa8bTu2YgM4mE8RAsk7", "openstack"),
    ("EC2 AP Sydney", "25ykPERh5D17DyoeKsCgw35DLmvw", "ec2", "ec2_ap_southeast_2"),
    ("Openstack Juno", "2u5yKqXmDiZ7BHCk1u17FFcmFS2m", "openstack"),
    ("HP Helion Cloud", "3WwgPBXETjdeMEbM5fUCACSvedGT", "hpcloud"),
    ("Google Compute Engine", "g6T3HYae2ZMcHfHyFGKVtMG6PZU", "gce"),
    ("Docker", "B3rbEA6bteaqMWJ4obVbgbqrXWf", "docker"),
    ("openstackdfe.mist.io", "XMdRN2u3NVASMm14BuHo4HJnS15", "bare_metal"),
)
KEYS = ("Dummy", "testkey", "DemoKey", "TestKey", "ParisDemo")
MACHINES = (
    ("atlanta", "c9411bbe-2bb2-4a88-996c-d831272b426e", "running"),
    ("db-server-1", "m1", "running"),
    ("mongo.myserver", "m3", "running"),
)
CATALOG: dict[str, list[dict[str, Any]]] = {
    "images": [
        {"id": own_id, "name": name, "star": True, "extra": {}}
        for own_id, name in (
            ("755c8a98-882f-4dd2-9598-5c01c039e63a", "Fedora-x86_64-20-20140618-sda"),
            ("cbcc00f7-6ec0-41a5-ad42-3008143a77b2", "cirros-0.3.2-x86_64-uec"),
        )
    ],
    "sizes": [
        {
            "id": "219",
            "name": "CS05-SSD - 0.5GB, 1Core, 25GB, 10 Gbps",
            "ram_mb": 512,
            "disk_gb": 25,
            "bandwidth_gb": None,
            "price": None,
            "driver": "NephoScale",
            "cores": 1,
            "extra": {},
        },
        {
            "id": "5",
            "name": "CS05 - 0.5GB, 1Core, 25GB, 1 Gbps",
            "ram_mb": 512,
            "disk_gb": 25,
            "bandwidth_gb": None,
            "price": None,
            "driver": "NephoScale",
            "cores": 1,
            "extra": {},
        },
    ],
    "locations": [
        {"id": "86945", "name": "SJC-1", "country": "US"},
        {"id": "87729", "name": "RIC-1", "country": "US"},
    ],
    "networks": [{"id": "n1", "name": "private", "status": "ACTIVE", "subnets": [], "extra": {}}],
}
ME: dict[str, Any] = {
    "account": {"id": "a1", "name": "Mist"},
    "scope": "admin",
    "user_details": {
        "country": "Greece",
        "company_name": "Mist",
        "number_of_servers": "1-5",
        "name": "John Doe",
        "number_of_people": "1-5",
    },
    "current_plan": {
        "machine_limit": 20,
        "promo_code": "",
        "title": "Startup",
        "started": 1382986190,
        "isTrial": True,
        "has_expired": False,
        "expiration": 865_401_478_895,
    },
}
PROBE: dict[str, Any] = {
    "uptime_s": 93784.5,
    "load": [0.1, 0.2, 0.3],
    "cores": 2,
    "users": 1,
    "disks": [{"mount": "/", "size_bytes": 20 * 2**30, "used_bytes": 5 * 2**30}],
    "kernel": "6.1.0",
    "distribution": "Debian 12",
    "user": "root",
    "key_id": "key-MyKey",
    "host_key_fingerprint": "SHA256:abc",
    "took_s": 0.25,
}
HOST_KEY: dict[str, Any] = {
    "host": "109.59.77.32",
    "port": 22,
    "algorithm": "ssh-ed25519",
    "public": "ssh-ed25519 AAAA",
    "fingerprint": "SHA256:abc",
    "first_seen_at": AT,
}


def backend(name: str, own_id: str, provider: str, region: str | None = None) -> dict[str, Any]:
    return {
        "id": own_id,
        "name": name,
        "provider": provider,
        "provider_label": region or provider,
        "region": region,
        "endpoint": None,
        "settings": {},
        "enabled": True,
        "state": "online",
        "address_use": "public",
        "jump_host": None,
        "created_at": AT,
        "read_at": AT,
        "trouble": None,
    }


def key(name: str, is_default: bool) -> dict[str, Any]:
    return {
        "id": f"key-{name}",
        "name": name,
        "algorithm": "ssh-rsa",
        "bits": 2048,
        "public": PUBLIC,
        "fingerprint": "SHA256:abc",
        "is_default": is_default,
        "created_at": AT,
    }


def machine(name: str, own_id: str, state: str) -> dict[str, Any]:
    return {
        "id": own_id,
        "backend_id": BACKENDS[1][1],
        "backend_name": "Icehouse",
        "provider": "openstack",
        "external_id": f"x-{own_id}",
        "name": name,
        "state": state,
        "public_ips": ["109.59.77.32"],
        "private_ips": [],
        "size": None,
        "image": None,
        "location": None,
        "tags": ["dev"] if name == "atlanta" else [],
        "actions": ["reboot", "stop", "destroy"],
        "created_at": AT,
        "seen_at": AT,
        "stale": False,
        "ssh_host": None,
        "ssh_port": None,
        "extra": {},
    }


def job(own_id: str, kind: str, title: str) -> dict[str, Any]:
    return {
        "id": own_id,
        "kind": kind,
        "state": "queued",
        "title": title,
        "subject_type": None,
        "subject_id": None,
        "params": {},
        "created_by": "user@mist.io",
        "created_at": AT,
        "started_at": None,
        "finished_at": None,
        "total": 0,
        "done": 0,
        "failed": 0,
        "steps": [],
        "result": None,
        "error": None,
        "cancel_requested": False,
    }


def item(job_id: str, of: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made = {
        "job_id": job_id,
        "machine_id": of["id"],
        "machine_name": of["name"],
        "state": "succeeded",
        "exit_code": 0,
        "user": "root",
        "started_at": AT,
        "finished_at": AT,
        "stdout": "",
        "stderr": "",
        "stdout_bytes": 0,
        "stderr_bytes": 0,
        "error": None,
    }
    return {**made, **changes}


def user(own_id: str, email: str) -> dict[str, Any]:
    return {
        "id": own_id,
        "account_id": "a1",
        "email": email,
        "name": "John Doe",
        "role": "admin",
        "created_at": AT,
    }


def token(own_id: str, name: str) -> dict[str, Any]:
    return {
        "id": own_id,
        "user_id": "u1",
        "name": name,
        "scope": "read",
        "kind": "token",
        "created_at": AT,
        "expires_at": None,
        "last_used_at": None,
    }


def event(seq: int) -> dict[str, Any]:
    return {
        "seq": seq,
        "kind": "backend.added",
        "at": AT,
        "actor": "user@mist.io",
        "subject_type": "backend",
        "subject_id": f"b{seq}",
        "subject_name": "Docker",
        "outcome": "succeeded",
        "message": f"message {seq}",
        "details": {},
        "job_id": None,
        "request_id": "r1",
    }


def providers() -> list[dict[str, Any]]:
    path = Path(str(mistclient.__file__)).with_name("providers.json")
    return list(json.loads(path.read_text())["items"])


def select(term: str, things: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Exact before substring, as the service does it."""
    folded = term.casefold()

    def name(thing: dict[str, Any]) -> str:
        return str(thing.get("name") or thing.get("email"))

    def searched(thing: dict[str, Any]) -> str:
        return f"{name(thing)}\n{thing['id']}\n{thing.get('provider')}".casefold()

    levels = (
        ("id", [thing for thing in things if thing["id"] == term]),
        ("name", [thing for thing in things if term in (name(thing), thing.get("email"))]),
        ("name_ignoring_case", [thing for thing in things if name(thing).casefold() == folded]),
        ("substring", [thing for thing in things if folded in searched(thing)]),
    )
    return next(((level, found) for level, found in levels if found), ("none", []))

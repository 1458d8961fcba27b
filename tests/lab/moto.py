"""EC2 as moto plays it, in a process of its own, with access keys that it checks."""

from __future__ import annotations

import contextlib
import json
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.daemon import Daemon, answers, free_port

ALLOWED = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}


@dataclass(frozen=True)
class Ec2Service:
    """Where it listens, and the keys of a user that may do everything with EC2."""

    endpoint: str
    api_key: str
    api_secret: str
    port: int


@contextlib.contextmanager
def ec2_service(folder: Path) -> Iterator[Ec2Service]:
    """A service with the images and instance types that moto carries, and a default VPC in each region."""
    pytest.importorskip("moto", reason="moto is not installed: make install")
    port = free_port()
    argv = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)]
    daemon = Daemon(argv, folder / "moto.log")
    try:
        daemon.wait_until(lambda: answers("127.0.0.1", port), 60)
        endpoint = f"http://127.0.0.1:{port}"
        key, secret = _user(endpoint)
        yield Ec2Service(endpoint, key, secret, port)
    finally:
        daemon.stop()


def client(service: Ec2Service, region: str, name: str = "ec2") -> Any:
    """A plain boto3 client, for what a test has to arrange or to see behind the provider's back."""
    import boto3

    return boto3.client(
        name,
        endpoint_url=service.endpoint,
        region_name=region,
        aws_access_key_id=service.api_key,
        aws_secret_access_key=service.api_secret,
    )


def _user(endpoint: str) -> tuple[str, str]:
    """A user with access keys; from then on moto checks every signature."""
    iam = client(Ec2Service(endpoint, "setup", "setup", 0), "us-east-1", "iam")
    iam.create_user(UserName="lab")
    policy = iam.create_policy(PolicyName="lab", PolicyDocument=json.dumps(ALLOWED))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="lab", PolicyArn=policy)
    key = iam.create_access_key(UserName="lab")["AccessKey"]
    ask = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(ask, timeout=10).close()
    return key["AccessKeyId"], key["SecretAccessKey"]

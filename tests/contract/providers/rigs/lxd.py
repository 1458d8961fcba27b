"""A private LXD with real containers, over HTTPS and over its socket."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from mistserver.domain.errors import ProviderNotFound, ProviderQuota
from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry
from mistserver.providers.base import Account
from tests.contract.providers.rig import Rig
from tests.lab.certificates import Authority
from tests.lab.lxd import IMAGE, PROJECT, LxdHost


class LxdRig(Rig):
    id = "lxd"
    http = True
    endpoints = True
    create_needle = b"POST /1.0/instances?"
    resizes_running = True
    refusals = {"no quota": ProviderQuota, "unknown image": ProviderNotFound}
    tags = ("blue", "env=prod, 'east'\u00e9")

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        yield cls(request.getfixturevalue("lxd_server"))

    def __init__(self, host: LxdHost) -> None:
        self._host = host

    def _account(self, **given: Any) -> Account:
        pair = self._host.client
        common = {"cert_file": pair.certificate, "key_file": pair.private, "project": PROJECT, "image_server": "none"}
        settings = registry.load(self.id).read_settings({"host": "127.0.0.1", **common, **given})
        return Account(settings=settings)

    def account(self) -> Account:
        return self._account(port=self._host.port, fingerprint=self._host.fingerprint)

    def refused(self) -> Account:
        stranger = Authority().client("a stranger")
        pair = {"cert_file": stranger.certificate, "key_file": stranger.private, "token": "not the secret"}
        return self._account(port=self._host.port, fingerprint=self._host.fingerprint, **pair)

    def at(self, port: int) -> Account:
        return self.pointed(f"http://127.0.0.1:{port}")

    def pointed(self, url: str, ca_pem: str | None = None) -> Account:
        return replace(self._account(), endpoint=url, ca_pem=ca_pem, timeout_s=1.0)

    def dial(self) -> Callable[[], socket.socket]:
        return self._host.dial

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=IMAGE, size="1-512")

    @contextlib.contextmanager
    def refusing(self, why: str) -> Iterator[None]:
        if why == "no quota":
            with self._limited():
                yield
            return
        target = self._host.query("GET", f"/1.0/images/aliases/{IMAGE}")["target"]
        self._host.query("DELETE", f"/1.0/images/aliases/{IMAGE}")
        try:
            yield
        finally:
            self._host.query("POST", "/1.0/images/aliases", {"name": IMAGE, "target": target})

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        self._host.lxc("project", "set", PROJECT, "limits.instances=0")
        try:
            yield
        finally:
            self._host.lxc("project", "unset", PROJECT, "limits.instances")

    @contextlib.contextmanager
    def shell(self) -> Iterator[str]:
        with self.opened() as provider:
            machine = provider.create(self.spec(f"shell-{secrets.token_hex(3)}", secrets.token_hex(8)))
            try:
                yield machine.external_id
            finally:
                provider.destroy(machine.external_id)


RIG = LxdRig

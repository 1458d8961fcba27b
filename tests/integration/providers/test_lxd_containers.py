"""The LXD provider on a real server, beyond what every provider owes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineReading, MachineSpec, MachineState
from mistserver.providers.base import Account, Command
from mistserver.providers.lxd import Lxd
from tests.lab.bridge import lab_bridge
from tests.lab.certificates import Authority
from tests.lab.lxd import IMAGE, POOL, PROJECT, LxdHost
from tests.lab.sshd import key_pair
from tests.lab.waiting import eventually

Make = Callable[..., MachineReading]


@contextmanager
def opened(lxd: LxdHost, /, **given: Any) -> Iterator[Lxd]:
    pair = lxd.client
    settings = {"host": "127.0.0.1", "port": lxd.port, "cert_file": pair.certificate, "key_file": pair.private}
    settings |= {"fingerprint": lxd.fingerprint, "project": PROJECT, "image_server": "none", **given}
    provider = Lxd(Account(settings=Lxd.read_settings({key: each for key, each in settings.items() if each})))
    try:
        provider.open()
        yield provider
    finally:
        provider.close()


@pytest.fixture
def provider(lxd_server: LxdHost) -> Iterator[Lxd]:
    with opened(lxd_server) as provider:
        yield provider


@pytest.fixture
def make(provider: Lxd) -> Iterator[Make]:
    """Makes machines that are gone afterwards."""
    made = []

    def create(**given: Any) -> MachineReading:
        spec = MachineSpec(name=f"t-{secrets.token_hex(4)}", mark=secrets.token_hex(8), image=IMAGE, **given)
        Lxd.check_spec(spec)
        made.append(spec.name)
        return provider.create(spec)

    yield create
    for name in made:
        provider.destroy(name)


def addresses(provider: Lxd, name: str) -> tuple[str, ...]:
    found = provider.read_machine(name)
    return found.private_ips if found else ()


def test_the_key_opens_the_machine(provider: Lxd, make: Make) -> None:
    pair = key_pair()
    machine = make(public_key=pair.public)
    (address,) = eventually(lambda: addresses(provider, machine.external_id), 30)
    with lab_bridge({"its": pair.private}) as bridge:
        done = eventually(lambda: reached(bridge, address), 30)
    assert done.stdout.decode().strip() == machine.name


def reached(bridge: Any, address: str) -> Any:
    try:
        return bridge.run(address, 22, "root", "its", "hostname", 10)
    except errors.MachineUnreachable:  # its SSH server is not up yet
        return None


def test_a_token_makes_the_certificate_known(lxd_server: LxdHost) -> None:
    pair = Authority().client("somebody new")
    given = {"cert_file": pair.certificate, "key_file": pair.private, "token": lxd_server.token()}
    with opened(lxd_server, **given, fingerprint=None) as provider:
        provider.check()
    with opened(lxd_server, **{**given, "token": None}) as provider:
        provider.check()


def test_the_socket_needs_no_certificate(lxd_server: LxdHost) -> None:
    path = str(lxd_server.socket_path)
    with opened(lxd_server, host=path, cert_file=None, key_file=None, fingerprint=None) as provider:
        provider.check()
        assert provider.list_locations()


def test_another_servers_certificate_is_refused(lxd_server: LxdHost) -> None:
    with pytest.raises(errors.ProviderUnreachable, match="not trusted"), opened(lxd_server, fingerprint="ab" * 32):
        pass


def test_an_unknown_project_is_called_that(lxd_server: LxdHost) -> None:
    with opened(lxd_server, project="nowhere") as provider, pytest.raises(errors.ProviderNotFound, match="Project"):
        provider.check()


def test_a_making_that_broke_off_is_gone_on_with(lxd_server: LxdHost, provider: Lxd) -> None:
    mark, pair = secrets.token_hex(8), key_pair()
    config = ("-c", f"user.mist-mark={mark}", "-c", f"user.mist-key={pair.public}")
    lxd_server.lxc("init", IMAGE, "broken-off", "--project", PROJECT, "--quiet", *config)
    found = provider.find_marked(mark)
    assert found is not None
    assert (found.name, found.state) == ("broken-off", MachineState.RUNNING)
    known = lxd_server.lxc("file", "pull", "--project", PROJECT, "broken-off/root/.ssh/authorized_keys", "-")
    assert pair.public in known.splitlines()
    provider.stop("broken-off")
    again = provider.find_marked(mark)
    assert again is not None
    assert again.state is MachineState.STOPPED
    provider.destroy("broken-off")


def test_the_same_create_again_makes_no_second_machine(provider: Lxd, make: Make) -> None:
    machine = make()
    spec = MachineSpec(name=machine.name, mark=machine.mark or "", image=IMAGE)
    assert provider.create(spec).external_id == machine.external_id
    with pytest.raises(errors.AlreadyExists, match="already"):
        provider.create(MachineSpec(name=machine.name, mark="another", image=IMAGE))


def test_what_a_create_asks_for_is_there(lxd_server: LxdHost, make: Make) -> None:
    extra = {"pool": POOL, "config": {"boot.autostart": "false"}, "profiles": ["default"]}
    user_data, tags = "#cloud-config\n{}\n", ("a b", "c=d")
    machine = make(size="1-256-3", user_data=user_data, tags=tags, networks=(lxd_server.network,), extra=extra)
    told = lxd_server.query("GET", f"/1.0/instances/{machine.name}?project={PROJECT}")
    assert told["config"]["cloud-init.user-data"] == user_data
    assert told["config"]["limits.memory"] == "256MiB"
    assert told["config"]["boot.autostart"] == "false"
    assert told["devices"]["root"] == {"type": "disk", "path": "/", "pool": POOL, "size": "3GiB"}
    assert told["devices"]["eth0"] == {"type": "nic", "network": lxd_server.network}
    assert (machine.tags, machine.size) == (tags, "1-256")


def test_a_frozen_machine_is_woken(lxd_server: LxdHost, provider: Lxd, make: Make) -> None:
    machine = make()
    lxd_server.lxc("pause", machine.name, "--project", PROJECT)
    assert provider.known(machine.name).state is MachineState.PAUSED
    provider.start(machine.name)
    assert provider.known(machine.name).state is MachineState.RUNNING


def test_a_stopped_machine_is_not_rebooted(provider: Lxd, make: Make) -> None:
    machine = make()
    provider.stop(machine.name)
    with pytest.raises(errors.Conflict, match="start it instead"):
        provider.reboot(machine.name)


def test_a_command_runs_as_another_user(provider: Lxd, make: Make) -> None:
    machine, said = make(), []
    provider.exec(machine.name, Command("id -u; pwd", 20, lambda stream, data: said.append(data), user="sshd"))
    assert b"".join(said) == b"100\n/run/sshd\n"


def test_a_machine_that_is_stopped_takes_no_commands(provider: Lxd, make: Make) -> None:
    machine = make()
    provider.stop(machine.name)
    with pytest.raises(errors.MachineUnreachable):
        provider.open_terminal(machine.name, None, 80, 24, None)

"""Getting in: users, keys, host keys, jump hosts, on real sshd."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from mistserver.domain.errors import HostKeyChanged, MachineAuthFailed, MachineUnreachable
from mistserver.ssh.command import run
from mistserver.ssh.pool import Pool
from mistserver.ssh.target import Target
from tests.integration.ssh.kit import Bench, Book, eventually, logins, material, target
from tests.lab.sshd import Sshd, account, key_pair, sshd

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="logging in as root needs root")


async def test_first_sight_is_told_and_remembered(server: Sshd, bench: Bench, book: Book) -> None:
    first = await bench.pool().connect(target(server))
    second = await bench.pool().connect(target(server))

    assert first.first_sight
    assert not second.first_sight
    assert first.host_key_fingerprint == second.host_key_fingerprint
    assert book.known("machine", server.host, server.port) == [server.host_key_line]
    assert (first.user, first.key_id) == (server.user, "key")


async def test_callers_share_one_connection(server: Sshd, pool: Pool) -> None:
    before = logins(server)

    connections = await asyncio.gather(*(pool.connect(target(server)) for _ in range(20)))

    assert logins(server) == before + 1
    assert len({id(connection.link) for connection in connections}) == 1


async def test_users_are_tried_in_turn(server: Sshd, pool: Pool) -> None:
    connection = await pool.connect(target(server, users=("nobody-here", "neither", server.user)))

    assert connection.user == server.user


async def test_a_connection_found_by_a_walk_serves_later_callers_in_any_order_of_users(
    server: Sshd, pool: Pool
) -> None:
    first = await pool.connect(target(server, users=("nobody-here", server.user)))
    second = await pool.connect(target(server, users=(server.user, "nobody-here")))

    assert first.link is second.link


@pytest.mark.parametrize("tries", ["1", "2", "6"])
async def test_many_keys_pass_under_the_servers_limit(tries: str, bench: Bench) -> None:
    wrong = tuple(material(key_pair(), f"wrong{n}") for n in range(7))
    with sshd(options={"MaxAuthTries": tries}) as server:
        keys = (*wrong, material(server.key, "right"))
        connection = await bench.pool().connect(target(server, keys=keys))

        assert connection.key_id == "right"


async def test_no_key_fits(server: Sshd, pool: Pool) -> None:
    with pytest.raises(MachineAuthFailed) as caught:
        await pool.connect(target(server, users=("nobody-here", server.user), keys=(material(key_pair()),)))

    assert f"{server.host}:{server.port} accepted none of 1 key as nobody-here, {server.user}" in caught.value.message
    assert caught.value.facts["host"] == server.host


@pytest.mark.parametrize(
    "words", ['Please login as the "{}" user', 'Please login as the user "{}" rather than "root".']
)
async def test_a_banner_that_names_the_user_is_followed(words: str, bench: Bench) -> None:
    with sshd(banner=words.format(account()) + "\n") as server:
        connection = await bench.pool().connect(target(server, users=("nobody-here", "neither")))

        assert connection.user == server.user


async def test_a_user_given_alone_is_not_replaced(bench: Bench) -> None:
    with (
        sshd(banner=f"Please login as the user {account()}\n") as server,
        pytest.raises(MachineAuthFailed, match="Please login as"),
    ):
        await bench.pool().connect(target(server, users=("nobody-here",)))


@AS_ROOT
async def test_root_that_is_only_sent_away_is_followed_to_the_real_user(bench: Bench) -> None:
    with sshd() as server:
        words = f'Please login as the user \\"{server.user}\\" rather than the user \\"root\\".'
        server.authorize(f"command=\"echo '{words}';echo;sleep 10;exit 142\" {server.key.public}", "root")

        connection = await bench.pool().connect(target(server, users=("root", "ubuntu")))

        assert connection.user == server.user
        assert (await run(connection, "id -un", timeout_s=5)).stdout.decode().strip() == server.user


@pytest.mark.parametrize("new", ["ed25519", "rsa", "ecdsa"])
async def test_a_changed_host_key_is_refused_before_any_login(new: str, bench: Bench) -> None:
    with sshd(options={"LogLevel": "DEBUG1"}) as server:
        await bench.pool().connect(target(server))
        server.set_host_keys(new)
        server.restart()
        seen = len(server.log_text())

        with pytest.raises(HostKeyChanged) as caught:
            await bench.pool().connect(target(server))
        await eventually(lambda: "Host key is not trusted" in server.log_text()[seen:])
        assert "userauth-request" not in server.log_text()[seen:]
    assert caught.value.facts["host"] == server.host
    assert caught.value.facts["shown"].startswith("SHA256:")
    assert caught.value.facts["known"][0].startswith("SHA256:")


async def test_keys_that_a_known_server_announces_are_learned(bench: Bench, book: Book) -> None:
    with sshd(host_keys=("ed25519", "ecdsa")) as server:
        book.remember("machine", server.host, server.port, server.host_key_lines[0], "SHA256:")
        await bench.pool().connect(target(server))

        await eventually(lambda: set(server.host_key_lines) == set(book.known("machine", server.host, server.port)))


async def test_a_machine_behind_a_jump_host(server: Sshd, bench: Bench, book: Book) -> None:
    with sshd() as jump_server:
        way = target(server, jump=target(jump_server, owner="jump"))
        connection = await bench.pool().connect(way)
        result = await run(connection, "echo $SSH_CONNECTION", timeout_s=5)

    assert result.exit_code == 0
    assert book.known("jump", jump_server.host, jump_server.port) == [jump_server.host_key_line]
    assert book.known("machine", server.host, server.port) == [server.host_key_line]


async def test_a_jump_host_with_another_key_is_refused_under_its_own_name(server: Sshd, pool: Pool, book: Book) -> None:
    with sshd() as jump_server:
        book.remember("jump", jump_server.host, jump_server.port, key_pair().public, "SHA256:")

        with pytest.raises(HostKeyChanged, match=f":{jump_server.port} "):
            await pool.connect(target(server, jump=target(jump_server, owner="jump")))


async def test_a_port_that_the_jump_host_cannot_reach(server: Sshd, pool: Pool) -> None:
    way = Target("machine", "127.0.0.1", 1, (server.user,), (material(server.key),), target(server, owner="jump"))

    with pytest.raises(MachineUnreachable, match=r"127\.0\.0\.1:1 cannot be reached"):
        await pool.connect(way)


async def test_nothing_of_the_users_own_ssh_setup_is_used(
    server: Sshd, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host *\n  Port 1\n  User nobody\n  ProxyCommand false\n")
    (tmp_path / ".ssh" / "known_hosts").write_text(f"[{server.host}]:{server.port} {key_pair().public}\n")
    (tmp_path / ".ssh" / "id_ed25519").write_text(server.private_key_pem)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))

    assert (await pool.connect(target(server))).user == server.user
    with pytest.raises(MachineAuthFailed):
        await pool.connect(target(server, keys=(material(key_pair()),)))

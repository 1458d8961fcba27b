"""`true` on a hundred SSH hosts: Mist's pool beside a bare asyncssh script and beside Ansible."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path

import asyncssh

from benchmarks.measure import Figure, ms
from mistserver.ssh.command import run
from mistserver.ssh.pool import Pool
from mistserver.ssh.target import KeyMaterial, Target
from tests.lab.sshd import Fleet, FleetHost, fleet

HOSTS = 100
ANSIBLE = "BENCH_ANSIBLE"  # the path of an `ansible` command, which has an environment of its own
Runs = tuple[float, float]  # seconds of the first run and of a second one on what the first left open


class KnownHosts:
    """The fleet's host keys, known before, as after an earlier run."""

    def __init__(self, hosts: Sequence[FleetHost]) -> None:
        self._lines = {host.host: [host.host_key_line] for host in hosts}

    def known(self, owner: str, host: str, port: int) -> Sequence[str]:
        return self._lines[host]

    def remember(self, owner: str, host: str, port: int, line: str, fingerprint: str) -> None:
        self._lines[host].append(line)


async def through_pool(hosts: Fleet) -> Runs:
    """Two runs through a fresh pool."""
    pool = Pool(KnownHosts(hosts.hosts), connect_timeout_s=30, keepalive_s=15, idle_s=600)
    key = KeyMaterial("key", hosts.private_key_pem.encode())

    async def one(host: FleetHost) -> int | None:
        connection = await pool.connect(Target(host.host, host.host, host.port, (hosts.user,), (key,)))
        return (await run(connection, "true", timeout_s=60)).exit_code

    try:
        return await _timed(one, hosts), await _timed(one, hosts)
    finally:
        await pool.close()


async def through_bare_asyncssh(hosts: Fleet) -> Runs:
    """What a script of ten lines does: all at once, no host keys, connections closed at the end."""
    key = asyncssh.import_private_key(hosts.private_key_pem)

    async def one(host: FleetHost) -> int | None:
        async with asyncssh.connect(
            host.host, host.port, username=hosts.user, client_keys=[key], known_hosts=None, config=None
        ) as connection:
            return (await connection.run("true")).exit_status

    return await _timed(one, hosts), await _timed(one, hosts)


def through_ansible(hosts: Fleet, ansible: str) -> float:
    """Seconds of `ansible -m raw` with 50 forks, without its persistent connections."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "key").touch(mode=0o600)
        (folder / "key").write_text(hosts.private_key_pem)
        (folder / "hosts").write_text("".join(f"{host.host} ansible_port={host.port}\n" for host in hosts.hosts))
        options = "-o ControlMaster=no -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -F none"
        argv = [ansible, "all", "-i", str(folder / "hosts"), "-m", "raw", "-a", "true", "-f", "50", "-u", hosts.user]
        argv += ["--private-key", str(folder / "key"), f"--ssh-common-args={options}"]
        started = time.perf_counter()
        env = {**os.environ, "ANSIBLE_HOME": name, "ANSIBLE_HOST_KEY_CHECKING": "False", "LC_ALL": "C.UTF-8"}
        subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL, timeout=600)
        return time.perf_counter() - started


def figures(full: bool = False) -> Iterator[Figure]:
    """Also without Ansible; why it is left out is told on stderr."""
    with fleet(HOSTS) as hosts:
        asyncio.run(through_bare_asyncssh(hosts))  # so that no party pays for the cold start of a hundred servers
        pairs = [(asyncio.run(through_pool(hosts)), asyncio.run(through_bare_asyncssh(hosts))) for _ in _rounds(full)]
        first, second = _medians(ours for ours, _ in pairs)
        bare, _ = _medians(theirs for _, theirs in pairs)
        ansible = os.environ.get(ANSIBLE) or shutil.which("ansible")
        raw = statistics.median(through_ansible(hosts, ansible) for _ in range(2)) if ansible else None
    name = f"`true` on {HOSTS} SSH hosts"
    yield Figure(f"{name}: pool : bare asyncssh", first / bare, 1.3, ms(first), ms(bare))
    yield Figure(f"{name}: first run : second run", first / second, 4, ms(first), ms(second), at_least=True)
    if raw is None:
        print(f"ansible is left out: it is not installed (set {ANSIBLE} to its path)", file=sys.stderr)
        return
    yield Figure(f"{name}: ansible -m raw -f 50 : pool", raw / first, 3, ms(raw), ms(first), at_least=True)


async def _timed(one: Callable[[FleetHost], Awaitable[int | None]], hosts: Fleet) -> float:
    started = time.perf_counter()
    codes = await asyncio.gather(*(one(host) for host in hosts.hosts))
    took_s = time.perf_counter() - started
    if set(codes) != {0}:
        raise RuntimeError(f"some of the hosts failed: {codes}")
    return took_s


def _medians(runs: Iterable[Runs]) -> Runs:
    firsts, seconds = zip(*runs, strict=True)
    return statistics.median(firsts), statistics.median(seconds)


def _rounds(full: bool) -> range:
    return range(7 if full else 3)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run_fleet", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more rounds")
    parser.add_argument("--ansible", help="the path of an ansible command, in an environment of its own")
    options = parser.parse_args()
    if options.ansible:
        os.environ[ANSIBLE] = options.ansible
    all_kept = True
    for figure in figures(full=options.full):
        print(figure.line(), flush=True)
        all_kept = all_kept and figure.kept
    return 0 if all_kept else 1


if __name__ == "__main__":
    sys.exit(main())

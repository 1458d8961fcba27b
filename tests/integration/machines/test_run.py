"""Commands on many real machines at once, some of which misbehave."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from mistserver.domain.account import Role, Scope
from mistserver.domain.errors import Forbidden, InvalidInput, NotFound
from mistserver.domain.job import JobItem, JobState
from mistserver.domain.key import HostKey
from mistserver.domain.machine import Machine, MachineState
from mistserver.jobs.engine import NewJob
from mistserver.services.machines import run
from mistserver.services.machines.run import RunCommand
from mistserver.store import host_keys, job_items, jobs, machines, tags
from mistserver.store.host_keys import Remembered
from tests.lab.sshd import Sshd, fleet, key_pair
from tests.support.small_service import NOW, Small


async def test_a_command_runs_and_its_output_is_kept(small: Small, server: Sshd, machine: Machine) -> None:
    job = await run.submit(small.ctx, small.actor, RunCommand(command="echo hello; id -un; echo oops >&2", all=True))
    ended = await small.ended(job.id)

    item = small.items(job.id)[machine.name]
    assert ended.state == JobState.SUCCEEDED, ended.error
    assert ended.result == {"succeeded": 1, "failed": 0, "unreachable": 0}
    assert (ended.total, ended.done, ended.failed) == (1, 1, 0)
    assert (item.exit_code, item.user) == (0, server.user)
    assert (item.stdout, item.stderr) == (f"hello\n{server.user}\n", "oops\n")


async def test_machines_that_hang_refuse_flood_or_changed_their_key_are_named(small: Small) -> None:
    with fleet(4) as hosts, socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("", 0)) as gone:
        gone_port = gone.getsockname()[1]
        gone.close()
        stored = small.add_backend(settings={"machine_ip": "x", "machine_user": hosts.user})
        small.add_key("lab", hosts.private_key_pem, hosts.key.public, default=True)
        for name, host in zip(("good", "flood", "slow", "rebuilt"), hosts.hosts, strict=True):
            small.add_machine(stored, name, host.host, ssh_port=host.port)
        small.add_machine(stored, "silent", "127.0.0.1", ssh_port=silent.getsockname()[1])
        small.add_machine(stored, "refuses", "127.0.0.1", ssh_port=gone_port)
        small.add_machine(stored, "off", "127.0.0.1", state=MachineState.STOPPED)
        rebuilt = next(item for item in _machines(small) if item.name == "rebuilt")
        _remember(small, rebuilt, key_pair().public)
        command = (
            f"case $SSH_CONNECTION in *{hosts.hosts[1].host}*) yes line | head -c 8000000;; "
            f"*{hosts.hosts[2].host}*) sleep 300;; *) echo fine;; esac"
        )
        job = await run.submit(small.ctx, small.actor, RunCommand(command=command, all=True, timeout_s=8))
        ended = await small.ended(job.id)

    items = small.items(job.id)
    codes = {name: item.error["code"] if item.error else None for name, item in items.items()}
    assert codes == {
        "good": None,
        "flood": None,
        "slow": "machine_timeout",
        "rebuilt": "host_key_changed",
        "silent": "machine_timeout",
        "refuses": "machine_unreachable",
        "off": "conflict",
    }
    assert items["good"].stdout == "fine\n"
    assert items["flood"].stdout_bytes == 8_000_000
    assert len(items["flood"].stdout) < 1_100_000
    assert "rest of this output was left out" in items["flood"].stdout[-200:]
    assert ended.state == JobState.FAILED
    assert ended.result == {"succeeded": 2, "failed": 2, "unreachable": 3}


async def test_a_script_runs_with_its_interpreter(small: Small, machine: Machine) -> None:
    script = "#!/usr/bin/env python3\nimport sys\nprint('from python')\nsys.exit(3)\n"

    job = await run.submit(small.ctx, small.actor, RunCommand(script=script, all=True))
    await small.ended(job.id)

    item = small.items(job.id)[machine.name]
    assert (item.state, item.exit_code, item.stdout) == (JobState.FAILED, 3, "from python\n")
    assert "from python" not in repr(small.job(job.id).params)


async def test_a_machine_that_its_provider_reaches_needs_no_ssh(small: Small, here: Machine) -> None:
    job = await run.submit(small.ctx, small.actor, RunCommand(command="echo here; exit 5", machines=[here.id]))
    await small.ended(job.id)

    item = small.items(job.id)["here"]
    assert (item.exit_code, item.stdout) == (5, "here\n")


async def test_only_machines_with_the_tag_are_asked(small: Small, machine: Machine, here: Machine) -> None:
    small.write(tags.add, machine.id, ["dev"])

    job = await run.submit(small.ctx, small.actor, RunCommand(command="true", tag="dev"))

    assert list(small.items(job.id)) == [machine.name]
    await small.ended(job.id)
    with pytest.raises(NotFound, match="No machines found with tag: other") as caught:
        await run.submit(small.ctx, small.actor, RunCommand(command="true", tag="other"))
    assert caught.value.facts["matched"] == 0


async def test_a_retry_asks_only_those_that_failed(small: Small, machine: Machine, here: Machine) -> None:
    command = 'case "$SSH_CONNECTION" in "") exit 1;; esac'
    first = await run.submit(small.ctx, small.actor, RunCommand(command=command, all=True))
    await small.ended(first.id)

    second = await run.retry(small.ctx, small.actor, first.id)
    await small.ended(second.id)

    assert list(small.items(second.id)) == ["here"]
    assert small.job(second.id).params["retry_of"] == first.id


async def test_cancelling_ends_it_on_the_machine(small: Small, machine: Machine) -> None:
    job = await run.submit(small.ctx, small.actor, RunCommand(command="echo begun; sleep 300", all=True))
    with small.ctx.jobs.signals.watch(jobs.topic(job.id)) as watch:
        while not small.output(job.id, machine.id, "stdout"):
            await watch.wait(1.0)

    small.write(jobs.request_cancel, job.id)
    ended = await small.ended(job.id)

    assert ended.state == JobState.CANCELLED
    assert small.items(job.id)[machine.name].state == JobState.CANCELLED


async def test_a_resumed_run_does_not_ask_a_machine_twice(small: Small, machine: Machine, here: Machine) -> None:
    new = NewJob.by(
        small.actor, run.KIND, "run true", items=[(machine.id, machine.name), (here.id, "here")],
        params={"command": "echo again", "sudo": False, "user": None, "parallel": 5, "timeout_s": 10},
    )  # fmt: skip
    begun = JobItem(
        job_id=new.id, machine_id=machine.id, machine_name=machine.name, state=JobState.RUNNING, started_at=NOW
    )

    def left_by_a_crash(connection: Any) -> None:
        small.ctx.jobs.submit(connection, new)
        job_items.save(connection, new.id, [begun])

    small.write(left_by_a_crash)
    await small.ctx.jobs.kick(new.id)
    ended = await small.ended(new.id)

    items = small.items(new.id)
    assert items["here"].stdout == "again\n"
    assert items[machine.name].stdout == ""
    assert items[machine.name].error is not None
    assert "whether it finished is unknown" in items[machine.name].error["message"]
    assert ended.result == {"succeeded": 1, "failed": 1, "unreachable": 0}


@pytest.mark.parametrize(
    "request_",
    [
        RunCommand(all=True),
        RunCommand(command="true", script="true", all=True),
        RunCommand(command=" ", all=True),
        RunCommand(command="a\0b", all=True),
        RunCommand(command="true"),
        RunCommand(command="true", all=True, tag="dev"),
        RunCommand(command="true", all=True, user="-oProxyCommand=x"),
        RunCommand(command="true", all=True, parallel=0),
        RunCommand(command="true", all=True, timeout_s=-1),
    ],
)
async def test_what_cannot_be_meant_is_refused_at_once(small: Small, request_: RunCommand) -> None:
    with pytest.raises(InvalidInput):
        await run.submit(small.ctx, small.actor, request_)


async def test_only_who_may_and_only_ones_own(small: Small, machine: Machine) -> None:
    with pytest.raises(Forbidden):
        await run.submit(small.ctx, small.as_role(Role.VIEWER, Scope.READ), RunCommand(command="true", all=True))
    with pytest.raises(NotFound):
        await run.submit(small.ctx, small.as_stranger(), RunCommand(command="true", machines=[machine.id]))


def _machines(small: Small) -> list[Machine]:
    found: list[Machine] = small.read(machines.find, small.actor.account_id, machines.Filter())
    return found


def _remember(small: Small, machine: Machine, public: str) -> None:
    key = HostKey(
        host=machine.public_ips[0],
        port=machine.ssh_port or 22,
        algorithm=public.split()[0],
        public=public,
        fingerprint="SHA256:old",
        first_seen_at=NOW,
    )
    owner = host_keys.machine_owner(machine.id)
    small.write(host_keys.remember, Remembered(account_id=small.actor.account_id, owner=owner, key=key))

"""Commands on many real machines at once, some of which misbehave."""

from __future__ import annotations

from mistserver.domain.job import JobState
from mistserver.services.machines import run
from mistserver.services.machines.run import RunCommand
from tests.lab.sshd import Sshd
from tests.support.small_service import Small


async def test_a_command_runs_and_its_output_is_kept(small: Small, server: Sshd) -> None:
    small.add_key("lab", server.private_key_pem, server.key.public, default=True)
    machine = small.add_machine(small.add_backend(), host=server.host, ssh_port=server.port)

    job = await run.submit(
        small.ctx, small.actor, RunCommand(command="echo hello; id -un; echo oops >&2", all=True, user=server.user)
    )
    ended = await small.ended(job.id)

    item = small.items(job.id)[machine.name]
    assert ended.state == JobState.SUCCEEDED, ended.error
    assert ended.result == {"succeeded": 1, "failed": 0, "unreachable": 0}
    assert (item.exit_code, item.user, item.stdout, item.stderr) == (
        0,
        server.user,
        f"hello\n{server.user}\n",
        "oops\n",
    )

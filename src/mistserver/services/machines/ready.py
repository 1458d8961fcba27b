"""When a new machine is ready: it answered an authenticated command. Then its script runs, once."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mistserver.domain.errors import (
    HostKeyChanged,
    InvalidInput,
    MachineAuthFailed,
    MachineError,
    MachineTimeout,
    MistError,
    NotFound,
    NotSupported,
    ProviderError,
    to_record,
)
from mistserver.domain.job import JobItem, JobState
from mistserver.domain.machine import Machine
from mistserver.jobs.engine import RunningJob
from mistserver.services.context import Context
from mistserver.services.machines import command_line
from mistserver.services.machines.execute import ask, open_way
from mistserver.services.machines.lines import Lines
from mistserver.services.machines.orders import Order
from mistserver.services.machines.reach import reach
from mistserver.services.machines.watch import Watch
from mistserver.store import machines

_PAUSE_S = 2.0
_PAUSE_AFTER_REFUSAL_S = 5.0  # servers keep those out for a while who offer many keys
_ANSWER_S = 20.0
_SHORTEST_SCRIPT_S = 600.0
_FINAL = (HostKeyChanged, InvalidInput, NotFound, NotSupported)


async def wait_for_answer(ctx: Context, job: RunningJob, watch: Watch, machine_id: str, until: datetime) -> None:
    """Until a command was answered. An open port, or a server that knows no key yet, is not ready."""
    while True:
        try:
            machine = await _machine(ctx, job, machine_id)
            way = await reach(ctx, job.account_id, machine)
            outcome, _ = await ask(ctx, way, Order(text="true", timeout_s=_ANSWER_S))
            if outcome.ok:
                return
            trouble: MistError = MachineError(f"{machine.name} answered, but could not run a command.")
        except _FINAL:
            raise
        except MistError as error:
            trouble = error
        if ctx.now() >= until:
            raise MachineTimeout(
                f"It did not answer a command over SSH in time ({trouble.message}).", last=trouble.code
            ) from None
        await job.pause(_PAUSE_AFTER_REFUSAL_S if isinstance(trouble, MachineAuthFailed) else _PAUSE_S)
        await _read(ctx, job, watch, machine_id)


async def run_script(ctx: Context, job: RunningJob, machine_id: str, until: datetime) -> None:
    """Run the job's script with its output kept; MachineError when it fails. After a crash it is not run again."""
    begun = next((item for item in await job.items() if item.machine_id == machine_id and item.started_at), None)
    if begun is not None:
        if begun.state == JobState.SUCCEEDED:
            return
        raise MachineError("The service stopped while the script ran; whether it finished is unknown.")
    machine = await _machine(ctx, job, machine_id)
    opened = await open_way(ctx, await reach(ctx, job.account_id, machine))
    item = JobItem(
        job_id=job.id,
        machine_id=machine.id,
        machine_name=machine.name,
        state=JobState.RUNNING,
        user=opened.user,
        started_at=ctx.now(),
    )
    await job.item(item)
    await job.flush()
    text, stdin = command_line.of_script(job.secret()["script"])
    left_s = max((until - ctx.now()).total_seconds(), _SHORTEST_SCRIPT_S)
    order = Order(text=text, stdin=stdin, sudo=bool(job.job.params["sudo"]), timeout_s=left_s)
    streams = {name: Lines(ctx.settings.run_output_bytes) for name in ("stdout", "stderr")}

    async def take(stream: str, data: bytes) -> None:
        await _say(job, machine, stream, streams[stream].feed(data))

    outcome = await opened.run(order, take)
    for stream, lines in streams.items():
        await _say(job, machine, stream, lines.finish())
    error: MistError | None = None
    if outcome.timed_out:
        error = MachineTimeout(f"The script did not finish within {left_s:g} s and was ended.")
    elif not outcome.ok:
        how = f"the exit code {outcome.exit_code}" if outcome.signal is None else f"the signal {outcome.signal}"
        error = MachineError(f"The script ended with {how}.", exit_code=outcome.exit_code)
    ended = msgspec.structs.replace(
        item,
        state=JobState.SUCCEEDED if error is None else JobState.FAILED,
        exit_code=outcome.exit_code,
        finished_at=ctx.now(),
        stdout_bytes=streams["stdout"].bytes,
        stderr_bytes=streams["stderr"].bytes,
        error=to_record(error) if error else None,
    )
    await job.item(ended)
    await job.flush()
    if error is not None:
        raise error


async def _say(job: RunningJob, machine: Machine, stream: str, text: str) -> None:
    if text:
        await job.output(machine.id, machine.name, stream, text)


async def _machine(ctx: Context, job: RunningJob, machine_id: str) -> Machine:
    machine = await ctx.database.read(machines.get, job.account_id, machine_id)
    if machine is None:
        raise NotFound("It is gone.", noun="machine", id=machine_id)
    return machine


async def _read(ctx: Context, job: RunningJob, watch: Watch, machine_id: str) -> None:
    """Addresses may come later than the state."""
    machine = await _machine(ctx, job, machine_id)
    try:
        await watch.read(machine.external_id)
    except ProviderError as error:
        if not error.retryable:
            raise

"""The doing of a run: every machine at its own pace, so many at once, each result written as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from mistserver.domain.account import Role
from mistserver.domain.errors import (
    Conflict,
    Forbidden,
    HostKeyChanged,
    JobFailed,
    MachineAuthFailed,
    MachineError,
    MachineTimeout,
    MachineUnreachable,
    MistError,
    NotFound,
    to_record,
)
from mistserver.domain.job import TERMINAL, JobItem, JobState
from mistserver.domain.machine import Machine, MachineState
from mistserver.jobs.engine import RunningJob, handler
from mistserver.jobs.running import unexpected
from mistserver.services.context import Context
from mistserver.services.machines import command_line
from mistserver.services.machines.execute import Opened
from mistserver.services.machines.lines import Lines
from mistserver.services.machines.orders import Order, Outcome
from mistserver.services.machines.reach import ExecWay, SshWay, Wanted, Way, dial, note_success, reach_all
from mistserver.services.machines.together import together
from mistserver.store import machines, users

if TYPE_CHECKING:
    from mistserver.ssh.pool import Connection

KIND = "run"
_TOGETHER_S = 0.03
_NOT_RUNNING = {MachineState.STOPPED, MachineState.PAUSED, MachineState.SUSPENDED, MachineState.TERMINATED}
_NEVER_REACHED = (MachineUnreachable, MachineAuthFailed, HostKeyChanged, MachineTimeout)


@handler(KIND, at_once=True)
async def run(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """Do what is left of a run. A machine on which it had begun before a crash is not asked again."""
    user = await ctx.database.read(users.get, job.account_id, job.actor.user_id)
    if user is None or user.role == Role.VIEWER:
        raise Forbidden(f"{job.job.created_by} may no longer run commands; nothing was run on the remaining machines.")
    work = RunWork(ctx, job, _order(job))
    await work.take_up(await job.items())
    await _unless_cancelled(job, work.all_machines())
    return work.summary()


async def _unless_cancelled(job: RunningJob, work: Coroutine[Any, Any, None]) -> None:
    """Wait for the work, or for the user to cancel the job; what still runs then is ended on the machines."""
    task, stop = asyncio.ensure_future(work), asyncio.ensure_future(job.cancelled.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    job.check()
    task.result()


def _order(job: RunningJob) -> Order:
    params = job.job.params
    stdin = b""
    if params["command"] is not None:
        text = command_line.of_command(params["command"])
    else:
        text, stdin = command_line.of_script(job.secret()["script"])
    return Order(text=text, stdin=stdin, sudo=params["sudo"], user=params["user"], timeout_s=params["timeout_s"])


@dataclass
class RunWork:
    """One run while it is under way."""

    ctx: Context
    job: RunningJob
    order: Order
    left: list[JobItem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"succeeded": 0, "failed": 0, "unreachable": 0})
    connected: list[tuple[SshWay, Connection]] = field(default_factory=list)
    _write: asyncio.Future[None] | None = None

    async def take_up(self, items: Sequence[JobItem]) -> None:
        """Count what ended before; what had begun without an end is unknown for ever."""
        for item in items:
            if item.state in TERMINAL:
                self._count(item)
            elif item.state == JobState.RUNNING:
                lost = MachineError("The service stopped while it ran; whether it finished is unknown.")
                await self._end(item, error=lost)
            else:
                self.left.append(item)

    async def all_machines(self) -> None:
        """Work through what is left, in the order of the asking."""
        found = await self._found()
        ways = await reach_all(self.ctx, self.job.account_id, list(found.values()), Wanted(user=self.order.user))
        at_once = min(int(self.job.job.params["parallel"]), len(self.left))
        try:
            await together(
                self.left, lambda item: self._one(item, found.get(item.machine_id), ways.get(item.machine_id)), at_once
            )
        finally:
            await note_success(self.ctx, self.connected)

    def summary(self) -> dict[str, Any]:
        """The result when all went well; JobFailed with the same facts when it did not."""
        bad = self.counts["failed"] + self.counts["unreachable"]
        if not bad:
            return dict(self.counts)
        total = bad + self.counts["succeeded"]
        raise JobFailed(f"It failed on {bad} of {total} machine{'s' if total != 1 else ''}.", **self.counts)

    async def _found(self) -> dict[str, Machine]:
        ids = [item.machine_id for item in self.left]
        found = await self.ctx.database.read(machines.get_many, self.job.account_id, ids)
        return {machine.id: machine for machine in found}

    async def _one(self, item: JobItem, machine: Machine | None, way: Way | MistError | None) -> None:
        try:
            if machine is None or way is None:
                raise NotFound(f"The machine {item.machine_name} is gone.", noun="machine", id=item.machine_id)
            if machine.state in _NOT_RUNNING or not machine.external_id:
                raise Conflict(f"The machine {machine.name} is {machine.state}; start it first (mist start).")
            if isinstance(way, MistError):
                raise way
            await self._open_and_run(item, way)
        except MistError as error:
            await self._end(item, error=error)
        except Exception as error:
            await self._end(item, error=unexpected(error))

    async def _open_and_run(self, item: JobItem, way: Way) -> None:
        opened = Opened(self.ctx, way, await dial(self.ctx, way) if isinstance(way, SshWay) else None)
        if isinstance(way, SshWay) and opened.connection is not None:
            self.connected.append((way, opened.connection))
        begun = msgspec.structs.replace(
            item, state=JobState.RUNNING, user=opened.user or self.order.user, started_at=self.ctx.now()
        )
        await self.job.item(begun)
        await self._run(begun, opened, after=self._written())

    def _written(self) -> asyncio.Future[None]:
        """Known to have begun before it begins, so that after a crash it is not run twice; many wait for one write."""
        if self._write is None:
            self._write = asyncio.ensure_future(self._write_soon())
        return self._write

    async def _write_soon(self) -> None:
        await asyncio.sleep(_TOGETHER_S)
        self._write = None
        await self.job.flush()

    async def _run(self, begun: JobItem, opened: Opened, after: asyncio.Future[None]) -> None:
        limit = self.ctx.settings.run_output_bytes
        streams = {"stdout": Lines(limit), "stderr": Lines(limit)}

        async def take(stream: str, data: bytes) -> None:
            text = streams[stream].feed(data)
            if text:
                await self.job.output(begun.machine_id, begun.machine_name, stream, text)

        outcome: Outcome | None = None
        failure: MistError | None = None
        try:
            outcome = await opened.run(self.order, take, after)
        except MistError as error:
            failure = error
        for stream, lines in streams.items():
            rest = lines.finish()
            if rest:
                await self.job.output(begun.machine_id, begun.machine_name, stream, rest)
        if outcome is not None and outcome.timed_out:
            failure = MachineTimeout(f"It did not finish within {self.order.timeout_s:g} s and was ended.")
        counted = msgspec.structs.replace(
            begun,
            exit_code=outcome.exit_code if outcome else None,
            stdout_bytes=streams["stdout"].bytes,
            stderr_bytes=streams["stderr"].bytes,
        )
        if failure is None and outcome is not None and outcome.exit_code is None:
            failure = MachineError(f"It was ended by the signal {outcome.signal or 'unknown'}.", signal=outcome.signal)
        if failure is None and isinstance(opened.way, ExecWay) and outcome is not None:
            counted = msgspec.structs.replace(counted, user=outcome.user or counted.user)
        await self._end(counted, error=failure)

    async def _end(self, item: JobItem, error: MistError | None) -> None:
        good = error is None and item.exit_code == 0
        ended = msgspec.structs.replace(
            item,
            state=JobState.SUCCEEDED if good else JobState.FAILED,
            finished_at=self.ctx.now(),
            error=to_record(error) if error is not None else None,
        )
        self._count(ended)
        await self.job.item(ended)
        done = sum(self.counts.values())
        await self.job.progress(done, done - self.counts["succeeded"])

    def _count(self, item: JobItem) -> None:
        codes = {error.code for error in _NEVER_REACHED}
        if item.state == JobState.SUCCEEDED:
            self.counts["succeeded"] += 1
        elif item.started_at is None and item.error is not None and item.error["code"] in codes:
            self.counts["unreachable"] += 1
        else:
            self.counts["failed"] += 1

"""The doing of a create, step by step, for one machine or many. What exists is never taken away again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.errors import Conflict, JobFailed, MistError, NotFound, ProviderRejected, from_record, to_record
from mistserver.domain.job import JobItem, JobState
from mistserver.domain.machine import MachineReading, MachineState
from mistserver.jobs.engine import RunningJob, handler
from mistserver.jobs.stops import JobCancelled
from mistserver.providers import registry
from mistserver.providers.base import Provider
from mistserver.services.context import Context
from mistserver.services.machines import create_plan, ready
from mistserver.services.machines.create_once import LOST, Creator
from mistserver.services.machines.create_plan import Asked, Told
from mistserver.services.machines.together import together
from mistserver.services.machines.watch import Watch, why
from mistserver.services.monitoring.enable import enable_new
from mistserver.store import backends, inventory, keys
from mistserver.store.backends import StoredBackend
from mistserver.store.keys import StoredKey

_AT_ONCE = 8
_STOPPED_LOOKS = 3  # a machine may be shown as stopped for a moment before it starts

Work = Callable[[Asked], Coroutine[Any, Any, Any]]


@handler(create_plan.KIND)
async def run(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """Every step may be done again after a crash: it looks first."""
    stored, key = await ctx.database.read(_prepare, job)
    work = CreateWork(ctx, job, stored, key)
    wanted = [step.name for step in job.job.steps]
    try:
        for name, phase in work.phases().items():
            if name in wanted:
                await work.do(name, phase)
        return await work.result()
    except JobCancelled:
        await work.forget_unasked()
        raise


def _prepare(connection: Connection, job: RunningJob) -> tuple[StoredBackend, StoredKey | None]:
    params = job.job.params
    stored = backends.get(connection, job.account_id, params["backend_id"])
    if stored is None:
        raise NotFound("The backend is gone.", noun="backend", id=params["backend_id"])
    key = keys.get(connection, job.account_id, params["key_id"]) if params["key_id"] else None
    return stored, key


@dataclass
class CreateWork:
    """One create while it is under way. `failed` holds why a machine is not worked on any more."""

    ctx: Context
    job: RunningJob
    stored: StoredBackend
    key: StoredKey | None
    external_ids: dict[str, str] = field(default_factory=dict)
    failed: dict[str, MistError] = field(default_factory=dict)
    ended: int = 0

    def __post_init__(self) -> None:
        params = self.job.job.params
        self.asked = [msgspec.convert(item, Asked) for item in params["machines"]]
        self.until: datetime = (self.job.job.started_at or self.ctx.now()) + timedelta(seconds=params["wait_timeout_s"])
        self.told = msgspec.convert(self.job.secret()["told"], Told)
        begun = next((step.state for step in self.job.job.steps if step.name == create_plan.CREATE), JobState.QUEUED)
        self.creator = Creator(
            self.ctx, self.job, self.stored, self.told, self.key, self.until, begun != JobState.QUEUED
        )

    def phases(self) -> dict[str, Work]:
        """The steps in their order."""
        return {
            create_plan.VALIDATE: self._validate,
            create_plan.CREATE: self._create,
            create_plan.RUNNING: self._running,
            create_plan.SSH: self._answer,
            create_plan.SCRIPT: self._script,
            create_plan.TAG: self._tag,
            create_plan.MONITOR: self._monitor,
        }

    async def do(self, name: str, phase: Work) -> None:
        """One step on every machine that is left; when none is, the step fails with the first machine's reason."""

        async def step() -> dict[str, Any]:
            made: dict[str, Any] = {}

            async def one(asked: Asked) -> None:
                try:
                    made[asked.id] = {"value": await phase(asked)}
                except MistError as error:
                    made[asked.id] = {"error": to_record(self._told_where(asked, name, error))}

            await together(left, one, _AT_ONCE)
            if all("error" in result for result in made.values()):
                raise self._worst([from_record(made[asked.id]["error"]) for asked in left])
            return made

        left = [asked for asked in self.asked if asked.id not in self.failed]
        results = await self.job.step(name, step)
        for asked in left:
            result = results[asked.id]
            if "error" in result:
                self.failed[asked.id] = from_record(result["error"])
                await self._note(asked, JobState.FAILED)
            elif name == create_plan.CREATE:
                self.external_ids[asked.id] = result["value"]

    async def forget_unasked(self) -> None:
        """Take machines out of the lists that no provider was asked for."""
        for asked in self.asked:
            if not self.creator.begun and asked.id not in self.creator.asked_for:
                await self._never_made(asked)

    async def result(self) -> dict[str, Any]:
        """The machines that are there; JobFailed, with the same facts, when some are missing."""
        made = [asked for asked in self.asked if asked.id not in self.failed]
        for asked in made:
            await self._note(asked, JobState.SUCCEEDED)
        facts = {
            "machine_id": made[0].id if made else None,
            "machine_ids": [asked.id for asked in made],
            "machines": [
                {"id": asked.id, "name": asked.name, "external_id": self.external_ids[asked.id]} for asked in made
            ],
        }
        if self.failed:
            first = next(iter(self.failed.values()))
            raise JobFailed(
                f"{len(self.failed)} of {len(self.asked)} machines were not created as asked: {first.message}", **facts
            )
        return facts

    async def _note(self, asked: Asked, state: JobState) -> None:
        """The result on one machine of several; a script has written its own."""
        if len(self.asked) == 1:
            return
        self.ended += 1
        await self.job.progress(self.ended, len(self.failed))
        error = self.failed.get(asked.id)
        await self.job.item(
            JobItem(
                job_id=self.job.id,
                machine_id=asked.id,
                machine_name=asked.name,
                state=state,
                finished_at=self.ctx.now(),
                error=to_record(error) if error else None,
            )
        )

    def _worst(self, errors: list[MistError]) -> MistError:
        if len(self.asked) == 1:
            return errors[0]
        return JobFailed(f"None of {len(self.asked)} machines was created as asked: {errors[0].message}")

    def _told_where(self, asked: Asked, step: str, error: MistError) -> MistError:
        """The same error with its step, and what exists nevertheless; of several machines it says which."""
        external_id = self.external_ids.get(asked.id)
        exists = (
            f" {asked.name} exists at {self.stored.name} (id {external_id}) and was left as it is."
            if external_id
            else ""
        )
        facts = {"step": step, "machine_id": asked.id, "external_id": external_id}
        place = [asked.name] * (len(self.asked) > 1) + [step] * (step != "create")
        said = f"{', '.join(place)}: " if place else ""
        return type(error)(f"{said}{error.message}{exists}", **error.facts | facts)

    async def _validate(self, asked: Asked) -> None:
        try:
            self._check(asked)
        except MistError:
            await self._never_made(asked)
            raise

    def _check(self, asked: Asked) -> None:
        if not self.stored.backend.enabled:
            raise Conflict(f"The backend {self.stored.name!r} is disabled; enable it first.")
        if self.job.job.params["key_id"] and self.key is None:
            raise NotFound("The key was deleted meanwhile.", noun="key")
        provider = registry.load(self.stored.backend.provider)
        provider.check_spec(create_plan.spec(self.told, asked.name, asked.mark, self.key))

    async def _create(self, asked: Asked) -> str:
        try:
            reading = await self.creator.create(asked)
        except LOST:
            raise  # it may appear yet: its row waits for it
        except MistError:
            await self._never_made(asked)
            raise
        self.external_ids[asked.id] = reading.external_id
        return reading.external_id

    async def _running(self, asked: Asked) -> None:
        looks = 0

        def settled(reading: MachineReading | None) -> bool:
            nonlocal looks
            if reading is None or reading.state == MachineState.RUNNING:
                return reading is not None
            looks += reading.state in (MachineState.STOPPED, MachineState.TERMINATED)
            if reading.state == MachineState.ERROR or looks >= _STOPPED_LOOKS:
                raise ProviderRejected(
                    f"It went into the state {reading.state} instead of running{why(reading)}.", state=reading.state
                )
            return False

        late = "It did not run in time"
        await self._watch().wait(self.external_ids[asked.id], settled, late)

    async def _answer(self, asked: Asked) -> None:
        await ready.wait_for_answer(self.ctx, self.job, self._watch(), asked.id, self.until)

    async def _script(self, asked: Asked) -> None:
        await ready.run_script(self.ctx, self.job, asked.id, self.until)

    async def _tag(self, asked: Asked) -> None:
        """Native tags went with the create call; those that are missing are added now."""
        external_id = self.external_ids[asked.id]
        reading = await self._watch().read(external_id)
        missing = [tag for tag in self.told.tags if reading is None or tag not in reading.tags]
        for tag in missing:
            await self.ctx.providers.call(self.ctx, self.stored, _adding(external_id, tag))
        if missing:
            await self._watch().read(external_id)

    async def _monitor(self, asked: Asked) -> None:
        await enable_new(self.ctx, self.job, asked.id)

    async def _never_made(self, asked: Asked) -> None:
        await self.ctx.database.write(inventory.hide, self.job.account_id, asked.id, self.ctx.now())

    def _watch(self) -> Watch:
        return Watch(self.ctx, self.job, self.stored, self.until)


def _adding(external_id: str, tag: str) -> Callable[[Provider], None]:
    return lambda provider: provider.add_tag(external_id, tag)

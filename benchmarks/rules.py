"""10 000 rules on 500 machines judged in a turn, with all that it does: the database, the newest samples, the sums."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks.measure import Figure, ms
from mistserver.domain.ids import new_id
from mistserver.domain.machine import MachineReading, MachineState
from mistserver.domain.monitoring import Monitoring
from mistserver.domain.rule import Aggregate, Operator, Rule, RuleAction
from mistserver.monitoring.samples import Kind, batch
from mistserver.services.alerts.evaluate import Evaluation
from mistserver.store import alerts, inventory, migrate, monitoring, rules
from mistserver.store.database import Database
from tests.support.quiet_service import Quiet, quiet_service
from tests.support.small_service import Small

MACHINES = 500
RULES_EACH = 20
LIMIT_S = 1.0
_OTHERS = tuple(f"df.disk{n}.df_complex.free" for n in range(RULES_EACH - 4))
METRICS = ("load.shortterm", "cpu.total.nonidle", "memory.nonfree_percent", "nodata", *_OTHERS)
FIRING = "load.shortterm"
SENT = ("load.shortterm", "cpu.percent.idle", "memory.used", "memory.free", "memory.cached", *_OTHERS)


def figures(full: bool = False) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        took_s = asyncio.run(_turns(Path(name), 15 if full else 5))
    typical = statistics.median(took_s)
    yield Figure(
        f"{MACHINES * RULES_EACH} rules judged : 1 s of one core",
        typical / LIMIT_S,
        1.0,
        ms(typical),
        ms(LIMIT_S),
        notes={"slowest": ms(max(took_s)), "measured as": "processor time of all threads"},
    )


async def _turns(folder: Path, rounds: int) -> list[float]:
    database = Database(f"sqlite:///{folder / 'mist.db'}")
    migrate.upgrade(database)
    quiet = quiet_service(database, data_dir=folder)
    now = datetime.now(UTC)
    machines = _fill(quiet, now)
    store = await quiet.ctx.metrics.store()
    second = int(now.timestamp())
    for age in range(300, 0, -10):
        lines = [(name, Kind.GAUGE, second - age, float(age % 7)) for name in SENT]
        await asyncio.gather(*(store.append(machine, batch(lines)) for machine in machines))
    evaluation = Evaluation(quiet.ctx)
    await evaluation.turn()
    fired = quiet.read(alerts.open_ones)
    if len(fired) != MACHINES:
        raise AssertionError(f"{len(fired)} of {MACHINES} machines are known to break a rule")
    took_s = []
    for _ in range(rounds):
        begun = time.process_time()
        await evaluation.turn()
        took_s.append(time.process_time() - begun)
    await quiet.ctx.metrics.close()
    database.close()
    return took_s


def _fill(quiet: Quiet, now: datetime) -> list[str]:
    stored = Small(quiet.ctx, quiet.admin).add_backend()
    old = now - timedelta(hours=1)

    def work(connection: sa.Connection) -> list[str]:
        found = []
        for n in range(MACHINES):
            reading = MachineReading(name=f"m{n}", external_id=f"m{n}", state=MachineState.RUNNING)
            machine = inventory.put_reading(connection, stored, reading, old)
            record = Monitoring(machine_id=machine, way="by_hand", enabled_at=old)
            monitoring.put(connection, quiet.admin.account_id, record, "0" * 64)
            for metric in METRICS:
                rules.insert(connection, quiet.admin.account_id, _rule(quiet, (machine, metric), old))
            found.append(machine)
        return found

    made: list[str] = quiet.write(work)
    return made


def _rule(quiet: Quiet, about: tuple[str, str], at: datetime) -> Rule:
    return Rule(
        id=new_id(), name="bench", machine_id=about[0], tag=None, metric=about[1], operator=Operator.GT,
        value=-1.0 if about[1] == FIRING else 1e9,
        aggregate=Aggregate.ALL, window_s=90, for_s=0, action=RuleAction.NOTIFY, command=None, sudo=False,
        allow_destroy=False, channels=(), reminder_offset_s=0, enabled=True, user_id=quiet.admin.user_id,
        created_by=quiet.admin.email, created_at=at, changed_at=at,
    )  # fmt: skip

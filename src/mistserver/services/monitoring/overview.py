"""What every monitored machine of an account does just now."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.domain.sending import sending_of
from mistserver.services.context import Context
from mistserver.store import monitoring, sending

METRICS = (
    *("cpu.total.nonidle", "load.shortterm", "memory.nonfree_percent"),
    *("disk.total.disk_octets.read", "disk.total.disk_octets.write"),
    *("interface.total.if_octets.rx", "interface.total.if_octets.tx"),
)
_WINDOW_S = 120  # what is older is not "now" any more


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """`metrics`: the newest value of each within two minutes, None without one.

    `newest_at` is of anything that it sent, `age_s` how long ago that was, `silent` whether that is too long.
    """

    machine_id: str
    name: str
    newest_at: datetime | None
    age_s: float | None
    silent: bool
    interval_s: int
    metrics: dict[str, float | None]


async def overview(ctx: Context, actor: Actor) -> list[Now]:
    """By name. Reads memory, whatever the number of machines."""
    from mistserver.monitoring import recent

    actor.require(Scope.READ)
    machines = await ctx.database.read(monitoring.monitored, actor.account_id)
    expected = await ctx.database.read(sending.expected, actor.account_id)
    machines = [(id, name) for id, name in machines if id in expected]  # not disabled between the two
    if not machines:
        return []
    store = await ctx.metrics.store()
    sent = await store.sent([id for id, _ in machines])
    places, now = [(id, metric) for id, _ in machines for metric in METRICS], ctx.now()
    window = recent.last(_WINDOW_S, int(now.timestamp()))
    rows = (await recent.points(store, places, sent, window)).tolist()
    shown = []
    for at, (id, name) in enumerate(machines):
        newest = [_newest(row) for row in rows[at * len(METRICS) : (at + 1) * len(METRICS)]]
        second = sent[id].newest if id in sent else 0
        newest_at = datetime.fromtimestamp(second, UTC) if second else None
        heard = sending_of(expected[id], newest_at, now)
        shown.append(
            Now(
                machine_id=id,
                name=name,
                newest_at=newest_at,
                age_s=heard.age_s,
                silent=bool(heard.silent),
                interval_s=heard.interval_s,
                metrics=dict(zip(METRICS, newest, strict=True)),
            )
        )
    return shown


def _newest(row: list[float]) -> float | None:
    return next((value for value in reversed(row) if value == value), None)

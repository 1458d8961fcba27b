"""Judging every rule again and again, and keeping what comes of it."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.alert import AlertState
from mistserver.domain.errors import Unavailable
from mistserver.domain.rule import Rule
from mistserver.services.alerts.deciding import Changes, Known, decide
from mistserver.services.alerts.judging import Judge, Pair, pairs
from mistserver.services.context import Context
from mistserver.store import alerts, channels, events, messages, rules, services, silences, targets
from mistserver.store.alerts import StoredAlert
from mistserver.store.events import Facts

log = logging.getLogger(__name__)

LOOP = "rules"
EVERY_S = 10.0

Rules = dict[str, list[Rule]]


class Evaluation:
    """One per service. Between two turns only what need not be known again is remembered."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._judge = Judge()
        self._rules: Rules = {}
        self._stamp: object = None
        self._told_of_others = False

    async def turn(self) -> None:
        """Judge all rules of all accounts, and keep and tell what changed."""
        ctx = self._ctx
        now = ctx.now()
        about, known = await ctx.database.read(self._look, now)
        if not about and not known.open:
            return
        try:
            judged = await self._judge.judge(await ctx.metrics.store(), about, now) if about else {}
        except Unavailable as error:
            log.warning("rules are not judged: %s", error.message)
            return
        changes = decide(about, judged, known, now)
        if changes and not await ctx.database.write(self._keep, changes, now):
            log.warning("another service has come to judge the rules; what was judged here is dropped")

    def _look(self, connection: Connection, now: datetime) -> tuple[list[Pair], Known]:
        self._look_for_others(connection)
        stamp = rules.stamp(connection)
        if stamp != self._stamp:
            self._rules, self._stamp = rules.enabled(connection), stamp
        by_account: dict[str, list[targets.Target]] = defaultdict(list)
        if self._rules:
            for target in targets.every(connection):
                by_account[target.account_id].append(target)
        about = [pair for account, some in self._rules.items() for pair in pairs(some, by_account[account])]
        known = Known(
            open={(each.alert.rule_id, each.alert.machine_id): each for each in alerts.open_ones(connection)},
            silences=silences.in_force(connection, now),
            channels=channels.ids(connection),
            untold=messages.untold(connection),
        )
        return about, known

    def _look_for_others(self, connection: Connection) -> None:
        if self._told_of_others or self._ctx.database.is_sqlite or self._ctx.settings.metrics_url:
            return
        if len(services.living(connection)) > 1:
            self._told_of_others = True
            log.warning(
                "several services share this database, and each keeps the metrics that it takes for itself: rules see "
                "those of one alone; give all of them the same --metrics-url"
            )

    def _keep(self, connection: Connection, changes: Changes, now: datetime) -> bool:
        """False when this service was held up for so long that another one judges: it knows better by now."""
        if not self._ctx.jobs.has_loop(connection, LOOP):
            return False
        _keep(connection, changes, now)
        return True


def _keep(connection: Connection, changes: Changes, now: datetime) -> None:
    """What belongs to a rule or a channel that was deleted a moment ago is left out."""
    everything = [*changes.new, *changes.changed]
    there = rules.existing(connection, sorted({each.alert.rule_id for each in everything}))
    new = [each for each in changes.new if each.alert.rule_id in there]
    changed = [each for each in changes.changed if each.alert.rule_id in there]
    alerts.insert_all(connection, new)
    alerts.update_all(connection, changed)
    alerts.due(connection, changes.due)
    alerts.delete_all(connection, changes.gone)
    heard = {channel for ids in channels.ids(connection).values() for channel in ids}
    said = [each for each in changes.messages if each.rule_id in there and each.channel_id in heard]
    messages.add_all(connection, said)
    _record(connection, [*new, *changed], now)


def _record(connection: Connection, stored: Sequence[StoredAlert], now: datetime) -> None:
    happened: dict[tuple[str, str], list[Facts]] = defaultdict(list)
    for each in stored:
        alert = each.alert
        if alert.state == AlertState.FIRING and alert.fired_at == now:
            kind, message = "alert.fired", f"{alert.condition} on {alert.machine_name}"
        elif alert.state == AlertState.RESOLVED:
            kind, message = "alert.resolved", f"over: {alert.condition} on {alert.machine_name}"
        else:
            continue
        facts: Facts = {
            "account_id": each.account_id,
            "subject": ("machine", alert.machine_id, alert.machine_name),
            "message": message,
            "details": {"alert_id": alert.id, "rule_id": alert.rule_id, "value": alert.value},
            "at": now,
        }
        happened[each.account_id, kind].append(facts)
    for (_, kind), many in happened.items():
        events.record_all(connection, None, kind, many)

"""Which rules are broken on which machines, from the newest samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mistserver.domain.rule import NODATA, Rule
from mistserver.services.alerts.progress import Judged
from mistserver.store.targets import Target

if TYPE_CHECKING:
    from mistserver.monitoring.samples import Sent
    from mistserver.monitoring.storage import MetricStore

CLEAN_S = 30  # of history before a new or changed rule, or a machine's first data, is judged
STALLED_S = 60.0  # between two turns: what did not come meanwhile may not have been heard
_TOGETHER = 2000

Pair = tuple[Rule, Target]
Judgements = dict[tuple[str, str], Judged]  # by rule and machine; what cannot be judged now is not there


def pairs(rules: Sequence[Rule], targets: Sequence[Target]) -> Iterator[Pair]:
    """Each rule of an account with each of the account's machines that it is about."""
    by_id = {target.id: target for target in targets}
    by_tag: dict[str, list[Target]] = defaultdict(list)
    for target in targets:
        for tag in target.tags:
            by_tag[tag].append(target)
    for rule in rules:
        if rule.machine_id is not None:
            about = [by_id[rule.machine_id]] if rule.machine_id in by_id else []
        else:
            about = by_tag.get(rule.tag or "", [])
        for target in about:
            yield rule, target


class Judge:
    """Remembers since when it listens, and which machines it saw without any data."""

    def __init__(self) -> None:
        self._listening: datetime | None = None
        self._turn: datetime | None = None
        self._first: dict[str, datetime | None] = {}

    async def judge(self, store: MetricStore, about: Sequence[Pair], now: datetime) -> Judgements:
        """What is not heard while the service is down is nobody's silence: `nodata` waits for a whole window."""
        if self._turn is None or (now - self._turn).total_seconds() > STALLED_S:
            self._listening = now
        self._turn = now
        sent = await store.sent(list(dict.fromkeys(target.id for _, target in about)))
        self._note(sent, now)
        by_window: dict[int, list[Pair]] = defaultdict(list)
        for rule, target in about:
            if self._is_ripe(rule, target, sent[target.id], now):
                by_window[rule.window_s].append((rule, target))
        found: Judgements = {}
        for window_s, some in by_window.items():
            for first in range(0, len(some), _TOGETHER):
                found |= await _judged(store, some[first : first + _TOGETHER], sent, (window_s, now))
        return found

    def _note(self, sent: dict[str, Sent], now: datetime) -> None:
        for machine, what in sent.items():
            if what.newest == 0:
                self._first[machine] = None
            elif machine in self._first and self._first[machine] is None:
                self._first[machine] = now

    def _is_ripe(self, rule: Rule, target: Target, sent: Sent, now: datetime) -> bool:
        clean = timedelta(seconds=CLEAN_S)
        first = self._first.get(target.id, target.enabled_at)
        if sent.newest == 0 or first is None or now < max(first, rule.changed_at) + clean:
            return False
        if rule.metric != NODATA:
            return True
        return self._listening is not None and now >= self._listening + timedelta(seconds=rule.window_s)


async def _judged(
    store: MetricStore, about: Sequence[Pair], sent: dict[str, Sent], span: tuple[int, datetime]
) -> Judgements:
    from mistserver.monitoring import recent
    from mistserver.monitoring.rules import Conditions, verdicts

    window_s, now = span
    second = int(now.timestamp())
    places = [(target.id, rule.metric) for rule, target in about]
    points = await recent.points(store, places, sent, recent.last(window_s, second))
    for row, (rule, target) in enumerate(about):
        if rule.metric == NODATA:
            points[row, -1] = float(sent[target.id].newest < second - window_s)
    found = verdicts(Conditions.of([rule for rule, _ in about]), points)
    judged = zip(about, found.known.tolist(), found.triggered.tolist(), found.value.tolist(), strict=True)
    return {(rule.id, target.id): Judged(hit, value) for (rule, target), known, hit, value in judged if known}

"""A service whose clock stands until it is set, with monitored machines that send what a test says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mistserver.domain.alert import Alert, Channel, Message
from mistserver.domain.monitoring import Monitoring
from mistserver.domain.rule import Rule
from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.opening import Metrics
from mistserver.monitoring.samples import Kind, batch
from mistserver.services.alerts.deliver import Delivery
from mistserver.services.alerts.evaluate import Evaluation
from mistserver.services.context import Context
from mistserver.services.rules import add
from mistserver.services.rules.add import AddRule
from mistserver.store import alerts, channels, messages, monitoring, rules, tags
from mistserver.store.alerts import AlertQuery
from mistserver.store.backends import StoredBackend
from tests.support.small_service import Small

START = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> float:
        return self.now.timestamp()

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Clocked(Context):
    clock: Clock = field(default_factory=Clock)

    def now(self) -> datetime:
        return self.clock.now


@dataclass
class Watch:
    """What a test says and sees. `turn` is one judgement of all rules."""

    small: Small
    ctx: Clocked
    evaluation: Evaluation
    delivery: Delivery
    machines: dict[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str:
        return self.small.actor.account_id

    def machine(self, name: str, *words: str, backend: StoredBackend | None = None, **reading: Any) -> str:
        """A monitored machine with these tags."""
        stored = backend or self.small.add_backend()
        machine = self.small.add_machine(stored, name=name, **reading)
        record = Monitoring(machine_id=machine.id, way="by_hand", enabled_at=START - timedelta(hours=1))
        self.small.write(monitoring.put, self.account, record, "0" * 64)
        self.small.write(tags.add, machine.id, words)
        self.machines[name] = machine.id
        return machine.id

    async def rule(self, **given: Any) -> Rule:
        """One that is old enough to be judged."""
        asked: dict[str, Any] = {"metric": "load.shortterm", "value": 5.0, **given}
        made = await add.add(self.ctx, self.small.actor, AddRule(**asked))
        changed = self.ctx.now() - timedelta(minutes=1)
        old = {name: getattr(made, name) for name in made.__struct_fields__} | {"changed_at": changed}
        self.small.write(rules.update, Rule(**old), self.small.read(rules.script, made.id))
        return Rule(**old)

    def channel(self, name: str = "ops", url: str = "json://127.0.0.1:9/x") -> str:
        channel = Channel(id=(name * 22)[:22], name=name, kind="json", created_at=START)
        secret = self.ctx.vault.seal(url.encode(), f"channel:{channel.id}")
        self.small.write(channels.insert, self.account, channel, secret)
        return channel.id

    async def send(self, name: str, value: float, metric: str = "load.shortterm") -> None:
        """A sample ten seconds ago."""
        store = await self.ctx.metrics.store()
        second = int(self.ctx.now().timestamp()) - 10
        await store.append(self.machines[name], batch([(metric, Kind.GAUGE, second, value)]))

    async def turn(self, seconds: float = 10.0, **values: float) -> None:
        """Time passes, each named machine sends its load, and rules are judged."""
        self.ctx.clock.forward(seconds)
        for name, value in values.items():
            await self.send(name, value)
        await self.evaluation.turn()

    def alerts(self, everything: bool = True) -> list[Alert]:
        found: list[Alert] = self.small.read(alerts.page, self.account, AlertQuery(everything=everything)).items
        return found

    def states(self) -> list[str]:
        return [alert.state.value for alert in reversed(self.alerts())]

    def messages(self, channel_id: str) -> list[Message]:
        found: list[Message] = self.small.read(messages.of_channel, channel_id, 10_000)
        return found

    def kinds(self, channel_id: str) -> list[str]:
        return [message.kind.value for message in self.messages(channel_id)]

    async def deliver(self, seconds: float = 2.0) -> None:
        """Time passes, and what is due is sent, however long that takes."""
        self.ctx.clock.forward(seconds)
        await self.delivery.turn()
        await asyncio.gather(*self.delivery._sending.values())

    def restart(self) -> None:
        """What was only remembered is forgotten."""
        self.evaluation, self.delivery = Evaluation(self.ctx), Delivery(self.ctx)


def watching(small: Small, folder: Path) -> Watch:
    clock = Clock()
    metrics = Metrics(lambda: EmbeddedStore(folder, clock=clock))
    parts = {each.name: getattr(small.ctx, each.name) for each in fields(Context)} | {"metrics": metrics}
    ctx = Clocked(**parts, clock=clock)
    return Watch(small, ctx, Evaluation(ctx), Delivery(ctx))

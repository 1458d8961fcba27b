"""The doing of it: an agent is put on the machine, or none, and the first data is awaited. Part of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mistserver.domain.errors import MachineTimeout
from mistserver.jobs.engine import RunningJob
from mistserver.monitoring.agent import texts
from mistserver.monitoring.agent.texts import Target
from mistserver.services.context import Context
from mistserver.services.machines.execute import Opened, open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.reach import SshWay, reach
from mistserver.services.monitoring import agent, posts, tunnel
from mistserver.services.monitoring.agent import NotPackaged
from mistserver.services.monitoring.plugins import deployed
from mistserver.services.monitoring.tunnel import NoTunnel
from mistserver.store import monitoring

FIRST_DATA_S = 45.0
UNTOLD_S = 20.0  # without data after that, a machine that could not tell whether it reaches the service does not
_LOOK_S = 1.0


@dataclass(frozen=True)
class Wish:
    """`may_choose`: the machine is sampled where no agent can be put there."""

    password: str
    interval_s: int
    may_choose: bool


@dataclass
class Enabling:
    """One machine on its way to being monitored. Everything may be done again: it looks at what is there."""

    ctx: Context
    job: RunningJob
    found: Found
    wish: Wish

    async def install(self) -> dict[str, Any]:
        """What was done: `way`, and `said`, or `why` there is no agent."""
        opened = await self._open()
        seen = await agent.look(opened, self.found, public(self.ctx) + "/healthz")
        if not seen.root and self.wish.may_choose:
            return await self._agentless(f"{opened.user or 'its user'} may not become root there")
        try:
            return await self._put_there(opened, through_ssh=seen.reaches is False)
        except (NotPackaged, NoTunnel) as error:
            if not self.wish.may_choose:
                raise
            return await self._agentless(error.message)

    async def wait_for_data(self) -> None:
        """Until samples newer than the installation came; else with what is known of the reason."""
        since = int(self.ctx.now().timestamp()) - 1
        longest_s = 2.0 * self.wish.interval_s
        record = await self.ctx.database.read(monitoring.get, self.job.account_id, self.found.machine.id)
        if record is not None and record.way == "agent" and record.tunnel_port is None:
            if await self._came(since, max(UNTOLD_S, longest_s)):
                return
            opened = await self._open()
            if isinstance(opened.way, SshWay):
                await self._put_there(opened, through_ssh=True)
        if not await self._came(since, max(FIRST_DATA_S, longest_s)):
            raise MachineTimeout(await self._nothing())
        await self.ctx.database.write(monitoring.is_installed, self.found.machine.id, self.ctx.now())

    async def _open(self) -> Opened:
        return await open_way(self.ctx, await reach(self.ctx, self.job.account_id, self.found.machine))

    async def _put_there(self, opened: Opened, *, through_ssh: bool) -> dict[str, Any]:
        port = await tunnel.free_port(opened, self.found) if through_ssh else None
        await self.ctx.database.write(monitoring.choose_way, self.found.machine.id, "agent", port)
        url = tunnel.url(port) if port else public(self.ctx) + posts.PATH
        target = Target(url, self.found.machine.id, self.wish.password, self.wish.interval_s)
        did = await agent.on_machine(opened, self.found, "install", texts.configuration(target).encode())
        wanted = await deployed.known(self.ctx, self.found)
        await self.ctx.database.write(monitoring.collectd_has, self.found.machine.id, did.plugins)
        if wanted.files or wanted.loads:
            await deployed.put(self.ctx, opened, self.found, wanted)
        return {"way": "agent", "said": did.said, "through_ssh": through_ssh}

    async def _agentless(self, why: str) -> dict[str, Any]:
        await self.ctx.database.write(monitoring.choose_way, self.found.machine.id, "agentless")
        return {"way": "agentless", "why": why}

    async def _came(self, since: int, within_s: float) -> bool:
        store = await self.ctx.metrics.store()
        waited_s = 0.0
        while not any(each.newest >= since for each in await store.known(self.found.machine.id)):
            if waited_s >= within_s:
                return False
            await self.job.pause(_LOOK_S)
            waited_s += _LOOK_S
        return True

    async def _nothing(self) -> str:
        name, ctx = self.found.machine.name, self.ctx
        record = await ctx.database.read(monitoring.get, self.job.account_id, self.found.machine.id)
        opened = await self._open()  # where the machine cannot be reached, that is what is said
        if record is None or record.way != "agent":
            return f"{name} could not be sampled within {FIRST_DATA_S:g} s; the service's log says why."
        words = await agent.log_of(opened)
        return (
            f"The agent runs on {name}, but nothing came within {FIRST_DATA_S:g} s. "
            f"Can that machine reach {public(ctx)} (--public-url)?{f' Its log says: {words}' if words else ''}"
        )


def public(ctx: Context) -> str:
    """Where machines reach the service."""
    settings = ctx.settings
    return settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"

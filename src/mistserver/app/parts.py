"""Builds the parts of a service and takes them down again, in order."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar

from mistserver.app import first_run, notify
from mistserver.app.memory import keep_what_is_loaded
from mistserver.jobs.engine import Jobs, JobsConfig
from mistserver.monitoring.opening import Limits, Metrics, embedded, victoria
from mistserver.services import housekeeping
from mistserver.services.accounts.issue import actor_of
from mistserver.services.alerts import duties
from mistserver.services.backends.this_host import add_this_host
from mistserver.services.context import Context
from mistserver.services.host_key_book import HostKeyBook
from mistserver.services.machines import inventory
from mistserver.services.monitoring import held
from mistserver.services.monitoring.collectd_network import Listener
from mistserver.services.monitoring.plugins import sampled
from mistserver.services.providers import Providers
from mistserver.services.ssh_bridge import bridge_of
from mistserver.settings import Settings
from mistserver.ssh.pool import Pool, preload
from mistserver.store import migrate
from mistserver.store.database import Database
from mistserver.store.master_keys import load_master_keys
from mistserver.store.secrets import Vault

log = logging.getLogger("mist.app")

METRICS = "metrics"  # the folder of the store of metrics in the data directory


def open_database(settings: Settings) -> Database:
    """The database with this version's tables."""
    database = Database(settings.database_url or f"sqlite:///{settings.data_dir / 'mist.db'}")
    try:
        migrate.upgrade(database)
    except BaseException:
        database.close()
        raise
    return database


def open_vault(settings: Settings, database: Database) -> Vault:
    """The vault, or the refusal to start without the right master key."""
    file = Path(settings.master_key_file) if settings.master_key_file else None
    return Vault.open(load_master_keys(settings.data_dir, file, os.environ), database)


def open_metrics(settings: Settings) -> Metrics:
    """The store of metrics, which is opened when it is first needed."""
    limits = Limits(
        raw_days=settings.metrics_raw_days,
        minutes_days=settings.metrics_minutes_days,
        hours_days=settings.metrics_hours_days,
        series=settings.metrics_series,
    )
    if settings.metrics_url:
        return victoria(settings.metrics_url, settings.data_dir / METRICS, limits)
    return embedded(settings.data_dir / METRICS, limits)


class Parts:
    """A service that is not started yet; `lifespan` starts and stops it around the HTTP server's life."""

    def __init__(self, settings: Settings) -> None:
        self.database = open_database(settings)
        try:
            vault = open_vault(settings, self.database)
            self.settings, self._first_user = first_run.prepare(self.database, settings)
        except BaseException:
            self.database.close()
            raise
        self._threads = ThreadPoolExecutor(1, "preload")  # the loop's own pool is the job engine's
        self.book = HostKeyBook(self.database)
        pool = Pool(
            self.book,
            connect_timeout_s=settings.ssh_connect_timeout_s,
            keepalive_s=settings.ssh_keepalive_s,
            idle_s=settings.ssh_idle_s,
        )
        config = JobsConfig(
            concurrency=settings.job_concurrency,
            jobs_kept_days=settings.jobs_kept_days,
            events_kept_days=settings.events_kept_days,
            drain_s=settings.drain_s,
        )
        jobs = Jobs(self.database, vault, config)
        self.ctx = Context(
            settings=self.settings,
            database=self.database,
            vault=vault,
            ssh=pool,
            jobs=jobs,
            providers=Providers(self.settings, bridge_of),
            metrics=open_metrics(settings),
        )
        jobs.bind(self.ctx)
        inventory.schedule(self.ctx)
        housekeeping.schedule(self.ctx)
        duties.schedule(self.ctx)
        held.schedule(self.ctx)
        sampled.schedule(self.ctx)

    @asynccontextmanager
    async def lifespan(self, app: Litestar) -> AsyncIterator[None]:
        """Answer at once; take up jobs as soon as the engine is loaded; come to rest at the end."""
        starting = asyncio.create_task(self._start(), name="start")
        listener = await self._listen()
        beating = asyncio.create_task(_beat(), name="watchdog")
        try:
            yield
        finally:
            notify.tell("STOPPING=1")
            beating.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await listener.close()
            await self.ctx.jobs.drain()
            await self.ctx.providers.readings.close()
            await self.ctx.ssh.close()
            await self.ctx.metrics.close()
            await self.book.flush()

    async def _listen(self) -> Listener:
        listener = Listener(self.ctx)
        if self.settings.collectd_port:
            try:
                await listener.start()
            except OSError as error:
                log.error("packets of collectd cannot be taken on port %d: %s", self.settings.collectd_port, error)
        return listener

    async def _start(self) -> None:
        try:
            await self.ctx.jobs.start()
        except Exception:
            log.exception("the job engine could not start")
            raise
        log.info("ready", extra={"address": f"{self.settings.host}:{self.settings.port}"})
        notify.tell("READY=1")
        if self._first_user is not None:
            await add_this_host(self.ctx, actor_of(self._first_user))
        await asyncio.get_running_loop().run_in_executor(self._threads, preload)
        keep_what_is_loaded()

    def close(self) -> None:
        self.database.close()


async def _beat() -> None:
    every_s = notify.watchdog_s()
    while every_s is not None:
        notify.tell("WATCHDOG=1")
        await asyncio.sleep(every_s)

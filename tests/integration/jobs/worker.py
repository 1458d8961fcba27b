"""A process with a job engine, to be killed: `python -m tests.integration.jobs.worker URL CLOUD [KIND COUNT]`.

It says `ready`, then submits COUNT jobs one by one (each told by its id), and works until SIGTERM.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Any

from mistserver.jobs.engine import Jobs, JobsConfig, RunningJob, handler
from mistserver.store.database import Database
from tests.contract.jobs.plain import OpenVault, submit
from tests.integration.jobs.cloud import FileCloud


@handler("test.create")
async def create(cloud: FileCloud, job: RunningJob) -> dict[str, Any]:
    await job.step("validate", cloud.call, "validate", job.id, 0.02)
    identity = await job.step("create", _once, cloud, job.id)
    for turn in range(3):
        await job.pause(0.05)
        await job.step(f"look {turn}", cloud.call, "look", job.id)
    return {"id": identity}


def _once(cloud: FileCloud, mark: str) -> str:
    return cloud.find(mark) or cloud.create(mark)


@handler("test.two_calls")
async def two_calls(cloud: FileCloud, job: RunningJob) -> None:
    await job.step("first", cloud.call, "first", job.id, 1.0)
    await job.step("second", cloud.call, "second", job.id)


@handler("test.at_once", at_once=True)
async def at_once(cloud: FileCloud, job: RunningJob) -> None:
    await job.output("M" * 22, "m", "stdout", "hello\n")
    await job.pause(0.2)
    await job.step("create", _once, cloud, job.id)


async def main(url: str, cloud: Path, kind: str = "", count: str = "0") -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = Database(url)
    engine = Jobs(database, OpenVault(), JobsConfig(concurrency=4, drain_s=10))
    engine.bind(FileCloud(cloud))
    await engine.start()
    print("ready", flush=True)
    for _ in range(int(count)):
        job = await submit(engine, kind)
        print(job.id, flush=True)
    await stop.wait()
    await engine.drain()
    database.close()
    print("drained", flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))

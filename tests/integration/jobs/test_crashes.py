"""Jobs through kill -9, SIGTERM, and the death or the sleep of one of two services."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter

import pytest

from mistserver.domain.job import JobState
from mistserver.jobs.fence import EXIT_FENCED
from tests.integration.jobs.conftest import Site

KINDS = ["test.create", "test.at_once"]


def _killed_again_and_again(site: Site, kind: str, times: int, count: int) -> None:
    asked: set[str] = set()
    worker = site.worker(kind, count)
    asked.update(worker.line() for _ in range(count))
    for _ in range(times):
        time.sleep(random.uniform(0, 0.6))
        worker.kill()
        worker = site.worker()
    site.until_all_ended()

    jobs = site.jobs()
    assert {job.id for job in jobs} == asked
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    assert Counter(site.cloud.made()) == Counter(asked)
    assert worker.terminate() == 0


@pytest.mark.parametrize("kind", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.full)])
def test_each_machine_is_made_once_however_often_the_service_is_killed(site: Site, kind: str) -> None:
    _killed_again_and_again(site, kind, times=2, count=12)


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", KINDS)
def test_each_machine_is_made_once_through_thirty_kills(site: Site, kind: str) -> None:
    _killed_again_and_again(site, kind, times=30, count=150)


def test_a_job_whose_process_died_while_it_was_asked_for_is_there_whole_or_not_at_all(site: Site) -> None:
    worker = site.worker("test.create", 500)
    time.sleep(0.1)
    worker.kill()
    site.worker()

    site.until_all_ended(90)

    jobs = site.jobs()
    assert {job.state for job in jobs} <= {JobState.SUCCEEDED}
    assert Counter(site.cloud.made()) == Counter(job.id for job in jobs)


def test_sigterm_leaves_jobs_resumable_and_waits_for_the_call_under_way(site: Site) -> None:
    worker = site.worker("test.create", 12)
    site.until(site.cloud.made)

    assert worker.terminate() == 0
    left = [job for job in site.jobs() if job.state == JobState.RUNNING]
    made = len(site.cloud.calls("create"))
    site.worker()
    site.until_all_ended()

    assert left
    assert {job.state for job in site.jobs()} == {JobState.SUCCEEDED}
    assert len(site.cloud.calls("create")) == len(site.cloud.made()) == 12
    assert made < 12


def test_another_service_takes_over_from_a_killed_one(postgres_site: Site) -> None:
    first = postgres_site.worker("test.create", 12)
    postgres_site.worker()
    postgres_site.until(postgres_site.cloud.made)

    first.kill()
    postgres_site.until_all_ended(60)

    assert {job.state for job in postgres_site.jobs()} == {JobState.SUCCEEDED}
    assert sorted(postgres_site.cloud.made()) == sorted(job.id for job in postgres_site.jobs())


def test_a_service_that_slept_while_others_took_over_makes_no_further_call_and_ends(postgres_site: Site) -> None:
    sleeper = postgres_site.worker("test.two_calls", 1)
    postgres_site.until(lambda: postgres_site.cloud.calls("first"))
    sleeper.signal(signal.SIGSTOP)
    postgres_site.worker()
    postgres_site.until_all_ended(60)

    sleeper.signal(signal.SIGCONT)

    assert sleeper.process.wait(20) == EXIT_FENCED
    assert [job.state for job in postgres_site.jobs()] == [JobState.SUCCEEDED]
    assert sleeper.process.pid not in {line["pid"] for line in postgres_site.cloud.calls("second")}

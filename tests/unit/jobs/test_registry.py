"""Each kind of job has one handler."""

from __future__ import annotations

import pytest

from mistserver.jobs.engine import RunningJob, handler
from mistserver.jobs.registry import HANDLERS


def test_two_handlers_of_one_kind_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(HANDLERS, "test.unit", raising=False)

    @handler("test.unit", at_once=True)
    async def work(ctx: object, job: RunningJob) -> None: ...

    assert HANDLERS["test.unit"].at_once
    with pytest.raises(ValueError, match=r"test\.unit"):
        handler("test.unit")(work)
    monkeypatch.delitem(HANDLERS, "test.unit")

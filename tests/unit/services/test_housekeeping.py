"""What is thrown away, and what stays."""

from __future__ import annotations

from datetime import timedelta

from mistserver.services import housekeeping
from mistserver.store import idempotency
from mistserver.store.idempotency import Request
from tests.support.quiet_service import Quiet


async def test_answers_to_creates_are_kept_for_a_day(quiet: Quiet) -> None:
    now, account = quiet.ctx.now(), quiet.admin.account_id
    old = Request(account_id=account, key="old", hash="h")
    new = Request(account_id=account, key="new", hash="h")
    await quiet.ctx.database.write(idempotency.keep, old, {"id": "1"}, now - timedelta(days=2))
    await quiet.ctx.database.write(idempotency.keep, new, {"id": "2"}, now)

    gone = await housekeeping.trim(quiet.ctx)

    assert gone == 1
    assert await quiet.ctx.database.read(idempotency.find, old) is None
    assert await quiet.ctx.database.read(idempotency.find, new) == {"id": "2"}

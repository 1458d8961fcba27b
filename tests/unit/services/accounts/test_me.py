"""The plan that a service of one's own has."""

from __future__ import annotations

import time

from mistserver.services.accounts.me import NEVER


def test_the_plan_ends_in_the_year_29393() -> None:
    assert time.asctime(time.gmtime(NEVER)) == "Mon Jun 24 19:41:35 29393"

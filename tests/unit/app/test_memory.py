from __future__ import annotations

import subprocess
import sys


def test_what_is_loaded_is_searched_no_more_and_what_comes_later_is() -> None:
    code = """
import gc, weakref
from mistserver.app.memory import keep_what_is_loaded

class Ring:
    def __init__(self):
        self.itself = self

keep_what_is_loaded()
assert gc.get_freeze_count() > 1000
later = weakref.ref(Ring())
gc.collect()
assert later() is None
"""
    subprocess.run([sys.executable, "-c", code], check=True)

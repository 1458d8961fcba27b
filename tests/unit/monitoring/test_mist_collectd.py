"""The module that collectd imports, with what it calls of collectd recorded: files are run by real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from mistserver.monitoring.plugins.deployed import File, document, module

# collectd's own part: it calls what was registered, in its order, and writes down what is dispatched
COLLECTD = """
import json, sys, types
sys.path.insert(0, sys.argv[1])
collectd, called, dispatched = types.ModuleType("collectd"), {}, []
class Values:
    def __init__(self, **given):
        self.given = given
    def dispatch(self, values):
        dispatched.append({**self.given, "values": [None if value != value else value for value in values]})
collectd.Values = Values
collectd.register_init = lambda call: called.update(init=call)
collectd.register_shutdown = lambda call: called.update(shutdown=call)
reads = []
collectd.register_read = lambda call, interval, name: reads.append(call)
sys.modules["collectd"] = collectd
import mist_collectd
called["init"]()
for _ in range(int(sys.argv[2])):
    for read in reads:
        read()
called["shutdown"]()
left = [file.process for file in mist_collectd.files if file.process is not None]
print(json.dumps({"dispatched": dispatched, "left": len(left)}))
"""


def ran(folder: Path, turns: int, *files: File) -> list[dict[str, Any]]:
    """What was dispatched in so many intervals."""
    (folder / "mist_collectd.py").write_text(module())
    (folder / "plugins.json").write_bytes(document(files, 10))
    done = subprocess.run(
        [sys.executable, "-c", COLLECTD, str(folder), str(turns)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["left"] == 0
    dispatched: list[dict[str, Any]] = told["dispatched"]
    return dispatched


def file(id: str, code: str, version: str = "1", value_type: str = "gauge") -> File:
    return File(id, value_type, version, code.encode())


def test_what_files_answer_is_dispatched_and_one_that_fails_fails_alone(tmp_path: Path) -> None:
    counts = "import random\nn = 0\ndef read():\n    global n\n    n += 1\n    return n if n != 2 else None\n"
    told = ran(
        tmp_path,
        4,
        file("random", counts, value_type="derive"),
        file("fails", "def read():\n    raise OSError('dïsk\\n gone')\n", version="7"),
        file("ends", "import os\ndef read():\n    os._exit(0)\n"),
        file("prints", "def read():\n    print('{\"value\": 7}')\n    return 1\n"),
        file("broken", "def read(:\n"),
    )

    def of(id: str) -> list[dict[str, Any]]:
        return [each for each in told if each["plugin_instance"] == id]

    assert {each["plugin"] for each in told} == {"mist.python"}
    assert [each["values"] for each in of("random")] == [[1], [3], [4]]
    assert {each["type"] for each in of("random")} == {"derive"}
    assert [each["values"] for each in of("prints")] == [[1]] * 4
    (fails,) = of("fails")
    assert fails["values"] == [None]
    assert fails["meta"] == {"trouble": "OSError: d?sk  gone (line 2)", "version": "7"}
    (ends,) = of("ends")
    assert ends["meta"]["trouble"] == "its process ended by itself"
    assert "SyntaxError: invalid" in of("broken")[0]["meta"]["trouble"]


def test_a_file_that_failed_is_not_run_after_a_restart_and_another_version_is(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    code = f"open({str(marker)!r}, 'a').write('x')\ndef read():\n    return 'no number'\n"
    (first,) = ran(tmp_path, 3, file("later", code))
    assert "which is no number" in first["meta"]["trouble"]

    (again,) = ran(tmp_path, 1, file("later", code))

    assert again["meta"] == first["meta"]
    assert marker.read_text() == "x"
    assert ran(tmp_path, 1, file("later", "def read():\n    return 5\n", version="2"))[0]["values"] == [5]

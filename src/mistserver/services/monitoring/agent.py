"""The agent's scripts on a machine: looking what there is, installing, removing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from mistserver.domain.errors import MachineError, MachineTimeout, MistError
from mistserver.monitoring.agent import texts
from mistserver.monitoring.agent.texts import FOLDER
from mistserver.services.machines.execute import Captured, Opened
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.orders import Order

INSTALL_S = 600.0
_LOOK_S = 60.0
NOT_PACKAGED = 65  # the exit code of install.sh


class NotPackaged(MachineError):
    """No collectd is there, and none is to be had."""


@dataclass(frozen=True)
class Did:
    """What a script said, and after an installation the plugins that collectd could load there."""

    said: str
    plugins: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What a machine's user may do there, and whether the service's address answers from there (None: no telling)."""

    root: bool
    reaches: bool | None


async def look(opened: Opened, found: Found, url: str) -> Seen:
    """Ask the machine; nothing is changed there."""
    said = Captured(limit=4096)
    text = f"URL={shlex.quote(url)} exec sh -c {shlex.quote(texts.script('look'))}"
    outcome = await opened.run(Order(text=text, timeout_s=_LOOK_S), said.take)
    if not outcome.ok:
        raise MachineError(f"{found.machine.name} could not be looked at: {_words(said) or outcome.exit_code}")
    told = dict(line.split("=", 1) for line in said.text().splitlines() if "=" in line)
    return Seen(told.get("root") == "yes", {"yes": True, "no": False}.get(told.get("reaches", "")))


async def on_machine(
    opened: Opened, found: Found, name: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> Did:
    """Run one of the agent's scripts as root; MachineError with its own words when it fails.

    The environment is seen by everyone on the machine, the standard input by nobody.
    """
    said = Captured(limit=64 * 1024)
    script = texts.script(name) + (texts.script("list") if name == "install" else "")
    settings = " ".join(f"{key}={shlex.quote(value)}" for key, value in {"DIR": FOLDER, **(environment or {})}.items())
    # the script is the shell's argument, so that its standard input is free for what must not be seen
    text = f"{settings} exec sh -c {shlex.quote(script)}"
    order = Order(text=text, stdin=stdin, sudo=opened.user != "root", timeout_s=INSTALL_S)
    outcome = await opened.run(order, said.take)
    if outcome.timed_out:
        raise MachineTimeout(f"{found.machine.name} did not finish within {INSTALL_S:g} s ({name} the agent).")
    if not outcome.ok:
        kind = NotPackaged if outcome.exit_code == NOT_PACKAGED else MachineError
        words = _words(said) or f"exit code {outcome.exit_code}"
        raise kind(f"{found.machine.name} could not {name} the agent: {words}")
    return Did(*texts.told(said.text()))


async def log_of(opened: Opened) -> str:
    """The last words of the agent's log; nothing when they cannot be had."""
    said = Captured(limit=4096)
    try:
        await opened.run(Order(text=f"tail -n 2 {FOLDER}/log", sudo=opened.user != "root", timeout_s=20.0), said.take)
    except MistError:
        return ""
    return " ".join(said.text().split())


def _words(said: Captured) -> str:
    return " ".join(said.text("stderr").strip().splitlines()[-5:])

"""Commands on the service's own machine: a session each, so that all of it can be ended."""

from __future__ import annotations

import contextlib
import os
import pwd
import selectors
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import IO, Any

from mistserver.domain.errors import InvalidInput, MachineAuthFailed, MachineError
from mistserver.providers.base import Command, CommandResult, OnOutput

TICK_S = 0.1
GRACE_S = 2.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def account(user: str | None) -> pwd.struct_passwd:
    """The account to run as: by default the service's own; only root may choose another."""
    own = os.geteuid()
    try:
        wanted = pwd.getpwnam(user) if user else pwd.getpwuid(own)
    except KeyError:
        raise InvalidInput(f"There is no user {user or own!r} on the service's machine.", field="user") from None
    if wanted.pw_uid != own and own != 0:
        raise MachineAuthFailed(
            f"The service runs as {pwd.getpwuid(own).pw_name} and cannot run commands as {wanted.pw_name}.", user=user
        )
    return wanted


def start(argv: list[str], user: str | None, *, fed: bool) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, with pipes for its streams."""
    stdin = subprocess.PIPE if fed else subprocess.DEVNULL
    return launched(argv, user, {}, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def launched(argv: list[str], user: str | None, more: dict[str, str], **streams: Any) -> subprocess.Popen[bytes]:
    """A process with an environment of its own: the service's may hold secrets."""
    who = account(user)
    home = who.pw_dir if Path(who.pw_dir).is_dir() else "/"
    environment = {
        "PATH": _PATH,
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "HOME": home,
        "USER": who.pw_name,
        "LOGNAME": who.pw_name,
        "SHELL": who.pw_shell or "/bin/sh",
        **more,
    }
    identity: dict[str, Any] = {}
    if who.pw_uid != os.geteuid():
        groups = os.getgrouplist(who.pw_name, who.pw_gid)
        identity = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": groups}
    try:
        return subprocess.Popen(  # noqa: S603 - the user's command is what this is for
            argv, env=environment, cwd=home, umask=0o022, start_new_session=True, **identity, **streams
        )
    except (OSError, ValueError) as error:
        raise MachineError(f"The command could not be started: {error}.") from None


def run(command: Command) -> CommandResult:
    """See `HasExec.exec`. A process left in the background does not hold up the result."""
    process = start(["/bin/sh", "-c", command.line], command.user, fed=bool(command.stdin))
    until = time.monotonic() + command.timeout_s
    stopped = timed_out = False
    try:
        if process.stdin is not None:
            threading.Thread(target=_feed, args=(process.stdin, command.stdin), daemon=True).start()
        with selectors.DefaultSelector() as selector:
            for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, name)
            while selector.get_map() or process.poll() is None:
                heard = _pass_on(selector, command.on_output)
                timed_out = time.monotonic() > until
                stopped = timed_out or command.cancelled()
                if stopped or (not heard and process.poll() is not None):
                    break
    finally:
        if stopped or process.poll() is None:
            end(process)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    code = process.wait()
    if stopped:
        return CommandResult(None, b"", b"", timed_out=timed_out)
    return CommandResult(code if code >= 0 else None, b"", b"", signal=_signal(code))


def end(process: subprocess.Popen[bytes], first: int = signal.SIGTERM) -> None:
    """End the whole session, gently at first; returns when its leader is gone."""
    _send(process.pid, first)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    _send(process.pid, signal.SIGKILL)
    process.wait()


def _send(session: int, number: int) -> None:
    """To every process of the session, whatever group it put itself into."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = file.read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == session:
                os.kill(int(file.parent.name), number)


def _pass_on(selector: selectors.BaseSelector, on_output: OnOutput) -> bool:
    """Hand on what comes within a tick; whether anything did."""
    ready = selector.select(TICK_S)
    for key, _ in ready:
        data = os.read(key.fd, 65536)
        if data:
            on_output(key.data, data)
        else:
            selector.unregister(key.fileobj)
    if not selector.get_map() and not ready:
        time.sleep(TICK_S)
    return bool(ready)


def _feed(pipe: IO[bytes], data: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        pipe.write(data)
    with contextlib.suppress(OSError, ValueError):
        pipe.close()


def _signal(code: int) -> str | None:
    if code >= 0:
        return None
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name.removeprefix("SIG")
    return str(-code)

"""Runs a user's read() on a machine. Sent there as it is: nothing but Python's own library, from 3.6 on.

The order is one line of JSON on the standard input; with `asked`, another line there asks for each call, and the end of
the input ends everything. Each answer is a line on the standard output that begins with the order's mark; what the
user's file prints goes to the standard error, so that it is never taken for an answer.
"""

import base64
import json
import os
import signal
import sys
import threading
import time
import traceback
import types
from typing import Any, Callable  # noqa: UP035  # older Pythons know no other

LAST_S = 0.5


def load(code: bytes, name: str) -> Any:
    """The function read() of a file. Its module's name hides no other module, whatever the file was called."""
    module = types.ModuleType(name)
    module.__file__ = name + ".py"
    sys.modules[name] = module
    # bytes, so that an encoding line and any line ends mean what they mean in a file
    exec(compile(code, module.__file__, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  # that is what it is for
    read = getattr(module, "read", None)
    if not callable(read):
        raise TypeError("the file has no function read()")
    return read


def checked(value: Any) -> Any:
    """The value as it is; an error when it is neither a finite number nor None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"read() answered {repr(value)[:60]}, which is no number")
    if not -1e300 < value < 1e300:
        raise ValueError(f"read() answered {repr(value)[:60]}, which is no finite number")
    return value


class Hung(Exception):
    """A call that did not come back; its thread cannot be ended."""


def within(limit_s: float, call: Callable[..., Any], *args: Any) -> Any:
    """What the call answers, or raises, SystemExit included."""
    told = []  # type: Any

    def work() -> None:
        try:
            told.append((call(*args), None))
        except BaseException as error:  # whatever the user's file raises
            told.append((None, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(limit_s)
    if not told:
        raise Hung(f"no answer within {limit_s:g} s")
    value, error = told[0]
    if error is not None:
        raise error
    return value


def explained(error: BaseException) -> str:
    """The error and, for one of the user's file, where in it."""
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    places = [each for each in traceback.extract_tb(error.__traceback__) if each.filename.startswith("mist_plugin_")]
    return f"{text} (line {places[-1].lineno})" if places else text


def as_usual() -> None:
    """Whoever started this may look away from ended children, or hold signals back; a user's file expects neither."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def leave(code: int) -> None:
    """Not at once: old Docker Engines under load drop what a command wrote right before its end."""
    time.sleep(LAST_S)
    os._exit(code)


def main() -> None:
    as_usual()
    asked = os.fdopen(os.dup(0), "rb")
    order = json.loads(asked.readline())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = sys.stderr

    def tell(**answer: Any) -> None:
        answers.write(f"{order['mark']} {json.dumps(answer)}\n")
        answers.flush()

    try:
        code = base64.b64decode(order["code"])
        read = within(order["limit_s"], load, code, "mist_plugin_" + order["id"])
    except BaseException as error:
        tell(error=explained(error), fatal=True)
        leave(1)
    left = order["reads"]
    while True:
        if order["asked"] and not asked.readline():
            os._exit(0)
        began = time.time()
        try:
            value = checked(within(order["limit_s"], read))
            tell(value=value, took_s=time.time() - began)
        except BaseException as error:
            tell(error=explained(error), fatal=isinstance(error, Hung), took_s=time.time() - began)
            if isinstance(error, Hung) or order["strict"]:
                leave(1)
        left -= 1
        if left == 0:
            leave(0)
        if not order["asked"]:
            time.sleep(max(0.0, order["every_s"] - (time.time() - began)))


if __name__ == "__main__":
    main()

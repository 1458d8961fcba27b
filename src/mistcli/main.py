# PYTHON_ARGCOMPLETE_OK
"""The `mist` command: finds the command that was meant, runs it, and turns errors into one line and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from mistcli.normalise import spelling
from mistcli.registry import COMMANDS, GROUPS, load
from mistcli.text import fail, note

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_SIGNED_IN = 3
EXIT_JOB_FAILED = 4
EXIT_INTERRUPTED = 130

_GLOBAL_WITH_VALUE = ("--mist-uri", "--config")
_GLOBAL_SWITCHES = ("--debug", "--verbose")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code."""
    if "_ARGCOMPLETE" in os.environ:
        from mistcli.completion import complete

        return complete()
    try:
        code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        note("Interrupted.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED


def _dispatch(tokens: list[str]) -> int:
    before: list[str] = []
    while tokens and tokens[0].startswith("-"):
        token = spelling(tokens.pop(0)) if tokens[0].startswith("--") else tokens.pop(0)
        if token in ("--help", "-h"):
            sys.stdout.write(overview())
            return 0
        if token in ("--version", "-V"):
            sys.stdout.write(f"mist {_version()}\n")
            return 0
        name = token.partition("=")[0]
        if name not in _GLOBAL_WITH_VALUE + _GLOBAL_SWITCHES:
            fail(f"mist has no option {token} before a command.")
            note("See `mist --help`.")
            return EXIT_USAGE
        before.append(token)
        if name in _GLOBAL_WITH_VALUE and "=" not in token and tokens:
            before.append(tokens.pop(0))
    if not tokens:
        sys.stderr.write(overview())
        return EXIT_USAGE
    name = spelling(tokens[0])
    if name == "help":
        return _help(tokens[1:])
    if name not in COMMANDS:
        return _unknown(tokens[0], name)
    if COMMANDS[name][0] == "serve":
        from mistcli.commands.serve import run_on_host

        return run_on_host(name, tokens[1:])
    return _run(name, before + tokens[1:])


def _run(name: str, tokens: list[str]) -> int:
    gc.set_threshold(50_000)  # importing makes many objects and no garbage: a tenth of a short command's time

    from mistcli.call import Call
    from mistcli.parser import CommandParser, UsageError

    command = load(name)
    parser = CommandParser(name, COMMANDS[name][1] + ".", command.examples)
    command.arguments(parser)
    call = Call(name, parser, tokens)
    try:
        return command.run(call) or 0
    except UsageError as error:
        parser.error(str(error))
    except Exception as error:
        return _explained(error, call)


def _explained(error: Exception, call: object) -> int:
    """One line for the person; what is not one of Mist's errors is a fault, and says how to see more."""
    from mistclient.errors import JobFailed, MistError, NotSignedIn

    if getattr(getattr(call, "args", None), "debug", False):
        import traceback

        traceback.print_exc()
    if isinstance(error, MistError):
        fail(error.message)
        if error.request_id and error.status_code == 500:
            note(f"The service's log has more under the request id {error.request_id}.")
        if isinstance(error, NotSignedIn):
            return EXIT_NOT_SIGNED_IN
        return EXIT_JOB_FAILED if isinstance(error, JobFailed) else EXIT_FAILED
    if isinstance(error, BrokenPipeError):
        raise error
    if isinstance(error, UnicodeEncodeError):
        fail("Something that was given is not text in UTF-8; give it in another way.")
        return EXIT_USAGE
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        fail(f"{error.strerror or error}{where}.")
    else:
        fail(f"A fault in the mist command: {type(error).__name__}: {error}. --debug shows where.")
    return EXIT_FAILED


def _help(names: list[str]) -> int:
    if not names:
        sys.stdout.write(overview())
        return 0
    name = spelling(names[0])
    return _dispatch([name, "--help"]) if name in COMMANDS else _unknown(names[0], name)


def _unknown(typed: str, name: str) -> int:
    from mistcli.parser import closest

    close = closest(name, COMMANDS)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    fail(f"There is no command {typed!r}.{hint}")
    note("See `mist --help`.")
    return EXIT_USAGE


def overview() -> str:
    """The text of `mist --help`."""
    lines = [
        "usage: mist [--mist-uri URI] [--config FILE] [--debug] COMMAND ...",
        "",
        "Manage servers across clouds. `mist COMMAND --help` has the options and examples of a command.",
        "",
    ]
    for group, commands in GROUPS.items():
        lines.append(f"{group}:")
        lines.extend(f"  {name:<20} {summary}" for name, (_, summary) in commands.items())
        lines.append("")
    lines += [
        "Before the command:",
        "  --mist-uri URI       The service's address (default: MIST_URI, ~/.mist, http://127.0.0.1:8000)",
        "  --config FILE        Read this file instead of ~/.mist",
        "  --debug              Show requests, and tracebacks of errors",
        "  --version, --help",
        "",
        "Environment: MIST_URI, MIST_TOKEN, MIST_EMAIL, MIST_PASSWORD, MIST_CA_FILE, NO_COLOR",
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not signed in, 4 a job failed (or partly), 130 interrupted",
        "",
    ]
    return "\n".join(lines)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("mist")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())

"""The commands that work on the service's own host: serve, backup, restore, rekey, recovery."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from mistserver.domain.errors import MistError

Command = Callable[[argparse.Namespace], int]


def host_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one host command, for help and completion."""
    from mistserver.app import maintenance, serve

    describe = {
        "serve": serve.arguments,
        "backup": maintenance.backup_arguments,
        "restore": maintenance.restore_arguments,
        "verify-backup": maintenance.verify_arguments,
        "rekey": maintenance.rekey_arguments,
        "recover": maintenance.recover_arguments,
        "add-account": maintenance.account_arguments,
    }
    parser = argparse.ArgumentParser(prog=f"mist {name}", allow_abbrev=False)
    run = describe[name](parser)
    parser.set_defaults(run=run)
    return parser


def host_command(name: str, argv: Sequence[str]) -> int:
    """Run one host command; its exit code. Errors are one line on stderr."""
    options = host_parser(name).parse_args(list(argv))
    try:
        run: Command = options.run
        return run(options)
    except MistError as error:
        print(f"Error: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130

"""What a command is: the arguments that it takes, what it does, and examples of it."""

from __future__ import annotations

from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mistcli.call import Call
    from mistcli.parser import CommandParser


class Command:
    """One command. `run` answers its exit code, None for 0. Each has `-o json`, but those that pass text on (`raw`)."""

    def __init__(
        self,
        arguments: Callable[[CommandParser], None],
        run: Callable[[Call], int | None],
        *examples: str,
        raw: bool = False,
    ) -> None:
        self.run = run
        self.examples = examples
        self._arguments = arguments
        self._raw = raw

    def arguments(self, parser: CommandParser) -> None:
        """Declare what it takes."""
        self._arguments(parser)
        if not self._raw:
            parser.result_option()

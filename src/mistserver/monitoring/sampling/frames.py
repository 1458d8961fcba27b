"""The sampler's output in frames."""

from __future__ import annotations

from mistserver.domain.errors import MachineError

MOST_BYTES = 1024 * 1024  # of one frame
Frame = dict[str, str]  # text by section


class Frames:
    """Cuts bytes into frames as they come. What stands before a frame's first section is no part of it."""

    def __init__(self) -> None:
        self._rest = b""
        self._sections: dict[str, list[str]] = {}
        self._section: list[str] | None = None
        self._size = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now. MachineError for one without an end."""
        self._size += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        frames = []
        for line in lines:
            if frame := self._take(line.decode("utf-8", "replace")):
                frames.append(frame)
                self._size = 0
        if self._size > MOST_BYTES:
            raise MachineError(f"A sample of more than {MOST_BYTES} bytes came; the machine is not sampled further.")
        return frames

    def _take(self, line: str) -> Frame | None:
        if not (line.startswith("==> ") and line.endswith(" <==")):
            if self._section is not None:
                self._section.append(line)
            return None
        name = line[4:-4]
        if name != "end":
            self._section = self._sections[name] = []
            return None
        frame = {name: "\n".join(lines) for name, lines in self._sections.items()}
        self._sections, self._section = {}, None
        return frame

"""Which files of chunks are open."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistserver.monitoring.embedded.partition import Partition

_OPEN = 24


class Handles:
    """Which files are open; of too many the one that was used least lately is closed."""

    def __init__(self, most: int = _OPEN) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._open: OrderedDict[Partition, None] = OrderedDict()

    def used(self, partition: Partition) -> None:
        with self._lock:
            self._open[partition] = None
            self._open.move_to_end(partition)
            surplus = list(self._open)[: max(0, len(self._open) - self._most)]
            resting = [each for each in surplus if each.rest()]
            for each in resting:
                del self._open[each]

    def ended(self, partition: Partition) -> None:
        with self._lock:
            self._open.pop(partition, None)

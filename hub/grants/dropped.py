"""Counts what was dropped because it was outside a grant."""

import threading
from collections import Counter
from collections.abc import Iterable


class Dropped:
    """Path of a column → rows in which it was dropped, since the last ``take``. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, paths: Iterable[str]) -> None:
        """Count one row, and each column that was dropped from it."""
        with self._lock:
            self._counts.update(paths)

    def take(self) -> Counter[str]:
        """What was counted since the last call."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return counts

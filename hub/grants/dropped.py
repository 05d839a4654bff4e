"""Counts what was dropped because it was outside a grant."""

import threading
from collections import Counter
from collections.abc import Iterable
from typing import Final

from hub.logging import mask, visible

PATHS_MAX: Final = 200
"""Columns of one source that are counted by name."""
PATH_CHARACTERS_MAX: Final = 200
"""Characters of a column's name that are shown."""
OTHERS: Final = "(other columns)"
"""What is counted where a source names too many columns."""


class Dropped:
    """Path of a column → rows in which it was dropped, since the last ``take``. Thread-safe.

    A source may name its columns by what they hold, and as many as it likes: a name that looks like an identifier is
    masked, and after ``PATHS_MAX`` names further ones are ``OTHERS`` (P5).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, paths: Iterable[str]) -> None:
        """Count one row, and each column that was dropped from it."""
        with self._lock:
            for path in {mask(visible(one))[:PATH_CHARACTERS_MAX] for one in paths}:
                known = path in self._counts or len(self._counts) < PATHS_MAX
                self._counts[path if known else OTHERS] += 1

    def take(self) -> Counter[str]:
        """What was counted since the last call."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return counts

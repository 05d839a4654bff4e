"""Back-off between attempts: doubling with jitter, capped, and what the other side asked for when it asked."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hub.errors import Unavailable

T = TypeVar("T")
Wait = Callable[[float], object]
"""Waits so many seconds; may end early, e.g. on shutdown."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait after the n-th failure in a row."""

    first_s: float = 0.2
    longest_s: float = 30.0

    def wait_s(self, failures: int, retry_after_s: float | None = None) -> float:
        """With jitter between half and whole, so that many hubs do not come back as one; ``retry_after_s`` is never
        undercut.

        >>> Backoff(1, 8).wait_s(1, retry_after_s=60.0)
        60.0
        >>> 4 <= Backoff(1, 8).wait_s(10) <= 8
        True
        """
        ceiling = min(self.longest_s, self.first_s * 2 ** min(max(failures, 1) - 1, 30))
        waits = random.uniform(ceiling / 2, ceiling)
        return waits if retry_after_s is None else max(retry_after_s, min(waits, self.first_s))


def attempt(call: Callable[[], T], times: int, wait: Wait, backoff: Backoff, patience_s: float) -> T:
    """``call``, again after ``Unavailable``, at most ``times`` in all. Gives up at once when told to wait longer than
    ``patience_s``."""
    for failures in range(1, times):
        try:
            return call()
        except Unavailable as away:
            seconds = backoff.wait_s(failures, away.retry_after_s)
            if seconds > patience_s:
                raise
            wait(seconds)
    return call()

"""Rates: how many requests one caller may make. Each process of the hub counts for itself."""

import math
from collections import OrderedDict
from typing import Final

from hub.ports import Clock

CALLERS_MAX: Final = 10_000
"""Callers that are remembered; the one that was silent longest is forgotten first."""


class Rate:
    """A token bucket for each caller: ``per_s`` requests in a second, ``burst`` at once after a pause. Used in one
    event loop only."""

    def __init__(self, per_s: float, burst: int, clock: Clock) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, count: int = 1) -> int:
        """Count a request. Returns 0, or how many seconds the caller must wait; then nothing was counted. ``count`` 0:
        only ask; -1: one that was counted is taken back."""
        now_s = self._clock.monotonic_s()
        left, since_s = self._left.get(caller, (float(self._burst), now_s))
        left = min(self._burst, left + (now_s - since_s) * self._per_s)
        if left < 1:
            return max(1, math.ceil((1 - left) / self._per_s))
        self._left[caller] = left - count, now_s
        self._left.move_to_end(caller)
        if len(self._left) > CALLERS_MAX:
            self._left.popitem(last=False)
        return 0

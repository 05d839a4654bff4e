"""The back-off between attempts, one for the whole hub: it doubles with jitter up to our own bound, and obeys the time
that the other side asks for, up to one hour.

The runner, the feeds, the deliveries, the circuit breakers and the guarded calls use it. It counts in process time
(ADR 0020).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hub.errors import Unavailable
from hub.logging import get_logger

T = TypeVar("T")
Wait = Callable[[float], object]
"""Waits for the given seconds. It may end earlier, for example at a shutdown."""

ASKED_MAX_S = 3_600.0
"""Longest wait that another system may ask for, seconds. After it the hub asks again; the log says so."""

log = get_logger("backoff")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait after the n-th failure in a row: ``first_s`` after the first, at most ``longest_s``."""

    first_s: float = 0.2
    longest_s: float = 30.0

    def wait_s(self, failures: int, retry_after_s: float | None = None) -> float:
        """Seconds until the next attempt after ``failures`` in a row. Jitter makes it between half and all of the time,
        so that many hubs do not retry at the same moment.

        ``retry_after_s``: the time that the other side asked for. The wait is never shorter, up to ``ASKED_MAX_S``. Our
        own time is the least: a system that asks for 0 s, or for a time that has passed, is called as seldom as one
        that asks for none.

        >>> 60 <= Backoff(1, 8).wait_s(1, retry_after_s=60) <= 60.5
        True
        >>> 4 <= Backoff(1, 8).wait_s(9, retry_after_s=0) <= 8 and 4 <= Backoff(1, 8).wait_s(9) <= 8
        True
        """
        whole = min(self.longest_s, self.first_s * 2 ** min(max(failures, 1) - 1, 30))
        own_s = random.uniform(whole / 2, whole)
        if retry_after_s is None or retry_after_s <= own_s:
            return own_s
        return min(retry_after_s, ASKED_MAX_S) + random.uniform(0, self.first_s / 2)


def obeyed_s(system: str, retry_after_s: float | None) -> float | None:
    """The part of a wait that is obeyed, seconds: at most ``ASKED_MAX_S``; a longer one is logged with the name of the
    ``system``. ``None`` when it asked for none.

    >>> obeyed_s("sample", 30.0), obeyed_s("sample", None)
    (30.0, None)
    """
    if retry_after_s is None or retry_after_s <= ASKED_MAX_S:
        return retry_after_s
    log.warning("asked to wait longer than is obeyed", system=system, asked_s=retry_after_s, waits_s=ASKED_MAX_S)
    return ASKED_MAX_S


def attempt(call: Callable[[], T], times: int, wait: Wait, backoff: Backoff, patience_s: float) -> T:
    """The result of ``call``, which is called again after ``Unavailable``, at most ``times`` in all. It does not wait
    longer than ``patience_s`` for an attempt. Raises what the last call raised."""
    for failures in range(1, times):
        try:
            return call()
        except Unavailable as away:
            seconds = backoff.wait_s(failures, away.retry_after_s)
            if seconds > patience_s:
                raise
            wait(seconds)
    return call()

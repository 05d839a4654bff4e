"""How often a system may be called: a rate, and a quota for each day (midnight to midnight, Beijing time)."""

import threading
from datetime import datetime, time, timedelta
from typing import Protocol

from hub.clock import CHINA
from hub.errors import NotNow, Unavailable
from hub.ports import Clock


class Rate:
    """Token bucket: ``rate_per_s`` calls on average, ``burst`` at once."""

    def __init__(self, rate_per_s: float, burst: int, clock: Clock) -> None:
        self._rate = rate_per_s
        self._burst = float(burst)
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._at_s = clock.monotonic_s()

    def take(self, patience_s: float) -> float:
        """Take one token and return how many seconds the caller must wait. Raises ``Unavailable``, and takes none,
        when that is more than ``patience_s``."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._rate)
            self._at_s = now_s
            wait_s = max(0.0, (1 - self._tokens) / self._rate)
            if wait_s > patience_s:
                raise Unavailable("our own rate limit is reached", wait_s)
            self._tokens -= 1
            return wait_s


class QuotaBook(Protocol):
    """Stores the use of each day for all hub processes. A process reserves calls in blocks; a crash wastes at most one
    block."""

    def reserve(self, name: str, day: str, want: int, limit: int) -> int:
        """Reserve up to ``want`` calls for connector ``name`` on ``day`` (ISO 8601). Returns how many are granted; 0
        when ``limit`` is reached. Raises ``Unavailable``."""

    def used(self, name: str, day: str) -> int:
        """Calls that are reserved so far on ``day`` (ISO 8601), by all processes."""


class DailyQuota:
    """At most ``limit`` calls a day; 0: no limit. A feed stops before the last ``look_up_share`` of them. Without a
    ``book`` it counts this process only. Thread-safe."""

    def __init__(self, name: str, limit: int, clock: Clock, book: QuotaBook | None, look_up_share: float = 0.0) -> None:
        self._name = name
        self._limit = limit
        self._of_look_ups = int(limit * look_up_share)
        self._clock = clock
        self._book = book
        self._lock = threading.Lock()
        self._day = ""
        self._granted = 0
        self._used_here = 0

    def take(self, feed: bool = False) -> None:
        """Use one call, for the ``feed`` or for a look-up. Raises ``NotNow`` with the time until midnight, when the
        quota comes back, when there is none left for it."""
        if not self._limit:
            return
        with self._lock:
            now = self._now()
            if now.date().isoformat() != self._day:
                self._day, self._granted, self._used_here = now.date().isoformat(), 0, 0
            if not self._granted:
                self._granted = self._reserve(self._limit - self._of_look_ups if feed else self._limit)
            if not self._granted:
                raise NotNow(self._none_left(feed), _until_midnight_s(now))
            self._granted -= 1
            self._used_here += 1

    def _none_left(self, feed: bool) -> str:
        back = "it comes back at midnight, Beijing time"
        if feed and self._of_look_ups:
            return f"{self._name}: the rest of the day's quota ({self._of_look_ups} calls) is for look-ups; {back}"
        return f"{self._name}: no calls are left in the day's quota ({self._limit}); {back}"

    def _now(self) -> datetime:
        """Process time in China: the system counts its calls by its own day, however fast ours is demonstrated."""
        return datetime.fromtimestamp(self._clock.process_ms() / 1000, CHINA)

    def _reserve(self, limit: int) -> int:
        block = max(1, self._limit // 100)
        if self._book is None:
            return max(0, min(block, limit - self._used_here))
        return self._book.reserve(self._name, self._day, block, limit)

    def left(self) -> int | None:
        """Calls left today, as far as this process knows; ``None`` without a limit."""
        if not self._limit:
            return None
        today = self._now().date().isoformat()
        if self._book is not None:
            return max(0, self._limit - self._book.used(self._name, today)) + (
                self._granted if today == self._day else 0
            )
        return self._limit - (self._used_here if today == self._day else 0)


def _until_midnight_s(now: datetime) -> float:
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), CHINA)
    return (midnight - now).total_seconds()

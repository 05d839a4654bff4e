"""How often a system may be called: a rate, and a quota from midnight to midnight, Beijing time."""

import threading
from datetime import datetime, time, timedelta
from typing import Protocol

from hub.clock import CHINA
from hub.errors import Unavailable
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
        """Take a turn and return the seconds to wait for it. Raises ``Unavailable`` and takes nothing when that is
        over ``patience_s``."""
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
    """Where the day's use is kept, for all hub processes together. Calls are handed out in blocks; a crash wastes at
    most one."""

    def reserve(self, name: str, day: str, want: int, limit: int) -> int:
        """Book up to ``want`` calls for ``name`` on ``day`` (ISO date) and return how many are granted: 0 when the
        quota is used up."""

    def used(self, name: str, day: str) -> int:
        """Calls booked so far."""


class DailyQuota:
    """At most ``limit`` calls a day; 0 means as many as one likes."""

    def __init__(self, name: str, limit: int, clock: Clock, book: QuotaBook | None) -> None:
        self._name = name
        self._limit = limit
        self._clock = clock
        self._book = book
        self._lock = threading.Lock()
        self._day = ""
        self._granted = 0
        self._used_here = 0

    def take(self) -> None:
        """Use one call. Raises ``Unavailable`` until midnight when there is none left."""
        if not self._limit:
            return
        with self._lock:
            now = self._now()
            if now.date().isoformat() != self._day:
                self._day, self._granted, self._used_here = now.date().isoformat(), 0, 0
            if not self._granted:
                self._granted = self._reserve()
            if not self._granted:
                raise Unavailable(f"{self._name}: the day's quota is used up", _until_midnight_s(now))
            self._granted -= 1
            self._used_here += 1

    def _now(self) -> datetime:
        """Process time in China: the system counts its calls by its own day, however fast ours is demonstrated."""
        return datetime.fromtimestamp(self._clock.process_ms() / 1000, CHINA)

    def _reserve(self) -> int:
        block = max(1, self._limit // 100)
        if self._book is None:
            return min(block, self._limit - self._used_here)
        return self._book.reserve(self._name, self._day, block, self._limit)

    def left(self) -> int | None:
        """Calls left today, as far as this process knows; ``None`` without a quota."""
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

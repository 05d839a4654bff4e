"""The one place that reads time."""

import time
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""The time zone of all days in laws, sources and the utility's systems. China has had one zone, without summer time,
since 1991."""
SKEW_S = 300
"""How far the clocks of two systems may differ without a consequence, seconds."""


def in_china(at_ms: int) -> str:
    """A moment for a person to read: date and time in China, to the second. The reader must see near it that it is
    China's time. ``at_ms``: milliseconds since the epoch.

    >>> in_china(1_600_000_000_123)
    '2020-09-13 20:26:40'
    """
    return datetime.fromtimestamp(at_ms / 1000, CHINA).strftime("%Y-%m-%d %H:%M:%S")


class SystemClock:
    """``Clock`` port on the machine's own clocks: business time and process time are the same."""

    def now(self) -> datetime:
        """Business time: aware, UTC."""
        return datetime.now(UTC)

    def now_ms(self) -> int:
        """Business time: milliseconds since the epoch."""
        return self.process_ms()

    def process_ms(self) -> int:
        """Process time: milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Process time of this process: seconds since an arbitrary moment, never decreasing."""
        return time.monotonic()

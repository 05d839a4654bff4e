"""The one place that reads time."""

import time
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""The time zone of all days in laws, sources and the utility's systems. China has had one zone, without summer time,
since 1991."""
SKEW_S = 300
"""How far the clocks of two systems may differ without a consequence, seconds."""


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

"""The one place that reads time."""

import time
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""The zone of every day that a law, a source or the utility speaks of. China has used one zone, without summer time,
since 1991."""


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
        """Seconds since any moment; they only grow."""
        return time.monotonic()

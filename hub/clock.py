"""The one place that reads time."""

import time
from datetime import UTC, datetime


class SystemClock:
    """``Clock`` port on the machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()

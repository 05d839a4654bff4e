"""A clock that tests move by hand."""

from datetime import UTC, datetime, timedelta


class HandClock:
    """Stands still until it is moved. ``look_s``: monotonic seconds that each look at it costs, for loops that wait
    for time to pass."""

    def __init__(self, look_s: float = 0.0) -> None:
        self._now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
        self._s = 1_000.0
        self._look_s = look_s

    def now(self) -> datetime:
        return self._now

    def now_ms(self) -> int:
        return int(self._now.timestamp() * 1000)

    def monotonic_s(self) -> float:
        self._s += self._look_s
        return self._s

    def pass_s(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._s += seconds

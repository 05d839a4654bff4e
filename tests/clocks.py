"""A clock that tests move by hand."""

from datetime import UTC, datetime, timedelta

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class HandClock:
    """Stands still until it is moved. ``look_s``: monotonic seconds that each look at it costs, for loops that wait
    for time to pass. ``speed``: how many seconds of business time pass in a second of process time."""

    def __init__(self, look_s: float = 0.0, speed: float = 1.0) -> None:
        self._now = self._process = BEGIN
        self._s = 1_000.0
        self._look_s = look_s
        self._speed = speed

    def now(self) -> datetime:
        """Business time."""
        return self._now

    def now_ms(self) -> int:
        """Business time, ms since the epoch."""
        return int(self._now.timestamp() * 1000)

    def process_ms(self) -> int:
        """Process time, ms since the epoch."""
        return int(self._process.timestamp() * 1000)

    def monotonic_s(self) -> float:
        """Process time, seconds; each look costs ``look_s``."""
        self._s += self._look_s
        return self._s

    def pass_s(self, seconds: float) -> None:
        """So much process time passes, and ``speed`` times as much business time."""
        self._now += timedelta(seconds=seconds * self._speed)
        self._process += timedelta(seconds=seconds)
        self._s += seconds

    def set_s(self, seconds: float) -> None:
        """The machine's time is set forward, or back (negative); no time passes."""
        self._now += timedelta(seconds=seconds)
        self._process += timedelta(seconds=seconds)

    def hurry_s(self, seconds: float) -> None:
        """So much business time passes, and no process time."""
        self._now += timedelta(seconds=seconds)

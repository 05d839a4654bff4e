"""A clock with fast business time, so that a demonstration shows days in minutes."""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hub.bootstrap import Business
from hub.ports import Clock


class FastClock:
    """``Clock`` port: business time runs ``speed`` times as fast as process time since ``since_ms``, when both were
    the same. Process time is that of ``clock``: leases, back-off, time-outs and nonces do not change."""

    def __init__(self, clock: Clock, speed: float, since_ms: int) -> None:
        self._clock = clock
        self._speed = speed
        self._since_ms = since_ms

    def now(self) -> datetime:
        """Business time: aware, UTC."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    def now_ms(self) -> int:
        """Business time: milliseconds since the epoch."""
        return self._since_ms + int((self.process_ms() - self._since_ms) * self._speed)

    def process_ms(self) -> int:
        """Process time: milliseconds since the epoch."""
        return self._clock.process_ms()

    def monotonic_s(self) -> float:
        """Process time: seconds since any moment; they only grow."""
        return self._clock.monotonic_s()


def business(file: Path, speed: float, clock: Clock) -> Clock:
    """``clock`` with a business time at ``speed``. Its start is stored in ``file``, so that a demonstration which is
    resumed continues at its own business time."""
    if not file.exists():
        file.write_text(json.dumps({"speed": speed, "since_ms": clock.process_ms()}), "utf-8")
    began = json.loads(file.read_text("utf-8"))
    return FastClock(clock, began["speed"], began["since_ms"])


def at_speed(file: Path, speed: float) -> Business | None:
    """What ``open_hub`` needs for a demonstration at ``speed``; ``None`` for one in real time."""
    return None if speed == 1 and not file.exists() else partial(business, file, speed)

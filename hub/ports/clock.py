"""The port to time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only reader of time. It has two kinds of time.

    Business time says when something happened: events, verdicts, the days that a law counts. A demonstration may run it
    faster. Process time is for waiting: leases, back-off, time-outs, nonces, next attempts, reports of progress.
    Nothing changes its speed. A value of one kind is never compared with a value of the other (ADR 0020). Thread-safe.
    """

    def now(self) -> datetime:
        """Business time: aware, UTC."""

    def now_ms(self) -> int:
        """Business time: milliseconds since the epoch."""

    def process_ms(self) -> int:
        """Process time that all processes of an installation share: milliseconds since the epoch. May step by
        milliseconds when it is adjusted."""

    def monotonic_s(self) -> float:
        """Process time of this process alone: seconds since any moment. Only ever grows."""

"""The port to time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only reader of time, and it has two of them.

    Business time is what happened when: events, verdicts, days that a law counts. A demonstration may run it faster.
    Process time is what machines wait by: leases, back-off, time-outs, nonces, next attempts, reports of progress.
    Nothing changes it. A value of one is never compared with a value of the other (ADR 0020). Safe for use by several
    threads.
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

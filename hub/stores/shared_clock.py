"""One time for all hubs of an installation: the database's. So all hubs agree about claims and waits, also when the
clocks of their machines differ."""

from datetime import UTC, datetime

from sqlalchemy import text

from hub.ports import Clock
from hub.stores.database import Database

ADJUST_EVERY_S = 10.0
_NOW_MS = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")


class SharedClock:
    """``Clock`` port: the database's time, continued with this machine's monotonic clock. Before the first reading, and
    while the database is away, it continues from the last known time. Business time and process time are the same."""

    def __init__(self, clock: Clock, store: Database) -> None:
        self._clock = clock
        self._store = store
        self._known = clock.process_ms(), clock.monotonic_s()
        self._due_s = 0.0

    def adjust(self) -> None:
        """Read the database's time, unless it was read in the last ``ADJUST_EVERY_S`` seconds. Raises
        ``Unavailable``."""
        if self._clock.monotonic_s() < self._due_s:
            return
        with self._store.read() as connection:
            before_s = self._clock.monotonic_s()
            now_ms = int(connection.execute(_NOW_MS).scalar_one())
            after_s = self._clock.monotonic_s()
        self._known = now_ms, (before_s + after_s) / 2
        self._due_s = after_s + ADJUST_EVERY_S

    def off_ms(self) -> int:
        """How far this machine's own clock is ahead of the database's, ms; negative when it is behind."""
        return self._clock.process_ms() - self.process_ms()

    def now(self) -> datetime:
        """Business time: aware, UTC."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    def now_ms(self) -> int:
        """Business time: milliseconds since the epoch."""
        return self.process_ms()

    def process_ms(self) -> int:
        """The database's time: milliseconds since the epoch."""
        then_ms, then_s = self._known
        return then_ms + int((self._clock.monotonic_s() - then_s) * 1000)

    def monotonic_s(self) -> float:
        """This machine's process time: seconds since an arbitrary moment, never decreasing."""
        return self._clock.monotonic_s()

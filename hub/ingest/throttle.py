"""Pace: a feed does not run away from the stages behind it.

A backlog delays whatever stands in line after it: a record that an application was looked up for waits behind every
record of the feed that nobody has judged, and again behind every verdict that is not in the tables. So a feed takes its
next page only while fewer than ``BEHIND_MAX`` records are between its source and the tables. And while an application
waits for what was asked, a feed rests whenever its allowance is used up, because they share processors. Nothing is lost
by waiting: the rest lies at the source.
"""

from hub.cases.evidence import decide
from hub.pipeline import verify
from hub.pipeline.project import read_offsets
from hub.ports import Clock, Positions, RecordLog, Store

BEHIND_MAX = 500
"""About a page: one is judged while the next is fetched. More would make the backfill little faster, and everybody
behind it wait."""
HOLD_MAX_S = 5.0
"""Longest wait before a page is taken all the same: with a stage away the feed becomes slow, it does not stop."""
YIELD_S = 2.0
"""Rest while applications wait: about as long as the stages work at one."""
LOOK_EVERY_S = 0.2
"""Each look asks the broker a dozen questions."""


class Pace:
    """Holds one feed of one kind back. Belongs to the feed's thread."""

    def __init__(self, log: RecordLog, store: Store, clock: Clock, kind: str) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._kind = kind
        self._allowed = 0
        self._held_s: float | None = None

    def took(self, rows: int) -> None:
        """The feed has taken a page of so many rows."""
        self._allowed -= rows

    def hold_s(self) -> float:
        """Seconds to wait before asking again; 0 when the next page may be taken."""
        if self._allowed > 0:
            return 0.0
        now_s = self._clock.monotonic_s()
        if self._held_s is None:
            self._held_s = now_s
        held_s = now_s - self._held_s
        if held_s < YIELD_S and self._application_waits():
            return LOOK_EVERY_S
        self._allowed = BEHIND_MAX - self.behind()
        if self._allowed <= 0 and held_s < HOLD_MAX_S:
            return LOOK_EVERY_S
        self._held_s = None
        return 0.0

    def _application_waits(self) -> bool:
        with self._store.read() as connection:
            return decide.awaited(connection, self._clock.now_ms())

    def behind(self) -> int:
        """Received and not judged, and judged and not in the tables. A little more where the log has markers."""
        judged = self._log.committed(verify.GROUP)
        with self._store.read() as connection:
            projected = read_offsets(connection)
        return self._after("received", judged) + self._after("verified", projected) + self._after("rejected", projected)

    def _after(self, suffix: str, positions: Positions) -> int:
        topic = f"{self._kind}.{suffix}"
        bounds = self._log.bounds(topic)
        return sum(end - positions.get((topic, one), first) for one, (first, end) in bounds.items())

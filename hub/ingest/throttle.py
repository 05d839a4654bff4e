"""Throttle: limits a feed by the backlog of the stages behind it (back-pressure). See ADR 0009.

A backlog delays all later records: a looked-up record waits behind all records of the feed that have no verdict yet,
and again behind all verdicts that are not in the tables. So a feed takes its next page only while fewer than
``BEHIND_MAX`` records are between its source and the tables. While an application waits for an answer, a feed also
pauses after each allowance, because they share processors. Nothing is lost: the other rows wait at the source.
"""

from collections.abc import Callable

from hub.ports import Clock

BEHIND_MAX = 500
"""About a page: one is judged while the next is fetched. With more, a backfill is hardly faster, and later records
wait longer."""
HOLD_MAX_S = 5.0
"""Longest wait before a page is taken in any case, seconds: without a stage the feed becomes slow,
but does not stop.
"""
YIELD_S = 2.0
"""Pause while applications wait, seconds: about the time that the stages need for one."""
LOOK_EVERY_S = 0.2
"""Time between two checks, seconds. A check needs about twelve requests to the broker."""


class Throttle:
    """The throttle of one feed. Belongs to the feed's thread.

    ``behind`` counts the records that are received and not in the tables. ``awaited`` returns whether an application
    waits for an answer. Both may raise ``Unavailable``.
    """

    def __init__(self, clock: Clock, behind: Callable[[], int], awaited: Callable[[], bool]) -> None:
        self._clock = clock
        self._behind = behind
        self._awaited = awaited
        self._allowed = 0
        self._held_s: float | None = None

    def took(self, rows: int) -> None:
        """Note that the feed has taken a page with this many rows, also those that were known: reading them needs
        the same processors."""
        self._allowed -= rows

    def hold_s(self) -> float:
        """Seconds to wait before the next call of this method; 0 when the next page may be taken. Raises
        ``Unavailable``."""
        if self._allowed > 0:
            return 0.0
        now_s = self._clock.monotonic_s()
        if self._held_s is None:
            self._held_s = now_s
        held_s = now_s - self._held_s
        if held_s < YIELD_S and self._awaited():
            return LOOK_EVERY_S
        self._allowed = BEHIND_MAX - self._behind()
        if self._allowed <= 0 and held_s < HOLD_MAX_S:
            return LOOK_EVERY_S
        self._held_s = None
        return 0.0

"""Throttle: a feed does not run away from the stages behind it (back-pressure).

A backlog delays everything that stands in line after it: a record that an application was looked up for waits behind
every record of the feed that has no verdict yet, and again behind every verdict that is not in the tables. So a feed
takes its next page only while fewer than ``BEHIND_MAX`` records are between its source and the tables. While an
application waits for what was asked, a feed also rests whenever its allowance is used up, because they share
processors. Nothing is lost by waiting: the rest lies at the source.
"""

from collections.abc import Callable

from hub.ports import Clock

BEHIND_MAX = 500
"""About a page: one is judged while the next is fetched. More would make a backfill little faster, and everything
behind it wait."""
HOLD_MAX_S = 5.0
"""Longest wait before a page is taken all the same: with a stage away the feed becomes slow, it does not stop."""
YIELD_S = 2.0
"""Rest while applications wait: about as long as the stages work at one."""
LOOK_EVERY_S = 0.2
"""Each look asks the broker a dozen questions."""


class Throttle:
    """Holds one feed back. Belongs to the feed's thread.

    ``behind`` counts the records that are received and not in the tables, ``awaited`` says whether an application
    waits for an answer; both may raise ``Unavailable``.
    """

    def __init__(self, clock: Clock, behind: Callable[[], int], awaited: Callable[[], bool]) -> None:
        self._clock = clock
        self._behind = behind
        self._awaited = awaited
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
        if held_s < YIELD_S and self._awaited():
            return LOOK_EVERY_S
        self._allowed = BEHIND_MAX - self._behind()
        if self._allowed <= 0 and held_s < HOLD_MAX_S:
            return LOOK_EVERY_S
        self._held_s = None
        return 0.0

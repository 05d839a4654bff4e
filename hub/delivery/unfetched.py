"""Looks after the pieces of a sink whose system fetches them. It makes no call: it repairs their rows, and tells when
no program fetches."""

import time
from functools import partial

from hub.delivery.claims import TAKEOVER_S, Again, Key
from hub.delivery.offers import READER, Offers
from hub.parts import Parts
from hub.ports import Clock
from hub.runtime.stage import TABLES, Stage

UNFETCHED_TOLD_S = 900.0
"""How long the first piece of all may wait to be fetched before it is told, seconds."""
IDLE_S = 1.0


class Unfetched:
    """The stage of one sink. Any number of instances may run."""

    def __init__(self, name: str, offers: Offers, clock: Clock, *, idle_s: float = IDLE_S) -> None:
        self._name = name
        self._offers = offers
        self._clock = clock
        self._idle_s = idle_s
        self._look_s = float("-inf")
        self._first: Key | None = None
        self._since_s = 0.0

    def step(self) -> int:
        """Look after the rows. Returns 0: it delivers nothing. Raises ``Unavailable`` when the database is."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._look_s:
            self._offers.look_after(self._clock.process_ms())
            self._look_at_first(now_s)
            self._look_s = now_s + TAKEOVER_S
        time.sleep(self._idle_s)
        return 0

    def _look_at_first(self, now_s: float) -> None:
        now_ms = self._clock.process_ms()
        first = next(iter(self._offers.waiting(1, now_ms)), None)
        if first is None or first.attempts > 0:
            self._first = None
        elif first.key != self._first:
            self._first, self._since_s = first.key, now_s
        elif now_s - self._since_s >= UNFETCHED_TOLD_S:
            self._offers.retry(first, now_ms, now_ms, Again(0, 0, f"{self._name}: its pieces are not fetched", READER))
            self._since_s = now_s

    def close(self) -> None:
        """Nothing is open."""


def make(sink: str, parts: Parts) -> Unfetched:
    """The running stage for one sink. Raises ``Misconfigured`` when its settings are wrong."""
    parts.connectors.pickup(sink)
    return Unfetched(sink, Offers(parts.store, sink, parts.instance), parts.clock)


def stage(sink: str) -> Stage:
    """The stage of a sink whose system fetches."""
    return Stage(
        f"deliver.{sink}",
        reads=(TABLES,),
        writes=(TABLES,),
        make=partial(make, sink),
        about="pieces that the sink's system fetches: repairs, and tells when no program does",
    )

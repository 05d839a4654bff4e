"""Erase: once a day one hub erases the records that no application used (``erase.py``)."""

import time
from collections.abc import Iterator

from sqlalchemy import select, update

from hub.logging import get_logger
from hub.parts import Parts
from hub.pipeline.tables import erase_due
from hub.pipeline.unused.erase import Erasure, erasing
from hub.records.kinds import KINDS
from hub.runtime.stage import OUTBOX, TABLES, Stage
from hub.stores import bulk
from hub.topics.declared import LOOKUP_RECEIVED

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
LOOK_S = 60.0
"""How often it looks whether it is due, seconds."""
STEP_S = 0.5
"""How long one step works, or waits when nothing is due, seconds."""
log = get_logger("erase")


class EraseStage:
    """The erase stage. Of all hubs the one that takes the day does it. One that does not end within an hour is taken
    for lost, and another one does the rest."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._work: Iterator[int] | None = None
        self._done = Erasure()
        self._looked_s = float("-inf")

    def step(self) -> int:
        if self._work is None and not self._begins():
            time.sleep(STEP_S)
            return 0
        until_s = self._parts.clock.monotonic_s() + STEP_S
        count = 0
        for read in self._work or ():
            count += read
            if self._parts.clock.monotonic_s() >= until_s:
                return count
        self._end()
        return count

    def _begins(self) -> bool:
        """Take the day if it is due."""
        now_s, now_ms = self._parts.clock.monotonic_s(), self._parts.clock.process_ms()
        if now_s - self._looked_s < LOOK_S:
            return False
        self._looked_s = now_s
        with self._parts.store.read() as connection:
            next_ms = connection.execute(select(erase_due.c.next_ms)).scalar()
        if next_ms is not None and next_ms > now_ms:
            return False
        with self._parts.store.write() as connection:
            if next_ms is None:
                # The first time is a day after the installation.
                bulk.add(connection, erase_due, {"one": [1], "next_ms": [now_ms + DAY_MS]})
                return False
            mine = update(erase_due).where(erase_due.c.next_ms == next_ms).values(next_ms=now_ms + HOUR_MS)
            if not connection.execute(mine).rowcount:
                return False
        self._done = Erasure()
        self._work = erasing(self._parts, self._done)
        return True

    def _end(self) -> None:
        next_ms = self._parts.clock.process_ms() + DAY_MS
        with self._parts.store.write() as connection:
            connection.execute(update(erase_due).values(next_ms=next_ms))
        self._work = None
        for (source, kind), count in sorted(self._done.erased.items()):
            log.info("unused records erased", source=source, kind=kind, records=count)

    def close(self) -> None:
        """Stop in the middle: another hub continues within an hour."""
        self._work = None


STAGE = Stage(
    "erase",
    reads=(*(kind.topic("received") for kind in KINDS.values()), LOOKUP_RECEIVED, TABLES),
    writes=(TABLES, OUTBOX),
    make=EraseStage,
    about="once a day: records that no application used, after their term → their keys are destroyed",
)

"""Due: cases whose time has come decide again, of every procedure that is installed.

What is due is found by time, so an answer that never comes only means that the question is put again. Any number of
these stages share the work: a case is decided about while it is locked, and passed over when another one has it.
"""

import time
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from hub.cases import case as cases
from hub.cases.journal import Journal
from hub.cases.procedure import Procedure, PutOff
from hub.errors import Misconfigured, Unavailable
from hub.logging import get_logger
from hub.parts import Parts
from hub.ports import Store
from hub.runtime.stage import OUTBOX, TABLES, Stage

AT_ONCE = 12
"""Timers in one transaction: enough to be quick, few enough to leave some to other processes."""
IDLE_S = 0.1
"""How long a step waits when nothing was due."""
PUT_OFF_S = 300
"""How long a case that cannot decide is left alone: longer than a feed would rest for it."""

log = get_logger("due")


class _CannotDecide(Exception):
    """Deciding about these cases failed, for a reason that lies with one of them."""

    def __init__(self, procedure: Procedure, ids: Sequence[bytes]) -> None:
        super().__init__()
        self.procedure = procedure
        self.ids = ids


class DueStage:
    """The due stage."""

    def __init__(self, store: Store, journal: Journal, *, idle_s: float = IDLE_S) -> None:
        self._store = store
        self._journal = journal
        self._idle_s = idle_s
        self._at_once = AT_ONCE

    def step(self) -> int:
        """Decide about some cases that are due; how many. Waits a moment when there are none."""
        try:
            decided = sum(self._decide(procedure) for procedure in self._waiting())
        except _CannotDecide as failure:
            log.exception("cases cannot decide", cases=[one.hex() for one in failure.ids])
            self._set_apart(failure)
            return 1
        if not decided:
            time.sleep(self._idle_s)
        return decided

    def close(self) -> None:
        """Nothing is held."""

    def _waiting(self) -> list[Procedure]:
        process_ms = self._journal.clock.process_ms()
        with self._store.read() as connection:
            return [one for one in self._journal.procedures if one.due.waits(connection, process_ms)]

    def _decide(self, procedure: Procedure) -> int:
        process_ms = self._journal.clock.process_ms()
        with self._store.write() as connection:
            work = procedure.due.take(connection, process_ms, self._at_once)
            try:
                self._journal.run(connection, procedure, work)
            except (Unavailable, Misconfigured, SQLAlchemyError):
                raise
            except Exception as failure:
                raise _CannotDecide(procedure, [case.case_id for case, _ in work]) from failure
        return len(work)

    def _set_apart(self, failure: _CannotDecide) -> None:
        """One case that cannot decide must not stop the others: find out which, one by one, then leave it alone for a
        while."""
        if len(failure.ids) > 1:
            self._at_once = 1
            return
        with self._store.write() as connection:
            for case in cases.lock(connection, failure.ids).values():
                self._journal.run(connection, failure.procedure, [(case, PutOff(PUT_OFF_S))])
        self._at_once = AT_ONCE


def make(parts: Parts) -> DueStage:
    """The stage at work. Raises ``Misconfigured`` for a connector that is not installed."""
    return DueStage(parts.store, parts.journal())


STAGE = Stage(
    "due", reads=(TABLES,), writes=(TABLES, OUTBOX), make=make, about="cases whose time has come → decisions, look-ups"
)

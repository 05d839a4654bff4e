"""Due: decides again about cases of all installed procedures that are due.

Due cases are found by their time. So if an answer never comes, the look-up is requested again. Any number of these
stages share the work: each locks a case while it decides, and skips the cases that another one has locked.
"""

import time
from collections.abc import Sequence

from sqlalchemy.exc import DataError, SQLAlchemyError

from hub.cases import case as cases
from hub.cases.journal import Journal
from hub.cases.procedure import Procedure, PutOff
from hub.crash import crash_point
from hub.errors import Misconfigured, Unavailable
from hub.logging import get_logger
from hub.parts import Parts
from hub.ports import Store
from hub.runtime.stage import OUTBOX, TABLES, Stage

AT_ONCE = 12
"""Most timers in one transaction: enough to be fast, few enough to leave some for other processes."""
IDLE_S = 0.1
"""How long a step waits when nothing was due, seconds."""
PUT_OFF_S = 300
"""How long a case that cannot decide is put off, seconds: longer than a feed pauses for it."""

log = get_logger("due")


class _CannotDecide(Exception):
    """Deciding about these cases failed because of one of them."""

    def __init__(self, procedure: Procedure, ids: Sequence[bytes]) -> None:
        super().__init__()
        self.procedure = procedure
        self.ids = ids


class DueStage:
    """The due stage: lets procedures decide about cases whose timers are due. Any number of
    instances share the work.
    """

    def __init__(self, store: Store, journal: Journal, *, idle_s: float = IDLE_S) -> None:
        self._store = store
        self._journal = journal
        self._idle_s = idle_s
        self._at_once = AT_ONCE
        self._apart: dict[bytes, int] = {}
        """Cases that could not decide → until when they are left out, process time in ms. Not every timer can be moved:
        without it such a case would be decided about again and again, without a pause."""

    def step(self) -> int:
        """Decide about some due cases. Returns how many. Waits a moment when there are none."""
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
        """Nothing to release."""

    def _waiting(self) -> list[Procedure]:
        moment = self._journal.moment()
        with self._store.read() as connection:
            return [one for one in self._journal.procedures if one.due.waits(connection, moment)]

    def _decide(self, procedure: Procedure) -> int:
        moment = self._journal.moment()
        self._apart = {one: until for one, until in self._apart.items() if until > moment.process_ms}
        with self._store.write() as connection:
            taken = procedure.due.take(connection, moment, self._at_once + len(self._apart))
            work = [one for one in taken if one[0].case_id not in self._apart][: self._at_once]
            try:
                self._journal.run(connection, procedure, work)
            except DataError as failure:  # a text or number of one case that no column takes
                raise _CannotDecide(procedure, [case.case_id for case, _ in work]) from failure
            except (Unavailable, Misconfigured, SQLAlchemyError):
                raise
            except Exception as failure:
                raise _CannotDecide(procedure, [case.case_id for case, _ in work]) from failure
        if work:
            crash_point("due.decided")
        return len(work)

    def _set_apart(self, failure: _CannotDecide) -> None:
        """Put off a case that cannot decide, so that it does not stop the others. If there are several, decide one by
        one first to find it."""
        if len(failure.ids) > 1:
            self._at_once = 1
            return
        until = self._journal.moment().process_ms + PUT_OFF_S * 1000
        self._apart |= dict.fromkeys(failure.ids, until)
        with self._store.write() as connection:
            for case in cases.lock(connection, failure.ids).values():
                self._journal.run(connection, failure.procedure, [(case, PutOff(PUT_OFF_S))])
        self._at_once = AT_ONCE


def make(parts: Parts) -> DueStage:
    """The running stage. Raises ``Misconfigured`` for a connector that is not installed."""
    return DueStage(parts.store, parts.journal())


STAGE = Stage(
    "due", reads=(TABLES,), writes=(TABLES, OUTBOX), make=make, about="cases that are due → decisions, look-ups"
)

"""The service for customers: progress, a look-up by number, a rating, and what follows a bad one. The API and
``hub application`` call it."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from hub.cases import case as cases
from hub.cases.by import By
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.connection.command import Application
from hub.cases.connection.procedure import PROCEDURE
from hub.cases.customer.progress import Followed, follow, full, public
from hub.cases.customer.said import LAST_CHARACTERS, FollowUp, Question, Rating, read
from hub.cases.customer.token import ApplicationTokens
from hub.cases.events import ToSeal
from hub.cases.journal import Decided, Journal
from hub.cases.procedure import Opens
from hub.cases.ratings.decide import Rate
from hub.cases.ratings.events import FollowedUp, RatingRefused
from hub.cases.ratings.tables import rating, rating_refusal
from hub.crash import crash_point
from hub.errors import RecordRejected
from hub.ports import Fault, Store
from hub.records.identifiers import resident_id_18

APPLICANT: Final = By("applicant")
"""Who rates: the one who has the application's token."""
REFUSALS_MAX: Final = 20
"""Refused ratings of one application that are recorded: a caller cannot make a topic grow without limit."""
NO_EVIDENCE: Final = "RATING_NO_EVIDENCE"
GIVEN: Final = "RATING_GIVEN"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Customers:
    """The service. ``find``: (channel, number) → the application's id; ``authorities``: source → the authority that it
    belongs to; ``follow_up_days``: working days of a follow-up."""

    store: Store
    opener: Opens
    journal: Journal
    tokens: ApplicationTokens
    find: Callable[[str, str], bytes | None]
    authorities: Mapping[str, str]
    follow_up_days: int

    def progress(self, case_id: bytes) -> Json:
        """What the customer of an application sees. Raises ``RecordRejected`` (NO_SUCH_APPLICATION)."""
        with self.store.read() as connection:
            found = follow(connection, case_id, self._today())
            return full(connection, found, self.authorities)

    def look_up(self, question: Question) -> Json:
        """Step and dates of the application with this number, where the last characters are those of its applicant.
        Raises ``RecordRejected`` (NO_SUCH_APPLICATION), the same for an unknown number and for other characters."""
        case_id = self.find(question.channel, question.external_no)
        if case_id is None:
            raise RecordRejected("NO_SUCH_APPLICATION")
        with self.store.read() as connection:
            found = follow(connection, case_id, self._today())
        if not self._ends_with(found.row, question.last):
            raise RecordRejected("NO_SUCH_APPLICATION")
        return public(found)

    def rate(self, case_id: bytes, document: Mapping[str, Any]) -> Json:
        """Rate the service, by the one who has the application's token. The same rating again changes nothing (P2).
        Returns the progress.

        Raises ``RecordRejected``: the codes of ``said.read``; NO_SUCH_APPLICATION; RATING_EARLY before the application
        has ended; RATING_GIVEN for a second one of other content, which is recorded; ERASED or KEY_DAMAGED when the
        first one cannot be read.
        """
        given = read(document, Rating)
        wanted = Rate(given.grade, given.text, self.follow_up_days)
        with self.store.write() as connection:
            locked, found = self._locked(connection, case_id)
            by = APPLICANT._replace(channel=found.row.channel)
            known = _rating(connection, case_id)
            if known is None and found.history.end is None:
                raise RecordRejected("RATING_EARLY")
            if known is None:
                self.journal.run(connection, PROCEDURE, [(locked, wanted)], by=by)
            elif other := not self._is(locked, known, wanted):
                self._refuse(connection, locked, GIVEN, by)
        if known is not None and other:
            raise RecordRejected(GIVEN)
        crash_point("rating.committed")
        return self.progress(case_id)

    def refuse_rating(self, case_id: bytes, by: By) -> None:
        """Record that a rating came without the application's token: no customer made it (P4). Nothing happens for an
        application that does not exist."""
        with self.store.write() as connection:
            locked = cases.lock(connection, [case_id]).get(case_id)
            if locked is not None and locked.procedure == PROCEDURE.name:
                self._refuse(connection, locked, NO_EVIDENCE, by)

    def follow_up(self, case_id: bytes, document: Mapping[str, Any], by: By) -> Json:
        """Say how the follow-up of a bad rating ended. Returns the progress. Raises ``RecordRejected``: the codes of
        ``said.read``; NO_SUCH_APPLICATION; NO_FOLLOW_UP where none runs."""
        given = read(document, FollowUp)
        with self.store.write() as connection:
            locked, found = self._locked(connection, case_id)
            known = _rating(connection, case_id)
            if known is None or known.follow_up_due_on is None or known.outcome is not None:
                raise RecordRejected("NO_FOLLOW_UP")
            event = FollowedUp(outcome=given.outcome, sealed=ToSeal(given.note.encode()))
            by = by._replace(channel=found.row.channel)
            self.journal.append(connection, [Decided(locked, [event], by)])
        return self.progress(case_id)

    def _today(self) -> date:
        return china_day(self.journal.clock.now())

    def _locked(self, connection: Connection, case_id: bytes) -> tuple[Case, Followed]:
        locked = cases.lock(connection, [case_id]).get(case_id)
        if locked is None:
            raise RecordRejected("NO_SUCH_APPLICATION")
        return locked, follow(connection, case_id, self._today())

    def _is(self, locked: Case, known: Row[Any], wanted: Rate) -> bool:
        """Whether the rating that is there is this one."""
        opened = self.opener.open_values([(locked.subject_id, bytes(known.sealed))])[0]
        if isinstance(opened, Fault):
            raise RecordRejected(opened.code)
        return opened == wanted.canonical()

    def _refuse(self, connection: Connection, locked: Case, code: str, by: By) -> None:
        count = select(func.count()).select_from(rating_refusal).where(rating_refusal.c.case_id == locked.case_id)
        if connection.execute(count).scalar_one() < REFUSALS_MAX:
            self.journal.append(connection, [Decided(locked, [RatingRefused(code=code)], by)])

    def _ends_with(self, row: Row[Any], last: str) -> bool:
        """Whether the applicant's number has these last characters; an old ID of 15 digits also as one of 18."""
        opened = self.opener.open_values([(bytes(row.subject_id), bytes(row.sealed))])[0]
        if isinstance(opened, Fault):
            return False
        by, number = Application.model_validate_json(opened).applicant_identifier()
        numbers = {number, resident_id_18(number) if by == "resident-id" else number}
        return any(hmac.compare_digest(one[-LAST_CHARACTERS:].upper(), last.upper()) for one in numbers)


def _rating(connection: Connection, case_id: bytes) -> Row[Any] | None:
    return connection.execute(select(rating).where(rating.c.case_id == case_id)).one_or_none()

"""The service for customers: progress, a look-up by number, a request for the next segment, a rating, and what follows
a bad one. The API and ``hub application`` call it."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, case, func, select

from hub.cases import case as cases
from hub.cases.by import By
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.connection.command import Application
from hub.cases.connection.hears import AskFor
from hub.cases.connection.procedure import PROCEDURE
from hub.cases.connection.steps.histories import with_request
from hub.cases.connection.tables import row_of
from hub.cases.connection.warnings.due import taken_back
from hub.cases.customer import asking
from hub.cases.customer.progress import Followed, follow, full, public
from hub.cases.customer.said import LAST_CHARACTERS, FollowUp, Question, Rating, Wanted, read
from hub.cases.customer.steps import to_ask
from hub.cases.customer.token import ApplicationTokens
from hub.cases.events import ToSeal
from hub.cases.identity import desk
from hub.cases.identity.desk import Desk, Presented
from hub.cases.identity.ticket import APPLICANT as TICKET_APPLICANT
from hub.cases.journal import Decided, Journal
from hub.cases.procedure import Opens
from hub.cases.ratings.decide import Rate
from hub.cases.ratings.events import FollowedUp, RatingRefused
from hub.cases.ratings.tables import rating, rating_refusal
from hub.cases.steps.read import TAKEN_BACK, request_rows
from hub.crash import crash_point
from hub.errors import RecordRejected
from hub.ports import Fault, Store
from hub.records.identifiers import resident_id_18

APPLICANT: Final = By("applicant")
"""Who rates: the one who has the application's token."""
REFUSALS_MAX: Final = 20
"""Refused ratings of one application, one caller and one code that are recorded: no caller hides the others."""
REFUSALS_IN_ALL_MAX: Final = 200
"""Refused ratings of one application that are recorded: no caller makes a topic grow without limit."""
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
    desk: Desk
    tokens: ApplicationTokens
    find: Callable[[str, str], bytes | None]
    authorities: Mapping[str, str]
    follow_up_days: int

    def progress(self, case_id: bytes) -> Json:
        """What the customer of an application sees. Raises ``RecordRejected`` (NO_SUCH_APPLICATION); ``Unavailable``
        as ``answers``."""
        with self.store.read() as connection:
            found = follow(connection, case_id, self._today())
            return full(self.journal.given, connection, found, self.authorities)

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

    def channel(self, case_id: bytes) -> str:
        """The channel that the application came through. Raises ``RecordRejected`` (NO_SUCH_APPLICATION)."""
        with self.store.read() as connection:
            found: str = row_of(connection, case_id).channel
            return found

    def ask(self, case_id: bytes, document: Mapping[str, Any], by: By) -> Json:
        """The customer asks for the next segment: its clock opens now, unless it runs already. The same request on the
        same day changes nothing (P2). Returns the progress.

        Raises ``RecordRejected``: the codes of ``said.read``; NO_SUCH_APPLICATION; one of ``asking.CODES``: it is
        recorded, and judged again when the utility tells more.
        """
        wanted = read(document, Wanted)
        with self.store.write() as connection:
            locked, found = self._locked(connection, case_id)
            command = AskFor(wanted.segment, self.journal.clock.now_ms())
            (request,) = command.facts(locked)
            code = asking.refused(
                with_request(connection, found.row, request), request, taken_back(connection, case_id)
            )
            known = request_rows(connection, [case_id])
            if not asking.is_again(known, found.history, request, code):
                if len(known) >= asking.REQUESTS_MAX:
                    raise RecordRejected(asking.FULL, "segment")
                by = by._replace(channel=found.row.channel)
                self.journal.run(connection, PROCEDURE, [(locked, replace(command, refused=code))], by=by)
        if code:
            raise RecordRejected(code, "segment", allowed=to_ask(found.clock) if code != TAKEN_BACK else ())
        return self.progress(case_id)

    def rate(self, case_id: bytes, document: Mapping[str, Any]) -> Json:
        """Rate the service, by the one who has the application's token. The same rating again changes nothing (P2).
        With a ticket of the identity service the rating is marked as made by the one who was checked. Returns the
        progress.

        Raises ``RecordRejected``: the codes of ``said.read``; NO_SUCH_APPLICATION; of a ticket NOT_ASKED when no person
        applies, the codes of ``ticket.check``, and TICKET_USED for one that the application has used; RATING_EARLY
        before the application has ended; RATING_GIVEN for a second one of other content, which is recorded; ERASED or
        KEY_DAMAGED when the application or the first rating cannot be read.
        """
        given = read(document, Rating)
        presented = self._presented(case_id, given.ticket) if given.ticket else None
        wanted = Rate(given.grade, given.text, self.follow_up_days, presented is not None)
        with self.store.write() as connection:
            locked, found = self._locked(connection, case_id)
            by = APPLICANT._replace(channel=found.row.channel)
            known = _rating(connection, case_id)
            if known is None and found.history.end is None:
                raise RecordRejected("RATING_EARLY")
            if known is None:
                _fresh(connection, presented, case_id)
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

    def _presented(self, case_id: bytes, ticket: str) -> Presented | RecordRejected:
        """The ticket of a rating, or why it is not good: that of a rating which is there already may have ended."""
        with self.store.read() as connection:
            found = follow(connection, case_id, self._today())
        submitted = self._submitted(found.row)
        if isinstance(submitted, Fault):
            raise RecordRejected(submitted.code)
        if submitted.applicant.resident_id is None:
            raise RecordRejected("NOT_ASKED", "ticket", "no person applies")
        matter = submitted.matter()._replace(persons={TICKET_APPLICANT: submitted.applicant.resident_id})
        try:
            return self.desk.check(ticket, matter)
        except RecordRejected as refused:
            return refused

    def _is(self, locked: Case, known: Row[Any], wanted: Rate) -> bool:
        """Whether the rating that is there is this one."""
        opened = self.opener.open_values([(locked.subject_id, bytes(known.sealed))])[0]
        if isinstance(opened, Fault):
            raise RecordRejected(opened.code)
        return opened == wanted.canonical()

    def _refuse(self, connection: Connection, locked: Case, code: str, by: By) -> None:
        of = rating_refusal.c
        alike = case((and_(of.code == code, of.principal == by.principal), 1))
        query = select(func.count(), func.count(alike)).where(of.case_id == locked.case_id)
        in_all, own = connection.execute(query).one()
        if own < REFUSALS_MAX and in_all < REFUSALS_IN_ALL_MAX:
            self.journal.append(connection, [Decided(locked, [RatingRefused(code=code)], by)])

    def _ends_with(self, row: Row[Any], last: str) -> bool:
        """Whether the applicant's number has these last characters; an old ID of 15 digits also as one of 18."""
        submitted = self._submitted(row)
        if isinstance(submitted, Fault):
            return False
        by, number = submitted.applicant_identifier()
        numbers = {number, resident_id_18(number) if by == "resident-id" else number}
        return any(hmac.compare_digest(one[-LAST_CHARACTERS:].upper(), last.upper()) for one in numbers)

    def _submitted(self, row: Row[Any]) -> Application | Fault:
        opened = self.opener.open_values([(bytes(row.subject_id), bytes(row.sealed))])[0]
        return opened if isinstance(opened, Fault) else Application.model_validate_json(opened)


def _fresh(connection: Connection, presented: Presented | RecordRejected | None, case_id: bytes) -> None:
    """Raises ``RecordRejected`` for a ticket that is not good, or that an application has used: the channel had it in
    its hands."""
    if isinstance(presented, RecordRejected):
        raise presented
    if presented and not desk.claim(connection, presented, case_id):
        raise RecordRejected("TICKET_USED", "ticket")


def _rating(connection: Connection, case_id: bytes) -> Row[Any] | None:
    return connection.execute(select(rating).where(rating.c.case_id == case_id)).one_or_none()

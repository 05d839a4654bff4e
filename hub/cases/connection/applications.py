"""Applications: submit, show, list, hold, release. The API and ``hub application`` call this service."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func
from sqlalchemy.exc import IntegrityError

from hub.cases import case as cases
from hub.cases.by import By
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.connection import command, states, views
from hub.cases.connection.command import Application
from hub.cases.connection.hears import AskAgain, Cancel, Present, Submit
from hub.cases.connection.procedure import PROCEDURE
from hub.cases.connection.steps import clocks, details, looked
from hub.cases.connection.tables import application, every, find_row, row_of
from hub.cases.events import Event, Held, Released
from hub.cases.identity import desk
from hub.cases.identity.choices import Choices
from hub.cases.identity.desk import Desk, Presented
from hub.cases.journal import Decided, Journal
from hub.cases.procedure import Opens
from hub.cases.tables import case
from hub.cases.views import LIST_MAX
from hub.clock import SKEW_S
from hub.errors import RecordRejected
from hub.ports import Fault, KeyVault, Store
from hub.privacy.purposes import Purposes
from hub.records.identifiers import Identity
from hub.records.text import callers_fault, strip

NAMESPACE = "application"


Tell = Callable[[Connection, bytes, dict[str, Any]], None]


Check = Callable[[Application], None]


def _anything(wanted: Application) -> None:
    """The default of ``check``."""


def _add_nothing(connection: Connection, case_id: bytes, shown: dict[str, Any]) -> None:
    """The default of ``tell``."""


class Submitted(NamedTuple):
    """The answer to a submission. ``created`` is False when the same application was submitted before."""

    case_id: bytes
    created: bool


@dataclass(frozen=True, slots=True)
class Applications:
    """The service. ``channels`` are those of the installation. ``tell(connection, case_id, shown)`` adds to the
    answer of ``show`` what rooms above this one know (the state of deliveries)."""

    store: Store
    vault: KeyVault
    opener: Opens
    purposes: Purposes
    channels: frozenset[str]
    journal: Journal
    desk: Desk
    choices: Choices
    tell: Tell = _add_nothing

    def submit(self, document: Mapping[str, Any], by: By, check: Check = _anything) -> Submitted:
        """Register an application. The same one again gets the same answer (P2); a new ticket that it comes with is
        presented. ``check`` is given what was read and raises ``RecordRejected`` when the caller may not ask for it;
        nothing is written then.

        Raises ``RecordRejected``: the codes of ``command.parse`` and of ``present``; CHANNEL_UNKNOWN for a channel that
        the installation does not have; EXTERNAL_NO_TAKEN when the channel has used the number for an application with
        other content; ERASED or KEY_DAMAGED when the applicant has no key; the code of the procedure's refusal. Raises
        ``Unavailable`` when database or vault is.
        """
        today = china_day(self.journal.clock.now() + timedelta(seconds=SKEW_S))
        wanted = command.parse(document, self.purposes, today, self.choices.open)
        if wanted.channel not in self.channels:
            raise RecordRejected("CHANNEL_UNKNOWN", "channel", allowed=tuple(sorted(self.channels)))
        check(wanted)
        new, submit = self._new(wanted)
        by = by._replace(channel=wanted.channel)
        presented = self._checked(wanted)
        try:
            with self.store.write() as connection:
                known = cases.lock(connection, [new.case_id]).get(new.case_id)
                if known is None:
                    submit = replace(submit, presented=_claimed(connection, presented, new.case_id))
                    (refusal,) = self.journal.run(connection, PROCEDURE, [(new, submit)], by=by)
                    if refusal is not None:
                        raise RecordRejected(refusal.code, refusal.field, refusal.clause)
                    return Submitted(new.case_id, True)
        except IntegrityError:
            # The same number was submitted at the same moment: the other one is the application.
            pass
        self._same_or_refused(new.case_id, wanted)
        if wanted.ticket:
            self._present(new.case_id, wanted.ticket, presented, by)
        return Submitted(new.case_id, False)

    def present(self, case_id: bytes, text: str, by: By) -> None:
        """Present a ticket of the identity service for an application. The same ticket again changes nothing (P2).

        Raises ``RecordRejected``: NO_SUCH_APPLICATION; NOT_ASKED when no person applies; the codes of ``ticket.check``;
        TICKET_USED when another application has it; ERASED or KEY_DAMAGED.
        """
        wanted = self._submitted(case_id).model_copy(update={"ticket": text})
        self._present(case_id, text, self._checked(wanted), by._replace(channel=wanted.channel))

    def find(self, channel: str, external_no: str) -> bytes | None:
        """The id of the application that a channel submitted under this number, with or without blanks around it.
        ``None`` when there is none. It writes nothing."""
        number = strip(external_no)
        if callers_fault(channel + number):
            return None
        return self.vault.find([_number(channel, number)])[0]

    def show(self, case_id: bytes) -> dict[str, Any]:
        """Everything that a person may see of one application, as JSON values. Raises ``RecordRejected``
        (NO_SUCH_APPLICATION)."""
        with self.store.read() as connection:
            shown = views.full(connection, row_of(connection, case_id), self.journal.given, self._today())
            shown["states"] = states.of(connection, [case_id], self.journal.clock.now_ms())[case_id]
            self.tell(connection, case_id, shown)
            return shown

    def clock(self, case_id: bytes) -> dict[str, Any]:
        """Every limit of one application with the days that were used and how they were counted, as JSON values.
        Raises ``RecordRejected`` (NO_SUCH_APPLICATION)."""
        with self.store.read() as connection:
            return clocks.shown(connection, row_of(connection, case_id), self._today())

    def steps(self, case_id: bytes, person: str, by: By) -> Sequence[dict[str, Any]]:
        """What the utility reported of one application, with what only the sealed records hold: for a named ``person``
        of the utility or of the operator, never for a channel (P5). The look is an event, written before anything is
        opened. Raises ``RecordRejected`` (NO_SUCH_APPLICATION, LOOKS_FULL), and as ``details.shown``."""
        with self.store.write() as connection:
            row = row_of(connection, case_id)
            looked.check(row)
            event = looked.looked(row.purpose, person)
            locked = cases.lock(connection, [case_id])[case_id]
            self.journal.append(connection, [Decided(locked, [event], by._replace(channel=row.channel))])
        with self.store.read() as connection:
            return details.shown(self.journal.given, connection, case_id)

    def list(
        self, after: bytes = b"", limit: int = 50, channels: Collection[str] | None = None, **wanted: str
    ) -> list[dict[str, Any]]:
        """Summaries, newest first; at most ``limit``, never more than 200. ``after`` is the id of the last application
        of the page before. ``channels``: only of these. ``wanted``: channel, voltage, customer_class, and state (of
        ``states.STATES``). Raises ``RecordRejected``: NO_SUCH_APPLICATION when there is no application ``after``,
        FIELD_INVALID for an unknown state, CHANNEL_UNKNOWN for a channel that the installation does not have."""
        if (channel := wanted.get("channel")) is not None and channel not in self.channels:
            raise RecordRejected("CHANNEL_UNKNOWN", "channel", allowed=tuple(sorted(self.channels)))
        now_ms = self.journal.clock.now_ms()
        with self.store.read() as connection:
            query = _listing(connection, after, min(limit, LIST_MAX), wanted, now_ms)
            if channels is not None:
                query = query.where(application.c.channel.in_(channels))
            rows = connection.execute(query).all()
            return views.summaries(connection, rows, self.opener, now_ms)

    def hold(self, case_id: bytes, by: By) -> None:
        """Hold its deliveries; calls that are running end normally. Raises ``RecordRejected`` (NO_SUCH_APPLICATION)."""
        self._append(case_id, Held(), by, unless_held=True)

    def release(self, case_id: bytes, by: By) -> None:
        """Release its deliveries; refused and stopped pieces are sent again, and evidence that is not asked for any
        more is asked for again. Raises ``RecordRejected`` (NO_SUCH_APPLICATION)."""
        self._append(case_id, Released(), by, unless_held=False)

    def cancel(self, case_id: bytes, by: By) -> None:
        """Take it back, as its applicant wants: the sinks are told, and no evidence is sent or looked for any more. Its
        time limit continues until the utility reports the termination. Again changes nothing (P2). Raises
        ``RecordRejected`` (NO_SUCH_APPLICATION)."""
        with self.store.write() as connection:
            locked = cases.lock(connection, [case_id]).get(case_id)
            if locked is None or locked.procedure != PROCEDURE.name:
                raise RecordRejected("NO_SUCH_APPLICATION")
            self.journal.run(connection, PROCEDURE, [(locked, Cancel())], by=by)

    def _today(self) -> date:
        return china_day(self.journal.clock.now())

    def _append(self, case_id: bytes, event: Event, by: By, unless_held: bool) -> None:
        with self.store.write() as connection:
            locked = cases.lock(connection, [case_id]).get(case_id)
            if locked is None or locked.procedure != PROCEDURE.name:
                raise RecordRejected("NO_SUCH_APPLICATION")
            if not (unless_held and locked.held):
                self.journal.append(connection, [Decided(locked, [event], by)])
                if isinstance(event, Released):
                    self.journal.run(connection, PROCEDURE, [(locked, AskAgain())], by=by)

    def _checked(self, wanted: Application) -> Presented | RecordRejected | None:
        """The ticket of an application; why it is not good; ``None`` where there is none."""
        if wanted.ticket is None:
            return None
        try:
            return self.desk.check(wanted.ticket, wanted.matter())
        except RecordRejected as refused:
            return refused

    def _present(self, case_id: bytes, text: str, presented: Presented | RecordRejected | None, by: By) -> None:
        try:
            with self.store.write() as connection:
                locked = cases.lock(connection, [case_id])[case_id]
                if self._is_known(connection, locked, text):
                    return
                if claimed := _claimed(connection, presented, case_id):
                    self.journal.run(connection, PROCEDURE, [(locked, Present(claimed))], by=by)
        except IntegrityError:
            raise RecordRejected("TICKET_USED", "ticket") from None

    def _is_known(self, connection: Connection, locked: Case, text: str) -> bool:
        """Whether the case has this ticket already, also when its time is over."""
        tickets = desk.of_cases(connection, [locked.case_id]).get(locked.case_id, [])
        sealed = [(locked.subject_id, bytes(one.sealed)) for one in tickets]
        return text.encode() in (self.opener.open_values(sealed) if sealed else ())

    def _submitted(self, case_id: bytes) -> Application:
        """An application as submitted, from a case. Raises ``RecordRejected`` (NO_SUCH_APPLICATION, ERASED,
        KEY_DAMAGED)."""
        with self.store.read() as connection:
            row = row_of(connection, case_id)
        opened = self.opener.open_values([(bytes(row.subject_id), bytes(row.sealed))])[0]
        if isinstance(opened, Fault):
            raise RecordRejected(opened.code)
        return Application.model_validate_json(opened)

    def _new(self, wanted: Application) -> tuple[Case, Submit]:
        """A case that does not exist yet, and its command."""
        number, applicant = _number(wanted.channel, wanted.external_no), wanted.applicant_identity()
        named = [number, applicant, *(one for one in wanted.identities() if one)]
        ids = dict(zip(named, self.vault.identify(named), strict=True))
        opened_ms = self.journal.clock.now_ms()
        return Case(ids[number], PROCEDURE.name, ids[applicant], opened_ms), Submit(wanted, ids)

    def _same_or_refused(self, case_id: bytes, wanted: Application) -> None:
        with self.store.read() as connection:
            row = find_row(connection, case_id)
        if row is None:  # not the number was taken at the same moment, but the ticket
            raise RecordRejected("TICKET_USED", "ticket")
        opened = self.opener.open_values([(bytes(row.subject_id), bytes(row.sealed))])[0]
        if isinstance(opened, Fault) or opened != wanted.canonical():
            raise RecordRejected("EXTERNAL_NO_TAKEN", "external_no")


def _claimed(connection: Connection, presented: Presented | RecordRejected | None, case_id: bytes) -> Presented | None:
    """The ticket if it is new. Raises ``RecordRejected`` for one that is not good, or that another case has used."""
    if isinstance(presented, RecordRejected):
        raise presented
    return presented if presented and desk.claim(connection, presented, case_id) else None


def _number(channel: str, external_no: str) -> Identity:
    return NAMESPACE, f"{channel}\0{external_no}"


def _listing(connection: Connection, after: bytes, limit: int, wanted: Mapping[str, str], now_ms: int) -> Select[Any]:
    query = every().order_by(case.c.opened_ms.desc(), case.c.case_id.desc())
    for name, value in wanted.items():
        query = query.where(_in_state(value, now_ms) if name == "state" else _COLUMNS[name] == value)
    if after:
        last = row_of(connection, after)
        older = case.c.opened_ms < last.opened_ms
        same = (case.c.opened_ms == last.opened_ms) & (case.c.case_id < after)
        query = query.where(older | same)
    return query.limit(limit)


_COLUMNS: Final[Mapping[str, ColumnElement[str]]] = {
    "channel": application.c.channel,
    "customer_class": application.c.customer_class,
    "voltage": func.coalesce(application.c.voltage_now, application.c.voltage),
}
"""What a list may ask for."""


def _in_state(state: str, now_ms: int) -> ColumnElement[bool]:
    if state not in states.STATES:
        raise RecordRejected("FIELD_INVALID", "state", allowed=states.STATES)
    return states.fits(state, now_ms)

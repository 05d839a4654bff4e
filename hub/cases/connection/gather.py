"""Reads the facts for decisions about connection applications, for a whole transaction at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from hub.cases import notices, reasons
from hub.cases.agreement.agree import Finding
from hub.cases.calendar import Calendar, china_day
from hub.cases.case import Case, PieceState
from hub.cases.connection.agreed.gather import findings
from hub.cases.connection.command import TITLE, Application
from hub.cases.connection.events import CANCELLATION
from hub.cases.connection.handed.gather import Handed, handed
from hub.cases.connection.hears import AskAgain, AskFor, Cancel, Look, Number, Present, Recount, Settle, Submit, Warn
from hub.cases.connection.materials.reported import Before
from hub.cases.connection.materials.shown import before
from hub.cases.connection.placed import near
from hub.cases.connection.placed.decide import Placing
from hub.cases.connection.placed.door import at_site
from hub.cases.connection.placed.gather import placings
from hub.cases.connection.recall import denied
from hub.cases.connection.recall import shown as recalls
from hub.cases.connection.steps import again, reports
from hub.cases.connection.steps.histories import history_of
from hub.cases.connection.tables import application
from hub.cases.connection.warnings import due
from hub.cases.connection.warnings import shown as warnings
from hub.cases.connection.warnings.decide import window
from hub.cases.connection.warnings.events import WARNING
from hub.cases.events import REGISTRATION
from hub.cases.evidence import matching, needs, tables
from hub.cases.evidence.ask import way_to_ask
from hub.cases.evidence.decide import Ask, Asker, Found, request_id
from hub.cases.evidence.matching import Match
from hub.cases.evidence.needs import Need
from hub.cases.evidence.over import Over
from hub.cases.identity import desk
from hub.cases.identity.kinds import KINDS as IDENTITY_KINDS
from hub.cases.procedure import Answered, Given, Moment, PutOff, SinkInfo, Withdraw, Work
from hub.cases.ratings.decide import Rate
from hub.cases.steps.events import Reapplied, Separated
from hub.cases.steps.gather import Reported
from hub.cases.steps.judge import History
from hub.cases.tables import piece
from hub.ports import Fault


@dataclass(slots=True)
class Facts:
    """What is known of one case. ``needs``: the open needs that the command is about, each with the source's answer if
    one came. ``sinks`` are those of the settings, ``absent`` those that a case may have been opened with before.
    ``found`` and ``asks`` are by kind. ``again``: the needs whose record has a new reading. ``pending``: the kind of
    the piece that a withdrawal is about, as long as it is pending; ``behind``: the pieces that wait for that one, or
    that a cancellation withdraws; ``cancelled``: it was taken back before. ``over``: the needs whose record is not in
    force any more. ``calendar``, ``history`` and ``row``, that of the application, for computing dates. ``reapplied``:
    what it continues, or what continues it, or does so no more. ``reported``: numbers and steps that it has not heard;
    ``history`` is with them; ``materials``: what is known of its materials, where such a step names some. ``warnings``
    and ``told``: how many warnings and notices of recalls there were. ``ended``: as its row says. ``placing``: what is
    known of its site, where the command is about its title. ``agreed``: what the certificates say of each other, where
    it was not told before. ``handed``: what is known of its title's holders since electricity is on, where the command
    is about that. ``follow_up``: the last day of a bad rating's follow-up that is over and was not warned of.
    ``escalated``: of an application that was of several kinds, the last days that were escalated."""

    sinks: tuple[SinkInfo, ...] = ()
    absent: tuple[SinkInfo, ...] = ()
    needs: list[tuple[Need, Answered | None]] = field(default_factory=list)
    again: list[Need] = field(default_factory=list)
    found: Mapping[str, Found] = field(default_factory=dict)
    asks: dict[str, Ask | str] = field(default_factory=dict)
    asker: Asker | None = None
    pending: str | None = None
    behind: tuple[int, ...] = ()
    cancelled: bool = False
    over: list[Over] = field(default_factory=list)
    calendar: Calendar = field(default_factory=Calendar)
    row: Row[Any] | None = None
    reported: Reported | None = None
    materials: Before | None = None
    history: History | None = None
    reapplied: list[Reapplied | Separated] = field(default_factory=list)
    warnings: int = 0
    told: int = 0
    ended: str | None = None
    follow_up: str | None = None
    placing: Placing | None = None
    agreed: list[Finding] = field(default_factory=list)
    handed: Handed | None = None
    escalated: frozenset[date] = frozenset()

    @property
    def is_over(self) -> bool:
        """Whether the case has ended, also by a step that is heard now."""
        return bool(self.history.end if self.history else self.ended)


def gather(given: Given, connection: Connection, work: Sequence[Work], moment: Moment) -> list[Facts]:
    """The facts for each command, in the order of ``work``. The cases are locked."""
    ids = [case.case_id for case, _ in work]
    submits = all(isinstance(command, Submit) for _, command in work)
    rows = {} if submits else _applications(connection, ids)
    open_needs = {} if submits else needs.open_needs(connection, ids)
    facts = [_facts(given, one, open_needs.get(one[0].case_id, {}), moment) for one in work]
    _read_again(connection, work, facts)
    _over(given, connection, work, facts, rows)
    _find(given, connection, work, facts, rows, moment)
    _agree(given, connection, work, facts, rows)
    _ask(given, connection, work, facts, rows, moment)
    _place(given, connection, work, facts, rows, moment)
    for (case, command), known in zip(work, facts, strict=True):
        if isinstance(command, Cancel | Present):
            known.cancelled, known.behind = _cancelled(connection, case), _unsent(connection, case)
        if isinstance(command, Withdraw):
            known.pending, known.behind = _pending(connection, case, command), _behind(connection, case, command)
    _report(given, connection, work, facts, rows)
    _warn(connection, work, facts, rows, moment)
    _hand(given, connection, work, facts)
    _count(connection, work, facts)
    return facts


def _hand(given: Given, connection: Connection, work: Sequence[Work], facts: Sequence[Facts]) -> None:
    """What is known of titles that may have changed hands."""
    asked = [case.case_id for case, command in work if isinstance(command, Settle) and command.handed]
    found = handed(given, connection, asked) if asked else {}
    for (case, _), known in zip(work, facts, strict=True):
        known.handed = found.get(case.case_id)


def _report(
    given: Given, connection: Connection, work: Sequence[Work], facts: Sequence[Facts], rows: Mapping[bytes, Row[Any]]
) -> None:
    """What the utility reported, and the history that follows."""
    hearing = [case for case, one in work if isinstance(one, Number) or (isinstance(one, Settle) and one.steps)]
    found = reports.gather(given, connection, hearing) if hearing else {}
    histories: dict[bytes, History] = {}
    for (case, command), known in zip(work, facts, strict=True):
        known.reported = more = found.get(case.case_id)
        if more or isinstance(command, Recount | AskFor):
            known.row = rows[case.case_id]
            asked = command.facts(case) if isinstance(command, AskFor) else []
            known.history = histories[case.case_id] = reports.history(connection, rows, case, more, asked)
            if more and more.asking:
                known.materials = before(connection, case.case_id, known.history, given.opener)
        elif isinstance(command, Submit):
            known.reapplied += again.submitted(given, connection, case, command)
    left = {case.case_id for case, command in work if isinstance(command, Cancel)}
    placed = {
        case.case_id for (case, _), one in zip(work, facts, strict=True) if isinstance(one.found.get(TITLE), Match)
    }
    links = again.Ends(given, connection, histories, left).links([case for case, _ in work], placed, rows)
    for (case, _), known in zip(work, facts, strict=True):
        known.reapplied += links.get(case.case_id, [])


def _count(connection: Connection, work: Sequence[Work], facts: Sequence[Facts]) -> None:
    """What dates are computed from."""
    both = zip(work, facts, strict=True)
    counting = [
        known
        for (_, command), known in both
        if isinstance(command, Submit | Rate | Warn) or known.history or known.handed
    ]
    calendar = notices.calendar(connection) if counting else Calendar()
    for known in counting:
        known.calendar = calendar


def _warn(
    connection: Connection,
    work: Sequence[Work],
    facts: Sequence[Facts],
    rows: Mapping[bytes, Row[Any]],
    moment: Moment,
) -> None:
    for (case, command), known in zip(work, facts, strict=True):
        if isinstance(command, Warn):
            known.row, known.warnings = rows[case.case_id], len(warnings.rows(connection, case.case_id))
            known.cancelled = due.taken_back(connection, case.case_id)
            days = window(china_day(moment.now), notices.calendar(connection))
            known.follow_up = due.follow_up(connection, case.case_id, days)
            known.history = history_of(connection, case.case_id) if known.row.voltage_now else None
        if known.history and len(known.history.kinds) > 1:
            known.escalated = warnings.escalated(connection, case.case_id)


def _applications(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, Row[Any]]:
    query = select(application).where(application.c.case_id.in_(ids))
    return {bytes(row.case_id): row for row in connection.execute(query)}


def _facts(given: Given, work: Work, open_needs: Mapping[str, Need], moment: Moment) -> Facts:
    case, command = work
    facts = Facts(given.sinks, given.absent)
    if isinstance(command, Look | PutOff):
        facts.needs = [(need, None) for need in open_needs.values() if need.is_due(moment.process_ms)]
    elif isinstance(command, AskAgain):
        facts.needs = [(need, None) for need in open_needs.values()]
    elif isinstance(command, Settle):
        answers = {answer.request_id: answer for answer in command.answers}
        for kind, need in open_needs.items():
            answer = answers.get(request_id(case.case_id, kind, need.attempt))
            if answer is not None or kind in command.kinds or (command.near and kind == TITLE):
                facts.needs.append((need, answer))
    return facts


def _read_again(connection: Connection, work: Sequence[Work], facts: Sequence[Facts]) -> None:
    """The needs whose record has a new reading."""
    wanted = {case.case_id: one.again for case, one in work if isinstance(one, Settle) and one.again}
    found = needs.met(connection, wanted)
    for (case, _), known in zip(work, facts, strict=True):
        known.again = found.get(case.case_id, [])


def _over(
    given: Given, connection: Connection, work: Sequence[Work], facts: Sequence[Facts], rows: Mapping[bytes, Row[Any]]
) -> None:
    """The needs whose record is not in force any more, without what the sinks were told after the end of the case."""
    wanted = {case.case_id: one.over for case, one in work if isinstance(one, Settle) and one.over}
    if not wanted:
        return
    told = recalls.told(connection, wanted)
    last = {(case_id, row.kind): (row.reason, bytes(row.later_id)) for case_id in told for row in told[case_id]}
    found = denied.over_or_denied(connection, wanted, given.authorities, last)
    for (case, _), known in zip(work, facts, strict=True):
        if case.case_id in wanted:
            known.ended, known.told = rows[case.case_id].ended, len(told[case.case_id])
            known.over = found[case.case_id]


def _find(
    given: Given,
    connection: Connection,
    work: Sequence[Work],
    facts: Sequence[Facts],
    rows: Mapping[bytes, Row[Any]],
    moment: Moment,
) -> None:
    """What was found for each need, or the reason why nothing matches. A case that is put off looks for nothing, since
    looking failed."""
    looking = [
        (*one, known)
        for one, known in zip(work, facts, strict=True)
        if not isinstance(one[1], PutOff | AskAgain | Number)
    ]
    waiting = [(case, known, need) for case, _, known in looking for need in _looked_for(known)]
    year = china_day(moment.now).year
    said = near.confirmed(connection, {case.case_id for case, _, need in waiting if need.kind == TITLE})
    wanted = [_wanted(given, case, need, rows[case.case_id].purpose, year, said) for case, _, need in waiting]
    matches = matching.find(connection, given.log, wanted, given.authorities)
    for (_, known, need), match in zip(waiting, at_site(given, waiting, matches, rows, said), strict=True):
        known.found = {**known.found, need.kind: match}


def _place(
    given: Given,
    connection: Connection,
    work: Sequence[Work],
    facts: Sequence[Facts],
    rows: Mapping[bytes, Row[Any]],
    moment: Moment,
) -> None:
    """What is known of the sites of cases whose title is looked for; other titles of the applicant, if none matches."""
    year = china_day(moment.now).year
    wanted = [
        (case.case_id, _wanted(given, case, need, rows[case.case_id].purpose, year, {}), command.near)
        for (case, command), known in zip(work, facts, strict=True)
        if isinstance(command, Settle) and command.near and (need := near.of_site(known.found, _looked_at(known)))
    ]
    others = near.gather(given, connection, wanted)
    placed = [TITLE in known.found or case.case_id in others for (case, _), known in zip(work, facts, strict=True)]
    both = [(case, known) for (case, _), known, one in zip(work, facts, placed, strict=True) if one]
    titles = [(case, match if isinstance(match := known.found.get(TITLE), Match) else None) for case, known in both]
    found = placings(given, connection, titles, rows, others)
    for case, known in both:
        known.placing = found.get(case.case_id)


def _agree(
    given: Given, connection: Connection, work: Sequence[Work], facts: Sequence[Facts], rows: Mapping[bytes, Row[Any]]
) -> None:
    """What the certificates of the cases say of each other that a record was found for."""
    matched = [
        (case, rows[case.case_id], matches)
        for (case, _), known in zip(work, facts, strict=True)
        if (matches := {kind: one for kind, one in known.found.items() if isinstance(one, matching.Match)})
    ]
    found = findings(given, connection, matched) if matched else {}
    for (case, _), known in zip(work, facts, strict=True):
        known.agreed = found.get(case.case_id, [])


def _looked_at(known: Facts) -> list[Need]:
    return [*(need for need, _ in known.needs), *(one.need for one in known.over)]


def _looked_for(known: Facts) -> list[Need]:
    return [*(need for need, _ in known.needs), *known.again]


def _wanted(
    given: Given, case: Case, need: Need, purpose: str, year: int, said: Mapping[bytes, bytes]
) -> matching.Wanted:
    """``said``: case → the title that a person confirmed."""
    return matching.Wanted(
        need.kind,
        need.wanted_id,
        case.subject_id,
        given.purposes.get(purpose),
        year,
        but_not=(need.record_id, need.reading or 0) if need.record_id else None,
        permits=given.permits,
        confirmed=said.get(case.case_id) if need.kind == TITLE else None,
    )


def _ask(
    given: Given,
    connection: Connection,
    work: Sequence[Work],
    facts: Sequence[Facts],
    rows: Mapping[bytes, Row[Any]],
    moment: Moment,
) -> None:
    """How to ask for the needs that are due; for an application that does not open, the reason."""
    due = [(case, known) for (case, command), known in zip(work, facts, strict=True) if isinstance(command, Look)]
    presented = desk.of_cases(connection, [case.case_id for case, known in due if _of_person(known)])
    sealed = [(case.subject_id, bytes(rows[case.case_id].sealed)) for case, _ in due]
    for (case, known), opened in zip(due, given.opener.open_values(sealed) if sealed else (), strict=True):
        row = rows[case.case_id]
        if isinstance(opened, Fault):
            known.asks = {need.kind: opened.code for need, _ in known.needs}
            continue
        submitted = Application.model_validate_json(opened)
        purpose = given.purposes.get(row.purpose)
        known.asker = Asker(case.case_id, submitted.external_no, purpose.service_item, purpose.name, row.legal_basis)
        for need, _ in known.needs:
            ticket = desk.fitting(presented.get(case.case_id, ()), need.kind)
            ways = {"resident-id": submitted.persons()[ticket.person]} if ticket else submitted.ways(need.wanted_by)
            if row.ended and need.record_id:  # it was taken back, and what it was for is fulfilled (P3)
                known.asks[need.kind] = reasons.CASE_OVER
            elif ask := way_to_ask(need, ways, given.sources, _opened(given, case, ticket, moment)):
                known.asks[need.kind] = ask


def _of_person(known: Facts) -> bool:
    return any(need.kind in IDENTITY_KINDS for need, _ in known.needs)


def _opened(given: Given, case: Case, ticket: Row[Any] | None, moment: Moment) -> str:
    """The ticket, or the code of the reason why there is none that can be used."""
    if ticket is None:
        return reasons.TICKET_NEEDED
    if ticket.until_ms <= moment.process_ms:
        return reasons.TICKET_EXPIRED
    opened = given.opener.open_values([(case.subject_id, bytes(ticket.sealed))])[0]
    return reasons.TICKET_NEEDED if isinstance(opened, Fault) else opened.decode()


def _waiting(case: Case) -> tuple[ColumnElement[bool], ...]:
    """Where the pending pieces of a case are."""
    return piece.c.case_id == case.case_id, piece.c.state == PieceState.PENDING.value


def _pending(connection: Connection, case: Case, command: Withdraw) -> str | None:
    """The kind of the piece that a withdrawal is about, if it is pending."""
    query = select(piece.c.kind).where(*_waiting(case), piece.c.piece == command.piece)
    return connection.execute(query).scalar_one_or_none()


def _behind(connection: Connection, case: Case, command: Withdraw) -> tuple[int, ...]:
    """The pending pieces that wait for the piece of a withdrawal: those that would take it back."""
    query = select(piece.c.piece).where(*_waiting(case), piece.c.after == command.piece)
    return tuple(connection.execute(query.order_by(piece.c.piece)).scalars())


def _cancelled(connection: Connection, case: Case) -> bool:
    """Whether the application was taken back: its evidence says so, or a piece for a sink."""
    said = select(tables.need.c.kind).where(
        tables.need.c.case_id == case.case_id, tables.need.c.reason == reasons.CANCELLED
    )
    told = select(piece.c.kind).where(piece.c.case_id == case.case_id, piece.c.kind == CANCELLATION)
    return any(connection.execute(query.limit(1)).first() is not None for query in (said, told))


def _unsent(connection: Connection, case: Case) -> tuple[int, ...]:
    """The pending pieces without the registration, since sinks that get this are told how it ended, and without the
    warnings, since the limits continue: taking it back silences none."""
    query = select(piece.c.piece).where(*_waiting(case), piece.c.kind.not_in((REGISTRATION, WARNING)))
    return tuple(connection.execute(query.order_by(piece.c.piece)).scalars())

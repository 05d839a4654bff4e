"""Reads the facts for decisions about joint transfers, under the cases' locks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from hub.cases import notices, reasons
from hub.cases.calendar import Calendar
from hub.cases.case import Case, PieceState
from hub.cases.events import REGISTRATION
from hub.cases.evidence import over, titles
from hub.cases.evidence.over import Now
from hub.cases.evidence.titles import TITLE, Place, Title
from hub.cases.procedure import Given, Moment, SinkInfo, Withdraw, Work
from hub.cases.tables import case, piece
from hub.cases.transfer.command import OLD
from hub.cases.transfer.declared import Matter, matters, of_no_account
from hub.cases.transfer.events import TRANSFER
from hub.cases.transfer.hears import REPORT, Cancel, Look, Submit
from hub.cases.transfer.states import RANK
from hub.cases.transfer.tables import (
    transfer,
    transfer_conflict,
    transfer_holder,
    transfer_number,
    transfer_person,
    transfer_recall,
    transfer_report,
    transfer_title,
)
from hub.privacy.opening import Opened
from hub.privacy.purposes import minimal
from hub.records.tables import record, record_link
from hub.topics.places import read_value

ENTERED, UNDECLARED = "ENTERED", "UNDECLARED"
"""What a title is: the entry of the transfer; one of which the utility was notified."""
_TAKEN = (ENTERED, UNDECLARED)
REPORTS_MAX = 1_000
"""Most reports that one transfer takes; further ones stay unheard."""


class Report(NamedTuple):
    """What the utility said: the fields of ``Reported``, and its words."""

    place: Place
    event: bytes
    result: str
    question: int
    account_holder: str
    at_ms: int
    opinion: str | None = None

    def says_same(self, other: "Report") -> bool:
        """Whether both tell the same; what one of them does not tell is no difference."""
        words = self.opinion is None or other.opinion is None or self.opinion == other.opinion
        holders = {self.account_holder, other.account_holder} - {"UNKNOWN"}
        told = (self.result, self.question, self.at_ms) == (other.result, other.question, other.at_ms)
        return told and words and len(holders) < 2


class Over(NamedTuple):
    """The title that was entered is not the current version of its row any more, or a higher authority has ended it.
    ``told``: the pieces by which sinks have it or may get it (sink → number), where what they were told of has changed
    and they do not know it yet. ``again``: it is in force again by a higher authority, so the entry stands.
    ``replaced``: its source says that another title is instead of it."""

    now: Now
    told: Mapping[str, int]
    again: bool = False
    replaced: bool = False


class Waiting(NamedTuple):
    """A title that went to others: until ``notice_on`` a transfer to them may be declared, or was by ``declared_by``.
    ``reason``: why it is no entry."""

    record_id: bytes
    reading: int
    registered_on: date
    reason: str
    notice_on: date | None
    declared_by: bytes | None


class Unsent(NamedTuple):
    """A piece that is pending. ``after``: the piece that it comes after; ``nth``: the number of its question or
    notice."""

    sink: str
    kind: str
    after: int | None
    nth: int


@dataclass(slots=True)
class Facts:
    """What is known of one transfer. ``reports``: those that it has not heard; ``conflicts``: other contents of events
    that it has heard, or hears now. ``titles``: those of its unit that are in force; ``ended``: those that were, where
    an entry is awaited and an old holder gives the title away; ``seen``: those that it has taken
    or overlooked (record and reading); ``noticed``: the dates of which the utility was notified, and ``notices``, by
    the numbers of the notices; ``waiting``: titles of which it may be notified. ``unit_id``: the unit, when it was not
    known before. ``others``: the other transfers of the same account and unit. ``unsent``: its pending pieces by their
    numbers, without registrations. ``numbers``: of a new one, at the sinks.
    ``old_holders``: empty where a former version registered it. ``over``: ``None`` while the title that was entered is
    as it was.
    """

    sinks: tuple[SinkInfo, ...] = ()
    absent: tuple[SinkInfo, ...] = ()
    calendar: Calendar = field(default_factory=Calendar)
    row: Row[Any] | None = None
    holders: frozenset[bytes] = frozenset()
    old_holders: frozenset[bytes] = frozenset()
    reports: list[Report] = field(default_factory=list)
    conflicts: list[Report] = field(default_factory=list)
    titles: list[Title] = field(default_factory=list)
    ended: list[Title] = field(default_factory=list)
    seen: set[tuple[bytes, int]] = field(default_factory=set)
    noticed: set[date] = field(default_factory=set)
    notices: dict[int, date] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    unit_id: bytes | None = None
    others: list[Matter] = field(default_factory=list)
    unsent: dict[int, Unsent] = field(default_factory=dict)
    numbers: tuple[bytes, ...] = ()
    over: Over | None = None


def gather(given: Given, connection: Connection, work: Sequence[Work], moment: Moment) -> list[Facts]:  # noqa: ARG001
    """The facts for each command, in the order of ``work``. Raises ``Unavailable`` when log or vault is."""
    calendar = notices.calendar(connection)
    rows = _rows(connection, [one.case_id for one, _ in work])
    numbers = _numbers_of_new(given, work)
    found = []
    for one, command in work:
        known = Facts(given.sinks, given.absent, calendar, rows.get(one.case_id))
        if isinstance(command, Submit):
            known.numbers = numbers[one.case_id]
            known.holders = frozenset(command.ids[identity] for identity in command.transfer.holder_identities())
            known.old_holders = frozenset(each.subject_id for each in command.persons if each.side == OLD)
            unit_id, title_id = _ids(command)
            _look_for_titles(given, connection, known, unit_id, title_id)
            account_id = command.ids[command.transfer.account_identity()]
            known.others = _others(connection, one.case_id, account_id, unit_id or known.unit_id)
        elif known.row is not None and isinstance(command, Look | Cancel | Withdraw):
            _look(given, connection, one, known)
        found.append(known)
    return found


def _rows(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Row[Any]]:
    query = select(transfer, case.c.opened_ms).join(case, case.c.case_id == transfer.c.case_id)
    return {bytes(row.case_id): row for row in connection.execute(query.where(transfer.c.case_id.in_(ids)))}


def _numbers_of_new(given: Given, work: Sequence[Work]) -> dict[bytes, tuple[bytes, ...]]:
    """The opaque ids of the hub's numbers of new transfers, one for each sink; the vault is asked once."""
    new = [one.case_id for one, command in work if isinstance(command, Submit)]
    if given.names is None or not new:
        return dict.fromkeys(new, ())
    names = [given.names.hub_number(sink.name, case_id) for case_id in new for sink in given.sinks]
    ids, each = given.names.identify(names), len(given.sinks)
    return {case_id: tuple(ids[nth * each : (nth + 1) * each]) for nth, case_id in enumerate(new)}


def _ids(command: Submit) -> tuple[bytes | None, bytes | None]:
    """Of the unit, and of the old title."""
    named = command.transfer.unit_identity(), command.transfer.title_identity()
    unit, title = (command.ids[one] if one else None for one in named)
    return unit, title


def _look(given: Given, connection: Connection, one: Case, known: Facts) -> None:
    row = known.row
    assert row is not None
    holders = select(transfer_holder.c.holder_id).where(transfer_holder.c.case_id == one.case_id)
    known.holders = frozenset(map(bytes, connection.execute(holders).scalars()))
    old = select(transfer_person.c.subject_id).where(transfer_person.c.case_id == one.case_id)
    known.old_holders = frozenset(map(bytes, connection.execute(old.where(transfer_person.c.side == OLD)).scalars()))
    known.reports, known.conflicts = _reports(given, connection, one.case_id)
    unit_id, title_id = (bytes(value) if value else None for value in (row.unit_id, row.title_id))
    _look_for_titles(given, connection, known, unit_id, title_id)
    taken = connection.execute(select(transfer_title).where(transfer_title.c.case_id == one.case_id)).all()
    known.waiting = [_waiting(title) for title in taken if title.notice_on]
    known.notices = {title.notice: date.fromisoformat(title.registered_on) for title in taken if title.notice}
    known.seen = {(bytes(one.record_id), one.reading) for one in taken if one.notice_on or one.what in _TAKEN}
    known.noticed = {date.fromisoformat(title.registered_on) for title in taken if told(title)}
    known.others = _others(connection, one.case_id, row.account_id, row.unit_id or known.unit_id)
    known.unsent = _unsent(connection, one.case_id)
    known.over = _over(given, connection, row)


def told(title: Row[Any]) -> bool:
    """Whether the utility was notified of a row of ``transfer_title``."""
    return title.what == UNDECLARED or title.notice is not None


def _waiting(title: Row[Any]) -> Waiting:
    days = date.fromisoformat(title.registered_on), date.fromisoformat(title.notice_on)
    other = bytes(title.declared_by) if title.declared_by else None
    return Waiting(bytes(title.record_id), title.reading, days[0], title.what, days[1], other)


def _others(connection: Connection, case_id: bytes, account_id: bytes, unit_id: bytes | None) -> list[Matter]:
    query = select(transfer.c.case_id).join(case, case.c.case_id == transfer.c.case_id)
    if unit_id is None:
        return []
    same = transfer.c.account_id == account_id, transfer.c.unit_id == unit_id, transfer.c.case_id != case_id
    return matters(connection, query.where(*same, ~of_no_account()).order_by(case.c.opened_ms.desc()))


def _unsent(connection: Connection, case_id: bytes) -> dict[int, Unsent]:
    pending = piece.c.kind != REGISTRATION, piece.c.state == PieceState.PENDING.value
    query = select(piece).where(piece.c.case_id == case_id, *pending).order_by(piece.c.piece)
    return {row.piece: Unsent(row.sink, row.kind, row.after, row.reading) for row in connection.execute(query)}


# ---- the title that was entered ------------------------------------------------------------------------------------


def _over(given: Given, connection: Connection, row: Row[Any]) -> Over | None:
    now = over.instead(connection, bytes(row.record_id), given.authorities) if row.record_id else None
    last = _told_last(connection, row)
    news = over.news(connection, bytes(row.record_id), given.authorities, last) if row.record_id else None
    if news is None:
        return Over(now, {}) if now else None
    has_it = piece.c.state.in_((PieceState.ACKNOWLEDGED.value, PieceState.PENDING.value))
    query = select(piece).where(piece.c.case_id == row.case_id, piece.c.kind == TRANSFER, has_it)
    told = {one.sink: one.piece for one in connection.execute(query.order_by(piece.c.piece))}
    in_force_again = last is not None and last[0] == reasons.NOT_CURRENT
    differs = told and (in_force_again or _says_other(given, connection, row, news))
    status = select(record.c.status).where(record.c.record_id == news.record_id)
    replaced = connection.execute(status).scalar() == "SUPERSEDED"
    return Over(news, told if differs else {}, again=now is None, replaced=replaced)


def _told_last(connection: Connection, row: Row[Any]) -> over.Told | None:
    """What the sinks were told last of the title that was entered."""
    mine = transfer_recall.c.case_id == row.case_id, transfer_recall.c.record_id == row.record_id
    query = select(transfer_recall).where(*mine)
    last = transfer_recall.c.decided_ms.desc(), transfer_recall.c.notice.desc()
    found = connection.execute(query.order_by(*last).limit(1)).one_or_none()
    return (found.reason, bytes(found.later_id)) if found else None


def _says_other(given: Given, connection: Connection, row: Row[Any], now: Now) -> bool:
    """Whether anything that the purpose lets the utility see has changed: a mortgage has not."""
    if not now.in_force:
        return True
    later = connection.execute(select(record).where(record.c.record_id == now.record_id)).one()
    fields = given.purposes.get(row.purpose).evidence[TITLE].fields
    was, is_now = (minimal(one.record, fields) if one.record else None for one in _open(given, [row, later]))
    return was is not None and is_now is not None and was != is_now


# ---- what the utility reported -------------------------------------------------------------------------------------


def _reports(given: Given, connection: Connection, case_id: bytes) -> tuple[list[Report], list[Report]]:
    """The reports that the case has not heard, in the order in which they happened, each event once; and other contents
    of these events and of those that it has heard. Of several contents the first that was verified counts."""
    rows = _unheard(connection, case_id)
    new = [one for row, opened in zip(rows, _open(given, rows), strict=True) if (one := _report(given, row, opened))]
    first, conflicts = _heard(given, connection, case_id, {one.event for one in new}), list[Report]()
    known = set(first)
    for one in new:
        if not first.setdefault(one.event, one).says_same(one):
            conflicts.append(one)
    reports = [one for event, one in first.items() if event not in known]
    return sorted(reports, key=lambda one: (one.at_ms, RANK[one.result], one.event)), conflicts


def _unheard(connection: Connection, case_id: bytes) -> list[Row[Any]]:
    tables = (transfer_report, transfer_conflict)
    counts = [select(func.count()).where(table.c.case_id == case_id) for table in tables]
    left = REPORTS_MAX - sum(connection.execute(count).scalar_one() for count in counts)
    heard = [record.c.record_id.not_in(select(one.c.record_id).where(one.c.case_id == case_id)) for one in tables]
    query = (
        select(record)
        .join(record_link, record_link.c.record_id == record.c.record_id)
        .join(transfer_number, transfer_number.c.number_id == record_link.c.link_id)
        .where(transfer_number.c.case_id == case_id, record.c.kind == REPORT, record.c.state == "verified")
        .where(record.c.operation == "UPSERT", *heard)
        .order_by(record.c.judged_ms, record.c.record_id)
        .limit(max(0, left))
    )
    return list({bytes(row.record_id): row for row in connection.execute(query)}.values())


def _heard(given: Given, connection: Connection, case_id: bytes, events: Collection[bytes]) -> dict[bytes, Report]:
    """Those of these events that the case has heard, with the content that counts; one that does not open any more is
    as its row says."""
    query = select(transfer_report).where(transfer_report.c.case_id == case_id, transfer_report.c.event.in_(events))
    rows = connection.execute(query).all()
    opened = [_report(given, row, one) for row, one in zip(rows, _open(given, rows), strict=True)]
    return {bytes(row.event): one or _as_heard(row) for row, one in zip(rows, opened, strict=True)}


def _as_heard(row: Row[Any]) -> Report:
    said = bytes(row.event), row.result, row.question, "UNKNOWN", row.reported_at_ms
    return Report(titles.place(row), *said)


def _report(given: Given, row: Row[Any], opened: Opened) -> Report | None:
    """``None`` for one that does not open: its subject was erased."""
    if opened.record is None or given.names is None:
        return None
    told = opened.record["report"]
    event = given.names.event(opened.record["authority"], told["event_id"])
    question, at_ms = told["question"] or 0, told["occurred_at_ms"]
    return Report(titles.place(row), event, told["result"], question, told["account_holder"], at_ms, told["opinion"])


# ---- titles --------------------------------------------------------------------------------------------------------


def _look_for_titles(
    given: Given, connection: Connection, known: Facts, unit_id: bytes | None, title_id: bytes | None
) -> None:
    if unit_id is None and title_id is not None:
        unit_id = known.unit_id = titles.unit_of(connection, title_id)
    if unit_id is None:
        return
    known.titles = titles.in_force(given, connection, unit_id)
    awaited = known.row is None or known.row.registered_on is None
    if known.titles and awaited and known.old_holders - known.holders:
        known.ended = titles.ended(given, connection, unit_id)


def _open(given: Given, rows: Sequence[Row[Any]]) -> list[Opened]:
    values = [read_value(given.log, row.topic, row.partition, row.offset) for row in rows]
    return given.opener.open(values) if values else []

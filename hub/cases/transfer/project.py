"""Writes the events of joint transfers into their tables. The running hub and ``hub rebuild`` both call it."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, func, insert, select, update

from hub.cases.case import PieceState
from hub.cases.events import Entry, Event
from hub.cases.tables import piece
from hub.cases.transfer.events import (
    NOTICE,
    Cancelled,
    Conflicted,
    Dated,
    Entered,
    Located,
    Overlooked,
    Recalled,
    Reported,
    Submitted,
    Undeclared,
    Withdrawn,
)
from hub.cases.transfer.gather import ENTERED, UNDECLARED
from hub.cases.transfer.states import CHECKED, ENDED, Said, State
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

E = TypeVar("E", bound=Event)
_PLACE = ("record_id", "reading", "topic", "partition", "offset")
_CLOCK = ("asked_on", "due_on", "provisional", "edition")


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write these entries into the tables, in their order. All are of one type."""
    write = _PROJECT[type(entries[0].event)]
    for entry in entries:
        write(connection, entry)


def _submitted(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Submitted)
    copied = ("submission_id", "place", "purpose", "legal_basis", "policy", "unit_id", "title_id", "account_id")
    more = ("mandate", "keep_tariff", "sealed")
    row = {name: getattr(event, name) for name in (*copied, *more)}
    row |= {"case_id": entry.case_id, "channel": entry.by.channel, "cause": event.reason, "due_on": _day(event.due_on)}
    row |= {"state": State.CHECKING.value, "checks": 1, "transfers": 0, "account_holder": "UNKNOWN"}
    connection.execute(insert(transfer), row)
    holders = [{"case_id": entry.case_id, "holder_id": one, "place": place} for place, one in enumerate(event.holders)]
    connection.execute(insert(transfer_holder), holders)
    if persons := [one._asdict() | {"case_id": entry.case_id} for one in event.persons]:
        connection.execute(insert(transfer_person), persons)
    if numbers := [{"case_id": entry.case_id, "number_id": one} for one in event.number_ids]:
        connection.execute(insert(transfer_number), numbers)


def _located(connection: Connection, entry: Entry) -> None:
    _set(connection, entry, unit_id=_of(entry, Located).unit_id)


def _reported(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Reported)
    columns = (*_PLACE, "event", "result", "question", "reported_at_ms", "counted")
    row = {name: getattr(event, name) for name in columns} | {"heard_ms": entry.occurred_at_ms}
    connection.execute(insert(transfer_report), row | {"case_id": entry.case_id})
    changed = {name: getattr(event, name) for name in ("state", "checks", "transfers", "owed_ms", "paid_ms")}
    if event.counted and event.result in (Said.CLEAR, Said.ARREARS):
        changed["account_holder"] = event.account_holder
    _set(connection, entry, **changed, **_due(event.due_on))


def _due(due_on: date | None) -> dict[str, Any]:
    """``Dated`` says the rest of a last day."""
    return {"due_on": _day(due_on)} if due_on else dict.fromkeys(_CLOCK)


def _dated(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Dated)
    told = {"provisional": event.provisional, "edition": event.edition}
    _set(connection, entry, asked_on=_day(event.asked_on), due_on=_day(event.due_on), **told)


def _conflicted(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Conflicted)
    columns = (*_PLACE, "event", "result", "question", "reported_at_ms")
    row = {name: getattr(event, name) for name in columns} | {"heard_ms": entry.occurred_at_ms}
    connection.execute(insert(transfer_conflict), row | {"case_id": entry.case_id})


def _entered(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Entered)
    _title(connection, entry, ENTERED, {name: getattr(event, name) for name in _PLACE})
    changed = {name: getattr(event, name) for name in (*_PLACE, "state", "checks", "transfers")}
    _set(connection, entry, **changed, **_due(event.due_on), registered_on=_day(event.registered_on))


def _overlooked(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Overlooked)
    row = {"record_id": event.record_id, "reading": event.reading, "declared_by": event.declared_by}
    _title(connection, entry, event.reason, row | {"notice_on": _day(event.notice_on)})


def _undeclared(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Undeclared)
    place = {name: getattr(event, name) for name in _PLACE}
    same_day = transfer_title.c.registered_on == _day(event.registered_on)
    mine = update(transfer_title).where(transfer_title.c.case_id == entry.case_id, same_day)
    connection.execute(mine.values(notice_on=None))
    _title(connection, entry, UNDECLARED, place | {"notice": event.pieces[0].piece if event.pieces else None})


def _recalled(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Recalled)
    columns = ("later_id", "record_id", "reading", "reason", "changed_ms", "learned_ms")
    row = {name: getattr(event, name) for name in columns} | {"registered_on": _day(event.registered_on)}
    row |= {"case_id": entry.case_id, "decided_ms": entry.occurred_at_ms}
    connection.execute(insert(transfer_recall), row | {"notice": event.pieces[0].piece if event.pieces else None})


def _title(connection: Connection, entry: Entry, what: str, row: dict[str, Any]) -> None:
    on = _day(getattr(entry.event, "registered_on"))  # noqa: B009
    more = {"case_id": entry.case_id, "what": what, "registered_on": on, "heard_ms": entry.occurred_at_ms}
    same = (transfer_title.c[name] == row[name] for name in ("record_id", "reading"))
    mine = transfer_title.c.case_id == entry.case_id, *same
    before = connection.execute(select(transfer_title.c.notice).where(*mine)).scalar()
    connection.execute(delete(transfer_title).where(*mine))
    connection.execute(insert(transfer_title), {"notice": before} | row | more)


def _cancelled(connection: Connection, entry: Entry) -> None:
    _set(connection, entry, state=State.CANCELLED.value, due_on=None)


def _withdrawn(connection: Connection, entry: Entry) -> None:
    """The entry is taken out, so that the title as it is now is looked at again; not where a notice was withdrawn."""
    event = _of(entry, Withdrawn)
    mine = piece.c.case_id == entry.case_id, piece.c.piece.in_(event.withdrawn)
    of = connection.execute(select(piece.c.kind, piece.c.reading).where(*mine)).all()
    if {row.kind for row in of} == {NOTICE}:
        for nth in sorted({row.reading for row in of}):
            _not_told(connection, entry, nth)
    elif (state := State(event.state)) not in ENDED:
        clock = {} if state in CHECKED else _due(None)
        _set(connection, entry, state=event.state, **clock, **dict.fromkeys((*_PLACE, "registered_on")))


def _not_told(connection: Connection, entry: Entry, nth: int) -> None:
    """What no sink was told of by a notice is looked at again."""
    has_it = piece.c.state.in_((PieceState.ACKNOWLEDGED.value, PieceState.PENDING.value))
    others = piece.c.piece.not_in(_of(entry, Withdrawn).withdrawn), piece.c.kind == NOTICE, piece.c.reading == nth
    left = select(func.count()).select_from(piece).where(piece.c.case_id == entry.case_id, *others, has_it)
    if not connection.execute(left).scalar_one():
        mine = transfer_title.c.case_id == entry.case_id, transfer_title.c.notice == nth
        connection.execute(delete(transfer_title).where(*mine, transfer_title.c.what == UNDECLARED))


def _set(connection: Connection, entry: Entry, **values: Any) -> None:
    connection.execute(update(transfer).where(transfer.c.case_id == entry.case_id).values(**values))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _of(entry: Entry, kind: type[E]) -> E:
    assert isinstance(entry.event, kind)
    return entry.event


_PROJECT: dict[type[Event], Callable[[Connection, Entry], None]] = {
    Submitted: _submitted,
    Located: _located,
    Reported: _reported,
    Conflicted: _conflicted,
    Entered: _entered,
    Dated: _dated,
    Overlooked: _overlooked,
    Undeclared: _undeclared,
    Cancelled: _cancelled,
    Withdrawn: _withdrawn,
    Recalled: _recalled,
}

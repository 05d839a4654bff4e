"""Writes the events of joint transfers into their tables. The running hub and ``hub rebuild`` both call it."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, update

from hub.cases.events import Entry, Event
from hub.cases.transfer.events import (
    Cancelled,
    Conflicted,
    Entered,
    Located,
    Overlooked,
    Recalled,
    Reported,
    Submitted,
    Undeclared,
    Withdrawn,
)
from hub.cases.transfer.states import ENDED, Said, State
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
ENTERED, UNDECLARED = "ENTERED", "UNDECLARED"


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
    _set(connection, entry, **changed, due_on=_day(event.due_on))


def _conflicted(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Conflicted)
    columns = (*_PLACE, "event", "result", "question", "reported_at_ms")
    row = {name: getattr(event, name) for name in columns} | {"heard_ms": entry.occurred_at_ms}
    connection.execute(insert(transfer_conflict), row | {"case_id": entry.case_id})


def _entered(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Entered)
    _title(connection, entry, ENTERED, {name: getattr(event, name) for name in _PLACE})
    changed = {name: getattr(event, name) for name in (*_PLACE, "state", "checks", "transfers")}
    _set(connection, entry, **changed, due_on=_day(event.due_on), registered_on=_day(event.registered_on))


def _overlooked(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Overlooked)
    _title(connection, entry, event.reason, {"record_id": event.record_id, "reading": event.reading})


def _undeclared(connection: Connection, entry: Entry) -> None:
    event = _of(entry, Undeclared)
    place = {name: getattr(event, name) for name in _PLACE}
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
    connection.execute(delete(transfer_title).where(transfer_title.c.case_id == entry.case_id, *same))
    connection.execute(insert(transfer_title), row | more)


def _cancelled(connection: Connection, entry: Entry) -> None:
    _set(connection, entry, state=State.CANCELLED.value, due_on=None)


def _withdrawn(connection: Connection, entry: Entry) -> None:
    """The entry is taken out, so that the title as it is now is looked at again; not of a transfer that has ended, of
    which a notice was withdrawn."""
    event = _of(entry, Withdrawn)
    nothing = {} if State(event.state) in ENDED else dict.fromkeys((*_PLACE, "registered_on", "due_on"))
    _set(connection, entry, state=event.state, **nothing)


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
    Overlooked: _overlooked,
    Undeclared: _undeclared,
    Cancelled: _cancelled,
    Withdrawn: _withdrawn,
    Recalled: _recalled,
}

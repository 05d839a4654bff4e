"""Writes entries into the tables of cases: first the tables of every procedure, then its own. The running hub and
``hub rebuild`` call the same function."""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from hub.cases import notices
from hub.cases.case import PieceState
from hub.cases.events import (
    REGISTRATION,
    Acknowledged,
    CalendarImported,
    Deciding,
    Ending,
    Entry,
    Held,
    Opening,
    Refused,
    Released,
    Stopped,
    Withdrawing,
)
from hub.cases.procedure import Procedures
from hub.cases.tables import case, piece

_CASE = case.c.case_id == bindparam("of")
_PIECE = (piece.c.case_id == bindparam("of")) & (piece.c.piece == bindparam("no"))


def project(connection: Connection, procedures: Procedures, entries: Sequence[Entry]) -> None:
    """Write these entries into the tables, in their order. Each must have the next number of its case, otherwise
    ``AssertionError``: the case was not locked. Neighbours of one type are written together."""
    for kind, neighbours in groupby(entries, key=lambda entry: type(entry.event)):
        alike = list(neighbours)
        if kind is CalendarImported:
            notices.project(connection, alike)
            continue
        owner = procedures.owner(kind)
        if issubclass(kind, Opening):
            assert owner is not None, "an opening event belongs to a procedure"
            connection.execute(insert(case), [_opened(owner.name, entry) for entry in alike])
        else:
            _count(connection, alike)
        _pieces(connection, alike)
        if owner is not None:
            owner.project(connection, alike)


def _opened(procedure: str, entry: Entry) -> dict[str, Any]:
    assert isinstance(entry.event, Opening)
    pieces = entry.event.pieces if isinstance(entry.event, Deciding) else ()
    registering = {piece.sink: piece.piece for piece in pieces if piece.kind == REGISTRATION}
    sinks = {name: registering.get(name) for name in sorted(entry.event.sinks)}
    return {
        "case_id": entry.case_id,
        "procedure": procedure,
        "number": entry.number,
        "pieces": len(pieces),
        "sinks": json.dumps(sinks),
        "held": False,
        "subject_id": entry.event.subject_id,
        "opened_ms": entry.occurred_at_ms,
    }


def _count(connection: Connection, entries: Sequence[Entry]) -> None:
    """Count the events, and the pieces that they decide."""
    follows = _CASE & (case.c.number == bindparam("before"))
    counted = (
        update(case).where(follows).values(number=bindparam("after_this"), pieces=case.c.pieces + bindparam("more"))
    )
    rows = [
        {
            "of": entry.case_id,
            "before": entry.number - 1,
            "after_this": entry.number,
            "more": len(entry.event.pieces) if isinstance(entry.event, Deciding) else 0,
        }
        for entry in entries
    ]
    if connection.execute(counted, rows).rowcount != len(rows):
        raise AssertionError("an event does not follow the last one of its case: the case was not locked")


def _pieces(connection: Connection, entries: Sequence[Entry]) -> None:
    event = entries[0].event
    if isinstance(event, Deciding) and (rows := [row for entry in entries for row in _decided(entry)]):
        _refuse_twins(connection, rows)
        connection.execute(insert(piece), rows)
    if isinstance(event, Withdrawing) and (rows := [row for entry in entries for row in _withdrawn(entry)]):
        connection.execute(update(piece).where(_PIECE).values(**_set("state", "ended_ms", "reason")), rows)
    if isinstance(event, Ending):
        columns = _set("state", "ended_ms", "reason", "sealed_reason", "sealed_receipt", "found")
        connection.execute(update(piece).where(_PIECE).values(**columns), [_ended(entry) for entry in entries])
    if isinstance(event, Held | Released):
        _held(connection, entries, isinstance(event, Held))


def _set(*names: str) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}") for name in names}


def _refuse_twins(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """A piece without a record is named at its sink by case, kind and reading. A second one of the same name would get
    the first one's receipt and never be sent (P2): its procedure has to count ``reading`` up."""
    new = [_name_of(row) for row in rows if row["record_id"] is None]
    if not new:
        return
    query = select(piece.c.case_id, piece.c.sink, piece.c.kind, piece.c.reading).where(
        piece.c.case_id.in_({row["case_id"] for row in rows}), piece.c.record_id.is_(None)
    )
    there = [_name_of(row._asdict()) for row in connection.execute(query)]
    if len({*new, *there}) < len(new) + len(there):
        raise AssertionError("two pieces of a case have one name at their sink: count `reading` up")


def _name_of(row: Mapping[str, Any]) -> tuple[bytes, str, str, int]:
    return bytes(row["case_id"]), row["sink"], row["kind"], row["reading"]


def _decided(entry: Entry) -> list[dict[str, Any]]:
    assert isinstance(entry.event, Deciding)
    alike = {"case_id": entry.case_id, "decided_ms": entry.occurred_at_ms, "state": PieceState.PENDING.value}
    return [one._asdict() | alike for one in entry.event.pieces]


def _withdrawn(entry: Entry) -> list[dict[str, Any]]:
    event = entry.event
    assert isinstance(event, Withdrawing)
    ended = {
        "new_state": PieceState.WITHDRAWN.value,
        "new_ended_ms": entry.occurred_at_ms,
        "new_reason": event.reason,
    }
    return [{"of": entry.case_id, "no": number, **ended} for number in event.withdrawn]


_ENDS: dict[type[Ending], PieceState] = {
    Acknowledged: PieceState.ACKNOWLEDGED,
    Refused: PieceState.REFUSED,
    Stopped: PieceState.STOPPED,
}


def _ended(entry: Entry) -> dict[str, Any]:
    event = entry.event
    assert isinstance(event, Ending)
    return {
        "of": entry.case_id,
        "no": event.piece,
        "new_state": _ENDS[type(event)].value,
        "new_ended_ms": entry.occurred_at_ms,
        "new_reason": getattr(event, "reason", None),
        "new_sealed_reason": getattr(event, "sealed_reason", None),
        "new_sealed_receipt": getattr(event, "sealed_receipt", None),
        "new_found": getattr(event, "found", False),
    }


def _held(connection: Connection, entries: Sequence[Entry], held: bool) -> None:
    """A release also makes refused and stopped pieces pending again: the operator has repaired the cause."""
    ids = [entry.case_id for entry in entries]
    connection.execute(update(case).where(case.c.case_id.in_(ids)).values(held=held))
    if not held:
        ended = piece.c.state.in_((PieceState.REFUSED.value, PieceState.STOPPED.value))
        again = {"state": PieceState.PENDING.value, "reason": None, "sealed_reason": None, "ended_ms": None}
        connection.execute(update(piece).where(piece.c.case_id.in_(ids), ended).values(**again))

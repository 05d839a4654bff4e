"""Warnings as they are written into the table, sent to sinks, and shown."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, false, func, insert, or_, select, update

from hub.cases import policy
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.decide import MARKS
from hub.cases.connection.warnings.events import WARNING, About, Level, Warned
from hub.cases.connection.warnings.tables import warning
from hub.cases.events import Entry
from hub.cases.procedure import Body, Given, Moment, Sending
from hub.cases.tables import piece
from hub.cases.times import iso
from hub.ports import DESK


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write warnings into the table, and mark the limits. The running hub and ``hub rebuild`` both call it."""
    connection.execute(insert(warning), [_row(entry) for entry in entries])
    totals = [one for one in entries if _event(one).about == About.TOTAL]
    _mark(connection, totals, "total_mark")
    others = [one for one in entries if _event(one).about in (About.SEGMENT, About.WHOLE)]
    # That of a kind that the case has had is in the place of the total.
    is_main = func.coalesce(application.c.due_on, application.c.segment_due_on, "") == bindparam("day")
    _mark(connection, others, "mark", is_main)
    _mark(connection, others, "total_mark", ~is_main, application.c.total_due_on == bindparam("day"))
    of_totals = [one.version for one in policy.known() if one.totals_only]
    # Not ``in_``: its list cannot be part of a statement that is run for many rows at once.
    _mark(connection, totals, "mark", or_(false(), *(application.c.policy == one for one in of_totals)))


def _mark(connection: Connection, entries: Sequence[Entry], column: str, *where: ColumnElement[bool]) -> None:
    if entries:
        one = update(application).where(application.c.case_id == bindparam("of"), *where)
        marks = one.values({column: bindparam("to")})
        connection.execute(marks, [_marked(one) for one in entries])


def _marked(entry: Entry) -> dict[str, Any]:
    event = _event(entry)
    return {"of": entry.case_id, "to": MARKS[Level(event.level)], "day": event.due_on.isoformat()}


def _event(entry: Entry) -> Warned:
    assert isinstance(entry.event, Warned)
    return entry.event


def _row(entry: Entry) -> dict[str, Any]:
    event = _event(entry)
    copied = ("nth", "level", "about", "segment", "working_days", "provisional")
    return {name: getattr(event, name) for name in copied} | {
        "case_id": entry.case_id,
        "due_on": event.due_on.isoformat(),
        "recipients": json.dumps(event.recipients),
        "warned_ms": entry.occurred_at_ms,
    }


def rows(connection: Connection, case_id: bytes) -> Sequence[Row[Any]]:
    """The warnings of a case, in their order."""
    return connection.execute(select(warning).where(warning.c.case_id == case_id).order_by(warning.c.nth)).all()


def escalated(connection: Connection, case_id: bytes) -> frozenset[date]:
    """The last days of limits of a case that were escalated."""
    over = (one for one in rows(connection, case_id) if one.level == Level.AFTER and one.about != About.FOLLOW_UP)
    return frozenset(date.fromisoformat(one.due_on) for one in over)


def shown(connection: Connection, case_id: bytes) -> list[Body]:
    """The warnings of a case as JSON values, each with how far the hub is with the desks that it tells."""
    desks = _desks(connection, case_id)
    return [
        {
            "level": row.level,
            "about": row.about,
            "segment": row.segment or None,
            "due_on": row.due_on,
            "working_days": row.working_days,
            "provisional": row.provisional,
            "recipients": json.loads(row.recipients),
            "at": iso(row.warned_ms),
            "desks": [one for nth, one in desks if nth == row.nth],
        }
        for row in rows(connection, case_id)
    ]


def _desks(connection: Connection, case_id: bytes) -> list[tuple[int, Body]]:
    """(Number of the warning; desk, state of its piece, when that ended) of the desks of a case."""
    columns = piece.c.reading, piece.c.sink, piece.c.state, piece.c.ended_ms
    query = select(*columns).where(piece.c.case_id == case_id, piece.c.kind == WARNING, piece.c.sink.startswith(DESK))
    found = connection.execute(query.order_by(piece.c.piece))
    return [(row.reading, _desk(row)) for row in found]


def _desk(row: Any) -> Body:
    ended_at = iso(row.ended_ms) if row.ended_ms is not None else None
    return {"desk": row.sink.removeprefix(DESK), "state": row.state, "ended_at": ended_at}


def body(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """One warning for a sink, as it was decided. It holds no personal value."""
    number = sending.piece.reading
    row = next(one for one in rows(connection, sending.case.case_id) if one.nth == number)
    return {
        "noticeNo": number,
        "level": row.level,
        "about": row.about,
        "segment": row.segment or None,
        "dueOn": row.due_on,
        "workingDays": row.working_days,
        "provisional": row.provisional,
        "recipients": json.loads(row.recipients),
    }

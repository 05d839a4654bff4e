"""Warnings as they are written into the table, sent to sinks, and shown."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, false, insert, or_, select, update

from hub.cases import policy
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.decide import MARKS
from hub.cases.connection.warnings.events import About, Level, Warned
from hub.cases.connection.warnings.tables import warning
from hub.cases.events import Entry
from hub.cases.procedure import Body, Given, Moment, Sending
from hub.cases.times import iso


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write warnings into the table, and mark the limits. The running hub and ``hub rebuild`` both call it."""
    connection.execute(insert(warning), [_row(entry) for entry in entries])
    totals = [one for one in entries if _event(one).about == About.TOTAL]
    _mark(connection, totals, "total_mark")
    _mark(connection, [one for one in entries if _event(one).about in (About.SEGMENT, About.WHOLE)], "mark")
    of_totals = [one.version for one in policy.known() if one.totals_only]
    # Not ``in_``: its list cannot be part of a statement that is run for many rows at once.
    _mark(connection, totals, "mark", or_(false(), *(application.c.policy == one for one in of_totals)))


def _mark(connection: Connection, entries: Sequence[Entry], column: str, *where: ColumnElement[bool]) -> None:
    if entries:
        one = update(application).where(application.c.case_id == bindparam("of"), *where)
        marks = one.values({column: bindparam("to")})
        connection.execute(marks, [{"of": one.case_id, "to": MARKS[Level(_event(one).level)]} for one in entries])


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


def shown(connection: Connection, case_id: bytes) -> list[Body]:
    """The warnings of a case as JSON values."""
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
        }
        for row in rows(connection, case_id)
    ]


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

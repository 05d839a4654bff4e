"""The table of notices about working days, and the calendar that it gives."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, and_, insert, select

from hub.cases.calendar import Calendar, Edition
from hub.cases.events import CalendarImported, Entry
from hub.cases.tables import notice


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write imports into the table. The running hub and ``hub rebuild`` both call it."""
    connection.execute(insert(notice), [_row(entry) for entry in entries])


def _row(entry: Entry) -> dict[str, Any]:
    event = entry.event
    assert isinstance(event, CalendarImported)
    copied = ("edition", "version", "year", "source", "digest")
    return {name: getattr(event, name) for name in copied} | {
        "days_off": _listed(event.days_off),
        "make_up_days": _listed(event.make_up_days),
        "changed_from": event.changed_from.isoformat() if event.changed_from else None,
        "changed_to": event.changed_to.isoformat() if event.changed_to else None,
        "imported_ms": entry.occurred_at_ms,
        "principal": entry.by.principal,
    }


def _listed(days: Sequence[date]) -> str:
    return json.dumps([day.isoformat() for day in days])


def rows(connection: Connection) -> Sequence[Row[Any]]:
    """All notices that were imported, in the order of their import."""
    return connection.execute(select(notice).order_by(notice.c.edition)).all()


def calendar(connection: Connection, until_ms: int | None = None) -> Calendar:
    """The working days as this installation knows them now, or knew them at ``until_ms``."""
    return of_rows(row for row in rows(connection) if until_ms is None or row.imported_ms <= until_ms)


def of_rows(known: Iterable[Row[Any]]) -> Calendar:
    """The working days as these notices give them."""
    return Calendar(tuple(Edition(row.edition, row.version, row.year, _days(row), row.imported_ms) for row in known))


def missed(
    known: Iterable[Row[Any]], today: date, edition: Column[Any], last: Column[Any]
) -> Iterator[tuple[Row[Any], ColumnElement[bool]]]:
    """Each of these notices that changed days, with the condition for what was counted up to the day ``last`` without
    it (``edition``): that day is not over, and not before the days that it changed."""
    for row in known:
        if row.changed_from:
            yield row, and_(edition < row.edition, last >= max(row.changed_from, today.isoformat()))


def _days(row: Row[Any]) -> dict[date, bool]:
    named = ((row.days_off, False), (row.make_up_days, True))
    return {date.fromisoformat(day): works for listed, works in named for day in json.loads(listed)}

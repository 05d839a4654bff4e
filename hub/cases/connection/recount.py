"""The cases whose dates must be computed again: a notice about working days came or changed since they were counted.

A date whose last counted day is over stands: what was promised is not changed afterwards.
"""

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from hub.cases import case as cases
from hub.cases import notices
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.connection.events import NOT_COUNTED
from hub.cases.connection.tables import application
from hub.cases.policies.model import Dates
from hub.cases.procedure import Moment
from hub.cases.tables import case
from hub.clock import CHINA


def dates_of(row: Row[Any]) -> Dates:
    """The dates in a row of ``application``; a date that is missing is ``None``."""
    due_on, segment_due_on, counted_to = (
        date.fromisoformat(one) if one else None for one in (row.due_on, row.segment_due_on, row.counted_to)
    )
    by = row.segment or "", segment_due_on, counted_to, bool(row.provisional), row.calendar or ""
    total_due_on = date.fromisoformat(row.total_due_on) if row.total_due_on else None
    return Dates(due_on, *by, NOT_COUNTED if row.edition is None else row.edition, total_due_on)


def any_due(connection: Connection, moment: Moment) -> bool:
    """Whether there is such a case."""
    return connection.execute(_due(connection, select(case.c.case_id), moment).limit(1)).first() is not None


def take_due(connection: Connection, moment: Moment, most: int) -> list[Case]:
    """At most ``most`` of them, locked; cases that another transaction holds are left out."""
    return cases.lock_free(connection, _due(connection, select(case), moment).limit(most))


def _due(connection: Connection, query: Select[Any], moment: Moment) -> Select[Any]:
    today, imported = china_day(moment.now), notices.rows(connection)
    known_until = notices.of_rows(imported).known_until(today)
    missed = notices.missed(imported, today, application.c.edition, application.c.counted_to)
    changes = [lacks_it & _opened_by(row) for row, lacks_it in missed]
    known = and_(application.c.provisional.is_(True), application.c.counted_to <= known_until.isoformat())
    runs = application.c.counted_to >= today.isoformat()
    again = and_(runs, or_(application.c.edition == NOT_COUNTED, known, *changes))
    joined = query.join_from(application, case, application.c.case_id == case.c.case_id)
    return joined.where(application.c.ended.is_(None), or_(application.c.counted_to.is_(None), again))


def _opened_by(notice: Row[Any]) -> ColumnElement[bool]:
    """A case of before the end of the days that a notice changed."""
    after = datetime.combine(date.fromisoformat(notice.changed_to) + timedelta(days=1), time(), CHINA)
    return case.c.opened_ms < int(after.timestamp() * 1000)

"""The cases with a last day that a warning is due for."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from hub.cases import case as cases
from hub.cases import notices
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.decide import MARKS, Window, window
from hub.cases.connection.warnings.events import Level
from hub.cases.procedure import Moment
from hub.cases.tables import case


def any_due(connection: Connection, moment: Moment) -> bool:
    """Whether there is such a case."""
    return connection.execute(_due(connection, select(case.c.case_id), moment).limit(1)).first() is not None


def take_due(connection: Connection, moment: Moment, most: int) -> list[Case]:
    """At most ``most`` of them, locked; cases that another transaction holds are left out."""
    return cases.lock_free(connection, _due(connection, select(case), moment).limit(most))


def _due(connection: Connection, query: Select[Any], moment: Moment) -> Select[Any]:
    days = window(china_day(moment.now), notices.calendar(connection))
    has_date = or_(application.c.due_on.is_not(None), application.c.segment_due_on.is_not(None))
    one = and_(has_date, _is_due(application.c.mark, application.c.counted_to, days))
    total = _is_due(application.c.total_mark, application.c.total_due_on, days)
    joined = query.join_from(application, case, application.c.case_id == case.c.case_id)
    return joined.where(application.c.ended.is_(None), or_(one, total))


def _is_due(mark: ColumnElement[int], due_on: ColumnElement[str], days: Window) -> ColumnElement[bool]:
    """As ``decide.level``."""
    since, over, today, soon = (day.isoformat() for day in (days.since, days.over, days.today, days.soon))
    after = and_(mark < MARKS[Level.AFTER], due_on >= since, due_on < over)
    submitted_before = case.c.opened_ms < days.today_ms
    before = and_(mark < MARKS[Level.BEFORE], due_on >= today, due_on <= soon, submitted_before)
    return or_(after, before)

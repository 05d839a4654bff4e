"""The cases with a last day that a warning is due for, without those that were taken back. It is asked for all the
time, so each part is found by an index, however many cases there are."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select, true, union

from hub.cases import case as cases
from hub.cases import notices
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.decide import MARKS, Window, window
from hub.cases.connection.warnings.events import Level
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.tables import need
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
    one = _ids(application.c.mark, application.c.counted_to, has_date, days)
    total = _ids(application.c.total_mark, application.c.total_due_on, true(), days)
    taken_back = select(need.c.case_id).where(
        need.c.case_id == case.c.case_id, need.c.state == NeedState.CANCELLED.value
    )
    return query.where(case.c.case_id.in_(union(*one, *total)), ~taken_back.correlate(case).exists())


def _ids(
    mark: ColumnElement[int], due_on: ColumnElement[str], has_date: ColumnElement[bool], days: Window
) -> Iterator[Select[Any]]:
    """As ``decide.level``. Marks are compared by equality: only then does the index lead to the days."""
    since, over, today, soon = (day.isoformat() for day in (days.since, days.over, days.today, days.soon))
    runs = select(application.c.case_id).where(application.c.ended.is_(None), has_date)
    yield runs.where(mark.in_((0, MARKS[Level.BEFORE])), due_on >= since, due_on < over)
    submitted_before = case.c.opened_ms < days.today_ms
    before = runs.join_from(application, case, case.c.case_id == application.c.case_id).where(submitted_before)
    yield before.where(mark == 0, due_on >= today, due_on <= soon)

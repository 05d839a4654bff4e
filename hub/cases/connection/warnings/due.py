"""The cases with a last day that a warning is due for: of a limit, or of the follow-up of a bad rating. One that was
taken back is escalated until the utility reports its end, but not warned of before its last day. It is asked for all
the time, so each part is found by an index, however many cases there are."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, or_, select, true, union

from hub.cases import case as cases
from hub.cases import notices, reasons
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.connection.events import CANCELLATION
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.decide import MARKS, Window, window
from hub.cases.connection.warnings.events import About, Level
from hub.cases.connection.warnings.tables import warning
from hub.cases.evidence.tables import need
from hub.cases.procedure import Moment
from hub.cases.ratings.tables import rating
from hub.cases.tables import case, piece


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
    return query.where(case.c.case_id.in_(union(*one, *total, follow_ups(days))))


def taken_back(connection: Connection, case_id: bytes) -> bool:
    """Whether the application was taken back: it is not warned of before a last day. It is the same question that
    ``any_due`` asks: a case that is due and has nothing to be warned of would be due without end."""
    query = select(application.c.case_id).where(application.c.case_id == case_id, back_of_row())
    return connection.execute(query).first() is not None


def is_taken_back(case_id: ColumnElement[bytes]) -> ColumnElement[bool]:
    """As ``taken_back``, of the case in a column of a query."""
    return exists().where(application.c.case_id == case_id, back_of_row())


def back_of_row() -> ColumnElement[bool]:
    """Whether the application of the row was taken back: its evidence says so, or a piece for a sink. By the reason,
    not the state: SQLite would take the index of states, and read what all cases have of it."""
    needed = need.c.case_id == application.c.case_id, need.c.reason == reasons.CANCELLED
    told = piece.c.case_id == application.c.case_id, piece.c.kind == CANCELLATION
    said = select(need.c.case_id).where(*needed).correlate(application).exists()
    return said | select(piece.c.case_id).where(*told).correlate(application).exists()


def follow_ups(days: Window) -> Select[Any]:
    """The cases with a follow-up of a bad rating that is past its last day, and was not warned of."""
    told = select(warning.c.case_id).where(
        warning.c.case_id == rating.c.case_id, warning.c.about == About.FOLLOW_UP.value
    )
    since, over = days.since.isoformat(), days.over.isoformat()
    due = rating.c.follow_up_due_on >= since, rating.c.follow_up_due_on < over
    return select(rating.c.case_id).where(*due, rating.c.outcome.is_(None), ~told.correlate(rating).exists())


def follow_up(connection: Connection, case_id: bytes, days: Window) -> str | None:
    """The last day of such a follow-up of one case; ``None`` where there is none."""
    one = follow_ups(days).where(rating.c.case_id == case_id).with_only_columns(rating.c.follow_up_due_on)
    return connection.execute(one).scalar()


def _ids(
    mark: ColumnElement[int], due_on: ColumnElement[str], has_date: ColumnElement[bool], days: Window
) -> Iterator[Select[Any]]:
    """As ``decide.level``. Marks are compared by equality: only then does the index lead to the days."""
    since, over, today, soon = (day.isoformat() for day in (days.since, days.over, days.today, days.soon))
    runs = select(application.c.case_id).where(application.c.ended.is_(None), has_date)
    yield runs.where(mark.in_((0, MARKS[Level.BEFORE])), due_on >= since, due_on < over)
    submitted_before = case.c.opened_ms < days.today_ms
    before = runs.join_from(application, case, case.c.case_id == application.c.case_id).where(submitted_before)
    yield before.where(mark == 0, due_on >= today, due_on <= soon, ~back_of_row())

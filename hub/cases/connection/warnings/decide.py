"""Which warnings are due for a case: of its row and a day. Pure.

A last day is warned of once before it and once after it. When a notice about working days moves it, it is another day,
and is warned of again.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Row

from hub.cases import policy
from hub.cases.calendar import Calendar
from hub.cases.clocks import Clock
from hub.cases.connection.warnings.events import About, Level
from hub.cases.policies.model import Dates
from hub.clock import CHINA

BEFORE_DAYS: Final = 1
"""So many working days before the last day a warning is due, but not on the day of submission."""
BACK_DAYS: Final = 30
"""Days after which a last day is a matter of the audit only."""
MARKS: Final = {Level.BEFORE: 1, Level.AFTER: 2}
"""Level → what the row says afterwards; 0: nothing is warned of yet."""


class Window(NamedTuple):
    """The days that a warning is due for, on ``today`` (China's date). ``soon``: the latest last day to warn of before
    it; ``over``: last days before this one are over by a working day; ``since``: the earliest to warn of after it."""

    today: date
    soon: date
    over: date
    since: date

    @property
    def today_ms(self) -> int:
        """When today began in China, in ms since the epoch."""
        return int(datetime.combine(self.today, time(), CHINA).timestamp() * 1000)


def window(today: date, calendar: Calendar) -> Window:
    """The window of a day.

    >>> window(date(2022, 1, 30), Calendar())[1:3]  # a make-up Sunday; then Spring Festival
    (datetime.date(2022, 2, 7), datetime.date(2022, 1, 30))
    """
    over = today
    while not calendar.is_working_day(over):
        over -= timedelta(days=1)
    return Window(today, calendar.add(today, BEFORE_DAYS).day, over, today - timedelta(days=BACK_DAYS))


class Limit(NamedTuple):
    """A limit that runs: what it is of, its last day, and the mark of its row."""

    about: About
    segment: str
    due_on: date
    mark: int


def of_kinds(found: Clock) -> dict[date, About]:
    """Last day → what it is of: the limits of every kind that the case has had, and the total of the one in force. A
    day that several limits share is one."""
    segments = [(one.running.span.due_on, About.SEGMENT) for one in found.kinds[:-1] if one.running]
    wholes = [(one.limited.due_on, About.TOTAL if one.total else About.WHOLE) for one in found.kinds]
    return {day: about for day, about in (*segments, *wholes) if day}


def with_former(told: Dates, found: Clock, escalated: Collection[date]) -> Dates:
    """The dates of a case that was of several kinds: in the place of the total the first last day of ``of_kinds`` that
    was not ``escalated``, and is no matter of the audit only. A change of kind silences no warning. Dates of a table
    with totals only, of an end and of one kind stay."""
    if len(found.kinds) == 1 or found.ended or found.policy.totals_only:
        return told
    since, done = found.today - timedelta(days=BACK_DAYS), {told.due_on or told.segment_due_on, *escalated}
    days = (one for one in of_kinds(found) if one >= since and one not in done)
    return told._replace(total_due_on=min(days, default=None))


def limits(row: Row[Any], kinds: Mapping[date, About] | None = None) -> Iterator[Limit]:
    """The limits of a row of ``application`` that run. ``kinds``: as ``of_kinds``, where it was of several. Where
    the table has totals only, the last day of the segment is that of the total: it is one limit, told as the total."""
    if row.ended is not None:
        return
    segment = row.segment or ""
    if row.due_on:
        yield Limit(About.WHOLE, segment, date.fromisoformat(row.due_on), row.mark)
    elif row.segment_due_on and policy.by_version(row.policy).totals_only:
        mark = min(row.mark, row.total_mark) if row.total_due_on else row.mark
        yield Limit(About.TOTAL, segment, date.fromisoformat(row.segment_due_on), mark)
        return
    elif row.segment_due_on:
        yield Limit(About.SEGMENT, segment, date.fromisoformat(row.segment_due_on), row.mark)
    if row.total_due_on:
        total = date.fromisoformat(row.total_due_on)
        yield Limit((kinds or {}).get(total, About.TOTAL), segment, total, row.total_mark)


def level(limit: Limit, opened_ms: int, days: Window) -> Level | None:
    """What is due for a limit of a case that was submitted at ``opened_ms``; ``None`` for nothing."""
    if limit.mark < MARKS[Level.AFTER] and days.since <= limit.due_on < days.over:
        return Level.AFTER
    if limit.mark < MARKS[Level.BEFORE] and days.today <= limit.due_on <= days.soon and opened_ms < days.today_ms:
        return Level.BEFORE
    return None


def working_days(limit: Limit, what: Level, today: date, calendar: Calendar) -> int:
    """Those that are left at the end of today, or those over."""
    between = (today, limit.due_on) if what is Level.BEFORE else (limit.due_on, today)
    return calendar.between(*between)

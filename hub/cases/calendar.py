"""Working days by the State Council's yearly notice, make-up days (调休) included. The day is China's."""

from datetime import date, datetime, timedelta

import chinese_calendar

from hub.clock import CHINA
from hub.errors import Misconfigured


def china_day(moment: datetime) -> date:
    """The date in China at an aware moment.

    >>> from datetime import UTC
    >>> china_day(datetime(2022, 1, 4, 16, 0, tzinfo=UTC))
    datetime.date(2022, 1, 5)
    """
    return moment.astimezone(CHINA).date()


def is_working_day(day: date) -> bool:
    """Whether ``day`` is a working day in China. Raises ``Misconfigured`` for a year whose notice the calendar does not
    know: a guess would give a wrong deadline.

    >>> is_working_day(date(2022, 1, 29)), is_working_day(date(2022, 1, 31))  # a make-up Saturday; Spring Festival
    (True, False)
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        raise Misconfigured(
            f"the working days of {day.year} are not known", "update the package chinesecalendar once the notice is out"
        ) from None


def add_working_days(start: date, days: int, starting_day_counts: bool = False) -> date:
    """The last day of a limit of ``days`` working days that starts on ``start``. The day of the start does not count,
    unless ``starting_day_counts``. Raises ``Misconfigured`` like ``is_working_day``.

    >>> add_working_days(date(2022, 1, 28), 1), add_working_days(date(2022, 1, 28), 3)
    (datetime.date(2022, 1, 29), datetime.date(2022, 2, 7))
    """
    day = start - timedelta(days=1) if starting_day_counts else start
    left = days
    while left > 0:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return day

"""Working days in China, make-up days (调休) included. A day is China's date.

A year is known by its notice of the State Council: from the package chinesecalendar, or from a file that was imported
(``hub.cases.notices``). For a year without a notice a date is provisional: the weekends and the days off that the law
itself gives (``holidays.toml``).
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from importlib import metadata, resources
from typing import NamedTuple

import chinese_calendar

from hub.clock import CHINA

PACKAGE = "chinesecalendar"
PROVISIONAL = "provisional"


class Edition(NamedTuple):
    """One notice that was imported. ``number`` counts imports from 1; ``days``: day that the notice names → whether it
    is a working day. ``imported_ms``: when, in ms since the epoch."""

    number: int
    version: str
    year: int
    days: Mapping[date, bool]
    imported_ms: int = 0


class Counted(NamedTuple):
    """The last day of a limit. ``provisional``: a year without a notice was counted. ``calendar``: the versions that
    the days were counted by, joined by ``+``."""

    day: date
    provisional: bool
    calendar: str


@dataclass(frozen=True)
class Calendar:
    """The working days of every year. ``editions`` in the order of their numbers; of one year the last one counts."""

    editions: tuple[Edition, ...] = ()

    @property
    def number(self) -> int:
        """The number of the newest edition; 0 when nothing was imported."""
        return self.editions[-1].number if self.editions else 0

    @cached_property
    def _former(self) -> Sequence["Calendar"]:
        """This calendar as it was before each import; the last one is itself."""
        return [*(Calendar(self.editions[:n]) for n in range(len(self.editions))), self]

    def when_known(self, at_ms: int, first: date, last: date) -> "Calendar":
        """The calendar by which the days from ``first`` to ``last`` are settled: the one of ``at_ms``, or where a year
        had no notice then, the first one that has it; this one while there is none."""
        known = sum(one.imported_ms <= at_ms for one in self.editions)
        years = range(first.year, last.year + 1)
        return next((one for one in self._former[known:] if all(map(one.knows, years))), self)

    def numbered(self, number: int) -> "Calendar":
        """This calendar when ``number`` was its newest edition."""
        return next(one for one in self._former if one.number == number)

    @cached_property
    def _imported(self) -> Mapping[int, Edition]:
        return {one.year: one for one in self.editions}

    @cached_property
    def _named(self) -> Mapping[date, bool]:
        # In the order of numbers: a notice may name days of the December before its year.
        newest = sorted(self._imported.values(), key=lambda one: one.number)
        return {day: works for one in newest for day, works in one.days.items()}

    def knows(self, year: int) -> bool:
        """Whether the year's notice is known."""
        return year in self._imported or _shipped(year)

    def known_until(self, day: date) -> date:
        """The last day of the years that are known without a gap from the year of ``day`` on; the end of the year
        before when that year is not known."""
        year = day.year
        while self.knows(year):
            year += 1
        return date(year - 1, 12, 31)

    def version(self, year: int) -> str:
        """What the year's days are counted by: an imported notice, the package with its version, or a provisional
        year."""
        if year in self._imported:
            return self._imported[year].version
        return _package() if _shipped(year) else f"{PROVISIONAL}-{year}"

    def is_working_day(self, day: date) -> bool:
        """Whether ``day`` is a working day in China, as far as is known.

        >>> at = Calendar().is_working_day
        >>> at(date(2022, 1, 29)), at(date(2022, 1, 31))  # a make-up Saturday; Spring Festival
        (True, False)
        """
        if (named := self._named.get(day)) is not None:
            return named
        if day.year not in self._imported and _shipped(day.year):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5 and (day.year in self._imported or day not in _statutory(day.year))

    def add(self, start: date, days: int, starting_day_counts: bool = False) -> Counted:
        """The last day of a limit of ``days`` working days that starts on ``start``. The day of the start does not
        count, unless ``starting_day_counts``.

        >>> Calendar().add(date(2022, 1, 28), 3).day
        datetime.date(2022, 2, 7)
        """
        day = start - timedelta(days=1) if starting_day_counts else start
        years, left = [start.year], days
        while left > 0:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
            if day.year != years[-1]:
                years.append(day.year)
        versions = dict.fromkeys(map(self.version, years))
        return Counted(day, not all(map(self.knows, years)), "+".join(versions))

    def working_days(self, start: date, end: date, starting_day_counts: bool = False) -> list[date]:
        """The working days after ``start`` (or from it on, with ``starting_day_counts``) up to ``end``.

        >>> [day.day for day in Calendar().working_days(date(2022, 1, 28), date(2022, 2, 7))]  # 29: a make-up Saturday
        [29, 30, 7]
        """
        first = start if starting_day_counts else start + timedelta(days=1)
        days = (first + timedelta(days=n) for n in range((end - first).days + 1))
        return [day for day in days if self.is_working_day(day)]

    def between(self, start: date, end: date, starting_day_counts: bool = False) -> int:
        """How many ``working_days`` these are."""
        return len(self.working_days(start, end, starting_day_counts))

    def changed(self, other: "Calendar", first: date, last: date) -> tuple[date, date] | None:
        """The first and the last day from ``first`` to ``last`` whose work, or whose knowledge, differs in ``other``;
        ``None`` when none does."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        found = [
            day
            for day in days
            if self.knows(day.year) != other.knows(day.year) or self.is_working_day(day) != other.is_working_day(day)
        ]
        return (found[0], found[-1]) if found else None


def china_day(moment: datetime) -> date:
    """The date in China at an aware moment.

    >>> from datetime import UTC
    >>> china_day(datetime(2022, 1, 4, 16, 0, tzinfo=UTC))
    datetime.date(2022, 1, 5)
    """
    return moment.astimezone(CHINA).date()


def day_of(at_ms: int) -> date:
    """The date in China at a moment in ms since the epoch.

    >>> day_of(1_640_995_200_000)
    datetime.date(2022, 1, 1)
    """
    return china_day(datetime.fromtimestamp(at_ms / 1000, UTC))


@cache
def _package() -> str:
    return f"{PACKAGE}-{metadata.version(PACKAGE)}"


@cache
def _shipped(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


@cache
def _statutory(year: int) -> frozenset[date]:
    """The days off that the law gives in a year. After the last year of the table, only those with a fixed day."""
    read = tomllib.loads(resources.files("hub.cases").joinpath("holidays.toml").read_text("utf-8"))
    days = (*read["fixed"], *read["by_year"].get(str(year), ()))
    return frozenset(date.fromisoformat(f"{year}-{day}") for day in days)

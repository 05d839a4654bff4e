"""For each kind of customer a history that just meets every limit, written by hand from the notices of the State
Council, and the day after each limit. ``python -m tests.limits`` prints their clocks under the tables of 2021 and 2022.
"""

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import NamedTuple

from hub.cases import clocks, policy
from hub.cases.calendar import Calendar, Edition
from hub.cases.clocks import Clock
from hub.cases.imports.notice import read
from hub.cases.policies.model import Policy
from hub.cases.steps.explained import explained
from hub.cases.steps.facts import (
    ACCEPTANCE,
    COMPLETION,
    DESIGN_REVIEW,
    MID_INSPECTION,
    SUPPLY_PLAN,
    Action,
    Fact,
    Kind,
)
from hub.cases.steps.judge import History, judge
from hub.cli.shown import clock as _clock
from hub.cli.shown.console import console
from hub.clock import CHINA

NOTICE_2027 = """# A notice as it may be.
year = 2027
source = "国务院办公厅关于2027年部分节假日安排的通知"
days_off = ["2027-01-01/2027-01-05", "2027-02-05/2027-02-12", "2027-04-03/2027-04-05", "2027-05-01/2027-05-05",
            "2027-06-09", "2027-09-15", "2027-10-01/2027-10-07"]
make_up_days = ["2027-02-14", "2027-02-20", "2027-05-08", "2027-09-26", "2027-10-09"]
"""


class Limited(NamedTuple):
    """One segment: the day of the customer's request ("": it follows the one before), the last day of its limit, and
    the working day after that."""

    segment: str
    requested: str
    last: str
    after: str


class Example(NamedTuple):
    """A case of one kind: the last days of its segments, or with one entry of the whole process. ``provisional``: the
    last day of its last limit as long as the notice of 2027 is not known; "" where it does not reach into 2027.
    ``works``: works outside the site are needed, under a table that tells them apart (``WORKS``)."""

    name: str
    kind: Kind
    submitted: str
    limits: tuple[Limited, ...]
    total: int
    provisional: str = ""
    works: bool = False


RESIDENT = Example(  # 春节: off 31 January to 6 February; work on Saturday 29 and Sunday 30 January
    "resident",
    Kind("low-resident", False),
    "2022-01-28",
    (Limited(COMPLETION, "", "2022-02-07", "2022-02-08"),),
    3,
)
SANLING = Example(  # 国庆节: off 1 to 7 October; work on Saturday 8 and Sunday 9 October
    "三零",
    Kind("low-sanling", False),
    "2022-09-29",
    (Limited(COMPLETION, "", "2022-10-13", "2022-10-14"),),
    7,
)
OTHER = Example(  # 清明节: off 3 to 5 April, work on Saturday 2; 劳动节: off 30 April to 4 May, work on Saturday 7 May
    "low voltage, other",
    Kind("low-other", False),
    "2022-04-01",
    (
        Limited(ACCEPTANCE, "", "2022-04-02", "2022-04-06"),
        Limited(SUPPLY_PLAN, "", "2022-04-07", "2022-04-08"),
        Limited(COMPLETION, "2022-04-29", "2022-05-06", "2022-05-07"),
    ),
    5,
)
SINGLE = Example(  # 中秋节: off 10 to 12 September
    "high voltage, single source",
    Kind("high-single", False),
    "2022-09-08",
    (
        Limited(ACCEPTANCE, "", "2022-09-09", "2022-09-13"),
        Limited(SUPPLY_PLAN, "", "2022-09-26", "2022-09-27"),
        Limited(COMPLETION, "2022-09-30", "2022-10-13", "2022-10-14"),
    ),
    17,
)
SINGLE_STARRED = Example(
    "high voltage, single source, starred",
    Kind("high-single", True),
    "2022-09-08",
    (
        Limited(ACCEPTANCE, "", "2022-09-09", "2022-09-13"),
        Limited(SUPPLY_PLAN, "", "2022-09-26", "2022-09-27"),
        Limited(DESIGN_REVIEW, "2022-09-28", "2022-10-08", "2022-10-09"),
        Limited(MID_INSPECTION, "2022-10-10", "2022-10-12", "2022-10-13"),
        Limited(COMPLETION, "2022-10-17", "2022-10-25", "2022-10-26"),
    ),
    22,
)
DUAL = Example(
    "high voltage, dual source",
    Kind("high-dual", False),
    "2022-09-08",
    (
        Limited(ACCEPTANCE, "", "2022-09-09", "2022-09-13"),
        Limited(SUPPLY_PLAN, "", "2022-10-11", "2022-10-12"),
        Limited(COMPLETION, "2022-10-17", "2022-10-25", "2022-10-26"),
    ),
    25,
)
DUAL_STARRED = (
    Example(  # into 2027, whose notice comes later: off 1 to 5 January and 5 to 12 February, work on 14 February
        "high voltage, dual source, starred, into a year whose notice comes later",
        Kind("high-dual", True),
        "2026-11-27",
        (
            Limited(ACCEPTANCE, "", "2026-11-30", "2026-12-01"),
            Limited(SUPPLY_PLAN, "", "2026-12-24", "2026-12-25"),
            Limited(DESIGN_REVIEW, "2026-12-28", "2026-12-31", "2027-01-06"),
            Limited(MID_INSPECTION, "2027-01-07", "2027-01-11", "2027-01-12"),
            Limited(COMPLETION, "2027-02-01", "2027-02-16", "2027-02-17"),
        ),
        30,
        "2027-02-11",
    )
)
# Into 2027: until the notice comes, 1 January and 5 to 8 February are off by law, and no weekend is worked.
RESIDENT_INTO = Example(
    "resident, into 2027",
    Kind("low-resident", False),
    "2026-12-30",
    (Limited(COMPLETION, "", "2027-01-07", "2027-01-08"),),
    3,
    "2027-01-05",
)
SANLING_INTO = Example(
    "三零, into 2027",
    Kind("low-sanling", False),
    "2026-12-28",
    (Limited(COMPLETION, "", "2027-01-11", "2027-01-12"),),
    7,
    "2027-01-07",
)
OTHER_INTO = Example(  # its last day is the make-up Sunday after 春节
    "low voltage, other, into 2027",
    Kind("low-other", False),
    "2026-12-29",
    (
        Limited(ACCEPTANCE, "", "2026-12-30", "2026-12-31"),
        Limited(SUPPLY_PLAN, "", "2027-01-06", "2027-01-07"),
        Limited(COMPLETION, "2027-02-03", "2027-02-14", "2027-02-15"),
    ),
    5,
    "2027-02-09",
)
_SINGLE_BEGINS = (
    Limited(ACCEPTANCE, "", "2026-12-18", "2026-12-21"),
    Limited(SUPPLY_PLAN, "", "2027-01-06", "2027-01-07"),
)
_REVIEWS = (
    Limited(DESIGN_REVIEW, "2027-01-08", "2027-01-13", "2027-01-14"),
    Limited(MID_INSPECTION, "2027-01-15", "2027-01-19", "2027-01-20"),
)
_COMPLETION_INTO = Limited(COMPLETION, "2027-02-02", "2027-02-17", "2027-02-18")
SINGLE_INTO = Example(
    "high voltage, single source, into 2027",
    Kind("high-single", False),
    "2026-12-17",
    (*_SINGLE_BEGINS, _COMPLETION_INTO),
    17,
    "2027-02-12",
)
SINGLE_STARRED_INTO = Example(
    "high voltage, single source, starred, into 2027",
    Kind("high-single", True),
    "2026-12-17",
    (*_SINGLE_BEGINS, *_REVIEWS, _COMPLETION_INTO),
    22,
    "2027-02-12",
)
DUAL_INTO = Example(
    "high voltage, dual source, into 2027",
    Kind("high-dual", False),
    "2026-12-07",
    (
        Limited(ACCEPTANCE, "", "2026-12-08", "2026-12-09"),
        Limited(SUPPLY_PLAN, "", "2027-01-06", "2027-01-07"),
        _COMPLETION_INTO,
    ),
    25,
    "2027-02-12",
)
OTHER_WORKS = OTHER_INTO._replace(
    name="low voltage, other, with works outside the site, into 2027",
    limits=(*OTHER_INTO.limits[:2], Limited(COMPLETION, "2027-02-03", "2027-02-18", "2027-02-19")),
    total=9,
    provisional="2027-02-15",
    works=True,
)
STARRED_WORKS = SINGLE_STARRED_INTO._replace(  # the day after its last one is the make-up Saturday
    name="high voltage, single source, starred, with works outside the site, into 2027",
    limits=(*SINGLE_STARRED_INTO.limits[:4], Limited(COMPLETION, "2027-02-02", "2027-02-19", "2027-02-20")),
    total=24,
    provisional="2027-02-16",
    works=True,
)
INTO = (
    *(RESIDENT_INTO, SANLING_INTO, OTHER_INTO, SINGLE_INTO, SINGLE_STARRED_INTO, DUAL_INTO, DUAL_STARRED),
    *(OTHER_WORKS, STARRED_WORKS),
)
EXAMPLES = (RESIDENT, SANLING, OTHER, SINGLE, SINGLE_STARRED, DUAL, *INTO)
WORKS = {"low-other": (6, 9, None), "high-single": (8, 19, 24)}
"""Row → completion, total and starred total with works outside the site. The figures are the tests' own: no table that
is in force tells them apart."""
LONG_AFTER = date(2027, 3, 31)
VERSIONS = ("tianjin-2021", "tianjin-2022")


def later_calendar() -> Calendar:
    """The calendar after the notice of 2027 was imported."""
    found = read(NOTICE_2027.encode())
    return Calendar((Edition(1, found.version, found.year, found.days),))


def ms(day: str, hour: int) -> int:
    """An hour of a day in China."""
    return (
        int(datetime.combine(date.fromisoformat(day), datetime.min.time(), CHINA).timestamp() * 1000) + hour * 3_600_000
    )


def facts(one: Example, late: int | None = None) -> list[Fact]:
    """What the utility reports: each limit is met on its last day, but the one with the number ``late`` on the working
    day after."""
    return [fact for n, limit in enumerate(one.limits) for fact in _of_limit(one, limit, n == late)]


def _of_limit(one: Example, limit: Limited, late: bool) -> Iterator[Fact]:
    if len(one.limits) == 1:  # the whole process: acceptance has no limit of its own
        yield _fact(ACCEPTANCE, Action.END, one.submitted, 11)
    if limit.requested:
        yield _fact(limit.segment, Action.START, limit.requested, 9)
    yield _fact(limit.segment, Action.END, limit.after if late else limit.last, 17)


def _fact(segment: str, action: Action, day: str, hour: int) -> Fact:
    name, at_ms = f"{segment}/{action}".encode(), ms(day, hour)
    return Fact(name, name, segment, action, at_ms, at_ms)


@cache
def table(version: str, works: bool = False) -> Policy:
    """A table, as it is with or without works outside the site; that of 2022 tells them apart here."""
    known = policy.by_version(version)
    return _telling_apart(known).where(True) if works and not known.totals_only else known


def _telling_apart(known: Policy) -> Policy:
    document = known.model_dump(by_alias=True, exclude_none=True)
    for name, (completion, total, total_starred) in WORKS.items():
        row = document["case"][name]
        segments = [one | ({"days": completion} if one["name"] == COMPLETION else {}) for one in row["segments"]]
        row["with_works"] = {"segments": segments, "total": total}
        row["with_works"] |= {"total_starred": total_starred} if total_starred else {}
    return Policy.model_validate(document)


def history(one: Example, version: str, late: int | None = None) -> History:
    """What counts of the example under a table."""
    return judge(facts(one, late), ms(one.submitted, 9), one.kind, clocks.timed(table(version, one.works)))


def clock(one: Example, version: str, calendar: Calendar, late: int | None = None) -> Clock:
    """Its clocks under a table, long after its end."""
    return clocks.clock(history(one, version, late), table(version, one.works), calendar, LONG_AFTER)


def main() -> None:
    """Print every example, just met and a day late, under both tables."""
    out, calendar = console(), later_calendar()
    for one in EXAMPLES:
        for late in (None, *range(len(one.limits))):
            said = "every limit is just met" if late is None else f"{one.limits[late].segment} a day late"
            for version in VERSIONS:
                out.rule(f"{one.name}: {said} ({version})")
                found = clock(one, version, calendar, late)
                _clock.show(explained(found, history(one, version, late), calendar), out)


if __name__ == "__main__":
    main()

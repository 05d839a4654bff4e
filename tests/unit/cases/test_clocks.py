"""The clocks of a case: P4, times are what really happened, and nothing is subtracted but what the policy excludes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cases import clocks, policy
from hub.cases.calendar import Calendar, Edition
from hub.cases.clocks import Clock, KindClock, Span
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
from hub.cases.steps.judge import judge
from hub.clock import CHINA
from tests import limits

POLICY = policy.by_version("tianjin-2022")
SINGLE, STARRED = Kind("high-single", False), Kind("high-single", True)
SANLING, OTHER = Kind("low-sanling", False), Kind("low-other", False)
START, END, RETURN = Action.START, Action.END, Action.RETURN
SUBMITTED = "2022-03-01"


def ms(day: str, hour: int = 10) -> int:
    """A moment of a day in China."""
    year, month, number = map(int, day.split("-"))
    return int(datetime(year, month, number, hour, tzinfo=CHINA).timestamp() * 1000)


def fact(segment: str, action: Action, day: str, **more: object) -> Fact:
    """An event at ten o'clock, received at once; its id is its segment, action and day."""
    name = f"{segment} {action} {day}".encode()
    at_ms = ms(day)
    return Fact(name, name, segment, action, at_ms, at_ms, **more)  # type: ignore[arg-type]


def told(kind: Kind, today: str, *facts: Fact, submitted: str = SUBMITTED) -> Clock:
    """The clocks of a case under the table of 2022."""
    history = judge(facts, ms(submitted, 9), kind, clocks.timed(POLICY))
    return clocks.clock(history, POLICY, Calendar(), date.fromisoformat(today))


ACCEPTED = fact(ACCEPTANCE, END, "2022-03-02")
PLANNED = fact(SUPPLY_PLAN, END, "2022-03-16")


def test_a_segment_that_just_meets_its_limit_and_one_a_day_late() -> None:
    now = told(SINGLE, "2022-04-01", ACCEPTED, PLANNED).now
    assert [(line.segment, line.span.used, line.span.limit, line.span.over) for line in now.lines] == [
        (ACCEPTANCE, 1, 1, 0),
        (SUPPLY_PLAN, 10, 10, 0),
    ]
    late = told(SINGLE, "2022-04-01", ACCEPTED, fact(SUPPLY_PLAN, END, "2022-03-17")).now
    assert (late.lines[1].span.over, late.over) == (1, True)


def test_p4_the_customers_own_time_is_in_no_segment_and_in_no_total() -> None:
    facts = ACCEPTED, PLANNED, fact(COMPLETION, START, "2022-08-01"), fact(COMPLETION, END, "2022-08-09")
    now = told(SINGLE, "2022-09-01", *facts).now
    assert now.total is not None
    assert (now.total.used, now.total.limit, now.over) == (17, 17, False)
    assert now.whole.limit is None
    assert now.whole.used > 100


def test_a_segment_over_its_limit_is_reported_though_the_total_holds() -> None:
    facts = ACCEPTED, fact(SUPPLY_PLAN, END, "2022-03-17"), fact(COMPLETION, START, "2022-04-01")
    now = told(SINGLE, "2022-05-01", *facts, fact(COMPLETION, END, "2022-04-07")).now
    assert now.total is not None
    assert (now.total.over, now.over) == (0, True)


def test_the_total_over_its_limit_is_reported_though_each_segment_holds() -> None:
    returned = [
        fact(DESIGN_REVIEW, action, f"2022-03-{day}")
        for day, action in (("18", START), ("22", RETURN), ("23", START), ("25", RETURN), ("28", START), ("31", END))
    ]
    rest = fact(MID_INSPECTION, START, "2022-05-05"), fact(MID_INSPECTION, END, "2022-05-07")
    done = fact(COMPLETION, START, "2022-06-06"), fact(COMPLETION, END, "2022-06-14")
    now = told(STARRED, "2022-07-01", ACCEPTED, PLANNED, *returned, *rest, *done).now
    assert [line.nth for line in now.lines if line.segment == DESIGN_REVIEW] == [1, 2, 3]
    assert [line.span.over for line in now.lines] == [0] * 7
    assert now.total is not None
    assert (now.total.used, now.total.over, now.over) == (26, 4, True)


def test_p4_a_claimed_pause_is_shown_and_subtracted_nowhere() -> None:
    pause = fact("", Action.CORRECTION_START, "2022-03-03"), fact("", Action.CORRECTION_END, "2022-03-09")
    found = told(SANLING, "2022-03-11", ACCEPTED, *pause)
    assert [(one.action, one.days, len(one.events)) for one in found.pauses] == [(Action.CORRECTION_START, 4, 2)]
    assert (found.now.whole.used, found.now.whole.over) == (8, 1)


def test_a_pause_that_ends_when_the_next_one_begins_and_one_of_one_moment() -> None:
    def days(*told_of: tuple[Action, str]) -> list[tuple[int, int | None]]:
        found = told(SANLING, "2022-03-11", ACCEPTED, *(fact("", action, day) for action, day in told_of))
        return [(one.from_on.day, one.to_on.day if one.to_on else None) for one in found.pauses]

    start, end = Action.CORRECTION_START, Action.CORRECTION_END
    assert days((end, "2022-03-07"), (start, "2022-03-07"), (start, "2022-03-03"), (end, "2022-03-09")) == [
        (3, 7),
        (7, 9),
    ]
    assert days((end, "2022-03-07"), (start, "2022-03-07")) == [(7, 7)]


def test_p4_work_on_a_day_off_counts_as_the_day_it_was_done_and_adds_no_working_day() -> None:
    saturday = told(SINGLE, "2022-04-01", ACCEPTED, fact(SUPPLY_PLAN, END, "2022-03-12")).now.lines[1]
    assert (saturday.span.closed_on, saturday.span.used) == (date(2022, 3, 12), 7)
    opened = told(OTHER, "2022-03-15", submitted="2022-03-12").now.lines[0]
    assert (opened.span.used, opened.span.due_on) == (2, date(2022, 3, 14))


def test_p4_a_notice_that_is_imported_later_changes_no_segment_that_was_closed() -> None:
    """An overrun stays one; what runs, and what was counted by weekends only, is counted by the notice."""
    facts = ACCEPTED, fact(SUPPLY_PLAN, END, "2022-03-17")
    off = {date(2022, 3, day): False for day in range(3, 18)}
    later = Edition(1, "notice", 2022, off, ms("2022-03-20"))
    history = judge(facts, ms(SUBMITTED, 9), SINGLE, clocks.timed(POLICY))
    found = clocks.clock(history, POLICY, Calendar((later,)), date(2022, 4, 1)).now
    assert (found.lines[1].span.over, found.lines[1].span.edition, found.over) == (1, 0, True)
    at_once = later._replace(imported_ms=ms("2022-03-01"))
    assert clocks.clock(history, POLICY, Calendar((at_once,)), date(2022, 4, 1)).now.lines[1].span.used == 0
    runs = judge(facts[:1], ms(SUBMITTED, 9), SINGLE, clocks.timed(POLICY))
    assert clocks.clock(runs, POLICY, Calendar((later,)), date(2022, 3, 21)).now.lines[1].span.used == 2


def test_what_was_provisional_when_it_closed_is_counted_by_the_first_notice_of_its_year() -> None:
    far = date(2040, 3, 5)
    notices = [Edition(n, f"n{n}", 2040, {far: n == 2}, n * 1_000) for n in (1, 2)]
    calendar = Calendar(tuple(notices))
    assert [calendar.when_known(at_ms, far, far).number for at_ms in (0, 1_000, 2_000)] == [1, 1, 2]
    assert Calendar().when_known(0, far, far) == Calendar()
    assert [calendar.numbered(n).is_working_day(far) for n in (0, 1, 2)] == [True, False, True]


def test_both_kinds_of_a_case_keep_their_clock() -> None:
    change = fact("", Action.CHANGE, "2022-03-10", explained=True, approved=True, becomes=OTHER)
    found = told(SANLING, "2022-03-17", ACCEPTED, change)
    assert [one.kind for one in found.kinds] == [SANLING, OTHER]
    assert (found.kinds[0].whole.limit, found.kinds[0].whole.over, found.over) == (7, 5, True)


def test_the_running_segment_and_the_total_say_what_is_left() -> None:
    now = told(SINGLE, "2022-03-09", ACCEPTED).now
    assert now.running is not None
    assert now.total is not None
    assert (now.running.segment, now.running.span.left, now.total.left) == (SUPPLY_PLAN, 5, 11)
    assert (now.running.span.due_on, now.total.due_on) == (date(2022, 3, 16), date(2022, 3, 24))


def test_work_that_begins_late_is_shown() -> None:
    line = told(SINGLE, "2022-03-09", ACCEPTED, fact(SUPPLY_PLAN, START, "2022-03-08")).now.lines[1]
    assert (line.span.opened_on, line.started_on, line.waited) == (date(2022, 3, 2), date(2022, 3, 8), 4)


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        (SINGLE, (), (None, ACCEPTANCE, date(2022, 3, 2), date(2022, 3, 2))),
        (SINGLE, (ACCEPTED,), (None, SUPPLY_PLAN, date(2022, 3, 16), date(2022, 3, 16))),
        (SINGLE, (ACCEPTED, PLANNED), (None, "", None, date(2022, 3, 16))),
        (SANLING, (ACCEPTED,), (date(2022, 3, 10), "", None, date(2022, 3, 10))),
    ],
)
def test_the_dates_that_are_told_are_those_of_what_runs(
    kind: Kind, facts: tuple[Fact, ...], expected: tuple[object, ...]
) -> None:
    assert clocks.dates(told(kind, "2022-03-17", *facts))[:4] == expected


@pytest.mark.parametrize("kind", [SINGLE, STARRED, SANLING, OTHER, Kind("low-resident", False)])
def test_the_dates_at_submission_are_those_of_the_table(kind: Kind) -> None:
    at_once = POLICY.dates(kind.case_type, kind.starred, date(2022, 3, 1), Calendar())
    assert clocks.dates(told(kind, SUBMITTED))[:7] == at_once[:7]


STEPS = (
    *((END, ACCEPTANCE), (END, SUPPLY_PLAN), (START, DESIGN_REVIEW), (RETURN, DESIGN_REVIEW), (START, DESIGN_REVIEW)),
    *((END, DESIGN_REVIEW), (END, MID_INSPECTION), (START, COMPLETION), (END, COMPLETION)),
)
"""What a starred case goes through; of what a kind has not, or passes over, the rest counts."""
KINDS = SINGLE, STARRED, SANLING, OTHER, Kind("low-resident", False), Kind("high-dual", True)
DAYS_OFF = st.one_of(
    st.dates(date(2022, 1, 20), date(2022, 2, 10)),  # 春节, with make-up days before it
    st.dates(date(2022, 9, 20), date(2022, 10, 12)),  # 国庆节, with make-up days after it
    st.dates(date(2026, 12, 10), date(2027, 2, 20)),  # into a year whose notice is known to one calendar only
)
MORE = st.sampled_from(
    [
        *((Action.CHANGE, ""), (Action.TERMINATE, ""), (Action.NOT_ACCEPTED, "")),
        *((Action.CORRECTION_START, ""), (Action.CORRECTION_END, ""), (Action.SPECIAL_START, "")),
        *((Action.REQUEST, COMPLETION), (RETURN, COMPLETION)),
    ]
)
HAPPENS = st.tuples(st.one_of(st.none(), st.none(), st.none(), MORE), st.integers(0, 9), st.sampled_from(KINDS))
"""What happens: the next one of ``STEPS``, or something else; how many days later; and what a change says that it
becomes."""


def that_happen(submitted: date, happens: list[tuple[tuple[Action, str], int, Kind]]) -> Iterator[Fact]:
    """Facts in their order, each so many days after the one before it."""
    day = submitted
    for n, ((action, segment), later, kind) in enumerate(happens):
        day += timedelta(days=later)
        at_ms, name = ms(day.isoformat()) + n, bytes([n])
        more = {"explained": True, "approved": True, "becomes": kind, "requested_ms": at_ms}
        yield Fact(name * 16, name, segment, action, at_ms, at_ms, **more)  # type: ignore[arg-type]


def passes(one: KindClock, other: KindClock, works: bool, ended: bool) -> None:
    """``other`` is ``one`` a day later. ``works``: whether that day is a working day."""
    for before, after in zip(one.lines, other.lines, strict=True):
        assert replace(before, span=after.span) == after, "who opened and closed it, and when"
        runs(before.span, after.span, works and before.span.closed_on is None)
        assert before.span == after.span or before.span.closed_on is None
    runs(one.whole, other.whole, works and not ended)
    assert (one.total is None) == (other.total is None)
    if one.total and other.total:
        runs(one.total, other.total, works and one.running is not None and one.running.timed)


def runs(before: Span, after: Span, counts: bool) -> None:
    """It has used a day more where that counts. A year without a notice may be reached; no day of it changes."""
    assert after.used == before.used + counts
    assert (after.left or 0) <= (before.left or 0)
    assert after.over >= before.over
    assert after == replace(before, used=after.used, provisional=after.provisional, calendar=after.calendar)


@settings(max_examples=150)
@given(
    DAYS_OFF,
    st.sampled_from(KINDS),
    st.sampled_from(limits.VERSIONS),
    st.sampled_from([Calendar(), limits.later_calendar()]),
    st.integers(0, 14).flatmap(lambda n: st.lists(HAPPENS, min_size=n, max_size=n)),
    st.integers(0, 40),
)
def test_p4_a_day_that_passes_takes_from_what_is_left_and_changes_nothing_else(
    submitted: date, kind: Kind, version: str, calendar: Calendar,
    told_of: list[tuple[tuple[Action, str] | None, int, Kind]], later: int,
) -> None:  # fmt: skip
    """For any history, and each day after it: what runs has used one working day more, or none on a day off; what is
    closed, and every last day, stays; over is never undone."""
    steps = iter(STEPS)
    happens = [(other or next(steps, STEPS[-1]), days, becomes) for other, days, becomes in told_of]
    facts = list(that_happen(submitted, happens))
    table = policy.by_version(version)
    history = judge(facts, ms(submitted.isoformat(), 9), kind, clocks.timed(table))
    day = submitted + timedelta(days=sum(days for _, days, _ in happens) + later)
    now, then = (clocks.clock(history, table, calendar, one) for one in (day, day + timedelta(days=1)))
    works = calendar.is_working_day(day + timedelta(days=1))
    assert clocks.dates(now)[:3] == clocks.dates(then)[:3]
    for before, after in zip(now.kinds, then.kinds, strict=True):
        passes(before, after, works, now.ended is not None)
    assert [one._replace(days=0) for one in now.pauses] == [one._replace(days=0) for one in then.pauses]
    assert all(0 <= b.days - a.days <= works for a, b in zip(now.pauses, then.pauses, strict=True))
    if now.ended:
        assert now == replace(then, today=day)

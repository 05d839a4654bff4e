"""Every limit of the policy, just met and a day late, over holidays with make-up days, and into a year whose notice
comes later: P4. The days are written by hand in ``tests.limits``."""

from collections.abc import Iterator
from datetime import date

import pytest
from rich.console import Console

from hub.cases import clocks, policy
from hub.cases.calendar import Calendar
from hub.cases.clocks import Clock, Line
from hub.cases.steps.explained import explained
from hub.cli.shown import clock as _clock
from tests import limits
from tests.limits import EXAMPLES, INTO, OTHER, RESIDENT, SINGLE, SUPPLY_PLAN, WORKS, Example

ONE_YEAR_TOTALS, TABLE = limits.VERSIONS
EACH = pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.name)


def lates() -> Iterator[tuple[Example, int]]:
    for one in EXAMPLES:
        yield from ((one, late) for late in range(len(one.limits)))


LATE = pytest.mark.parametrize(("one", "late"), list(lates()), ids=lambda value: getattr(value, "name", str(value)))


def limited(found: Clock) -> list[Line]:
    return [line for line in found.now.lines if line.span.limit is not None]


@EACH
def test_p4_a_history_that_just_meets_every_limit_uses_all_of_it(one: Example) -> None:
    found = limits.clock(one, TABLE, limits.later_calendar())
    assert [line.span.used for line in limited(found)] == [line.span.limit for line in limited(found)]
    assert [line.span.due_on for line in limited(found)] == [
        date.fromisoformat(limit.last) for limit in one.limits if found.now.total
    ]
    assert (found.now.limited.used, found.now.limited.limit, found.over) == (one.total, one.total, False)
    assert found.now.limited.provisional is False


@LATE
def test_p4_one_working_day_later_is_over_and_only_there(one: Example, late: int) -> None:
    found = limits.clock(one, TABLE, limits.later_calendar(), late)
    assert found.over
    if found.now.total is None:
        assert found.now.whole.over == 1
    else:
        assert [line.span.over for line in limited(found)] == [int(n == late) for n in range(len(one.limits))]


@LATE
def test_under_the_totals_of_2021_no_segment_has_a_limit(one: Example, late: int) -> None:
    before, after = (limits.clock(one, version, limits.later_calendar(), late) for version in limits.VERSIONS)
    assert limited(before) == []
    assert [line.span.used for line in before.now.lines] == [line.span.used for line in after.now.lines]
    assert before.now.limited.limit == policy.by_version(ONE_YEAR_TOTALS).cases[one.kind.case_type].total(False)
    assert before.over == (before.now.limited.used > (before.now.limited.limit or 0))


def test_the_same_late_answer_is_over_by_2022_and_within_the_total_of_2021() -> None:
    plan = next(n for n, limit in enumerate(SINGLE.limits) if limit.segment == SUPPLY_PLAN)
    before, after = (limits.clock(SINGLE, version, Calendar(), plan) for version in limits.VERSIONS)
    assert (before.over, before.now.limited.left) == (False, 4)
    assert (after.over, after.now.limited.over) == (True, 1)


def test_an_over_long_segment_is_reported_though_the_total_holds() -> None:
    found = limits.clock(OTHER, TABLE, Calendar(), 0)
    assert (found.now.lines[0].span.over, found.now.limited.over, found.over) == (1, 0, True)


@pytest.mark.parametrize("one", INTO, ids=lambda one: one.name)
def test_p4_days_of_a_year_without_its_notice_are_provisional_and_become_final_when_it_comes(one: Example) -> None:
    before, after = (limits.clock(one, TABLE, calendar) for calendar in (Calendar(), limits.later_calendar()))
    last = [found.now.lines[-1].span if found.now.total else found.now.whole for found in (before, after)]
    assert [(span.due_on, span.provisional) for span in last] == [
        (date.fromisoformat(one.provisional), True),
        (date.fromisoformat(one.limits[-1].last), False),
    ]
    assert (before.over, after.over) == (True, False)
    assert ["provisional" in span.calendar for span in last] == [True, False]
    assert not any(line.span.provisional for line in after.now.lines)


def test_every_kind_reaches_into_the_year_whose_notice_comes_later() -> None:
    kinds = {one.kind for one in EXAMPLES}
    assert {one.kind for one in INTO} == kinds
    assert {one.works for one in INTO if one.kind.case_type in WORKS} == {False, True}


@EACH
def test_the_national_ceiling_stands_beside_the_limit(one: Example) -> None:
    ceiling = limits.clock(one, TABLE, Calendar()).now.row.ceiling(date.fromisoformat(one.submitted))
    national = {"low-sanling": 15, "low-other": 5, "high-single": 22, "high-dual": 32}
    assert (ceiling and ceiling.days) == national.get(one.kind.case_type)


def test_every_line_says_how_it_was_counted(capsys: pytest.CaptureFixture[str]) -> None:
    calendar = Calendar()
    shown = explained(limits.clock(OTHER, TABLE, calendar), limits.history(OTHER, TABLE), calendar, "LOW")
    (kind,) = shown["kinds"]
    acceptance, plan, completion = kind["lines"]
    assert (acceptance["counted"], acceptance["make_up"]) == (["2022-04-02"], ["2022-04-02"])
    assert (plan["opened_by"], plan["counted"], plan["days_off"]) == (
        "step-before",
        ["2022-04-06", "2022-04-07"],
        ["2022-04-04", "2022-04-05"],
    )
    assert (completion["opened_by"], completion["opened"]["action"], completion["clause"]) == (
        "start",
        "START",
        "津工信电力〔2021〕8号 附件2",
    )
    assert [part["working_days"] for part in kind["total"]["sum_of"]] == [1, 2, 2]
    assert kind["average"]["days"] == 3
    _clock.show(shown, Console(width=400))
    printed = capsys.readouterr().out
    assert "04-02班 (1)" in printed
    assert "休 04-04" in printed


def test_p4_the_whole_process_of_a_resident_never_pauses() -> None:
    found = limits.clock(RESIDENT, TABLE, Calendar())
    assert (found.now.total, found.now.whole.used) == (None, 3)
    assert clocks.dates(found).due_on == date(2022, 2, 7)


@pytest.mark.parametrize("version", limits.VERSIONS)
def test_a_table_is_in_force_for_every_example(version: str) -> None:
    assert {one.kind.case_type for one in EXAMPLES} == set(policy.by_version(version).cases)

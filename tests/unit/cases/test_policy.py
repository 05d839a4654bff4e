"""The policy's table (annex 2 of 津工信电力〔2021〕8号) and working days: P4, times are what the policy says."""

from datetime import UTC, date, datetime

import pytest

from hub.cases import policy as limits
from hub.cases.calendar import Calendar, china_day
from hub.errors import Misconfigured

POLICY = limits.in_force(date(2026, 6, 1))


@pytest.mark.parametrize(
    ("case", "starred", "total"),
    [
        ("low-other", False, 5),
        ("high-single", False, 17),
        ("high-single", True, 22),
        ("high-dual", False, 25),
        ("high-dual", True, 30),
        ("low-resident", False, 3),
        ("low-sanling", False, 7),
    ],
)
def test_the_totals_are_those_of_annex_2(case: str, starred: bool, total: int) -> None:
    assert POLICY.cases[case].total(starred) == total


def test_low_voltage_has_two_customer_steps_and_three_timed_segments() -> None:
    case = POLICY.cases["low-other"]
    assert len(case.steps) == 2
    assert [segment.days for segment in case.timed(False)] == [1, 2, 2]


def test_p6_the_only_materials_are_those_of_section_5() -> None:
    assert POLICY.cases["low-other"].materials == ("identity", "property")
    assert POLICY.cases["high-dual"].materials == ("identity", "property", "project")


def test_the_starting_day_does_not_count_and_make_up_saturdays_do() -> None:
    assert Calendar().add(date(2022, 4, 1), 1).day == date(2022, 4, 2)
    assert POLICY.dates("low-resident", False, date(2022, 4, 1), Calendar()).due_on == date(2022, 4, 7)


@pytest.mark.parametrize("case", ["low-other", "high-single", "high-dual"])
@pytest.mark.parametrize("starred", [False, True])
def test_p4_a_date_for_the_whole_is_promised_only_where_the_policy_sets_one(case: str, starred: bool) -> None:
    dates = POLICY.dates(case, starred, date(2026, 3, 2), Calendar())
    assert (dates.due_on, dates.segment, dates.segment_due_on) == (None, "acceptance", date(2026, 3, 3))


def test_the_running_segment_takes_no_more_than_its_limit_from_the_total() -> None:
    begun = date(2026, 3, 2)
    left = [POLICY.days_left("high-dual", True, begun, date(2026, 3, day), Calendar()) for day in (2, 3, 4, 20)]
    assert left == [30, 29, 29, 29]
    whole = [POLICY.days_left("low-sanling", False, begun, date(2026, 3, day), Calendar()) for day in (2, 3, 4, 20)]
    assert whole == [7, 6, 5, 0]


def test_the_day_is_chinas() -> None:
    assert china_day(datetime(2026, 3, 1, 17, 0, tzinfo=UTC)) == date(2026, 3, 2)


def test_no_table_before_the_policy() -> None:
    with pytest.raises(Misconfigured):
        limits.in_force(date(2020, 1, 1))
    with pytest.raises(Misconfigured):
        limits.by_version("tianjin-1999")


def test_a_case_keeps_its_version() -> None:
    assert limits.by_version(POLICY.version) is POLICY


@pytest.mark.parametrize("text", ["", "x =", "[case", 'version = "1"', "a = " + "[" * 5_000, 'effective_from = "soon"'])
def test_a_file_that_is_no_policy_is_named_with_its_remedy(text: str) -> None:
    with pytest.raises(Misconfigured, match="policy file"):
        limits.load(text)

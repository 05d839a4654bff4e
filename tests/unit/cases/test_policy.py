"""The policy's tables (annex 2 of 津工信电力〔2021〕8号) and working days: P4, times are what the policy says."""

from datetime import UTC, date, datetime

import pytest

from hub.cases import policy as limits
from hub.cases.calendar import Calendar, china_day
from hub.errors import Misconfigured

POLICY = limits.in_force(date(2026, 6, 1))
FORMER = limits.by_version("tianjin-2021")


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


@pytest.mark.parametrize(
    ("case", "total"), [("low-other", 5), ("high-single", 22), ("high-dual", 30), ("low-resident", 3)]
)
def test_p4_2021_has_totals_only_and_no_limit_of_a_segment(case: str, total: int) -> None:
    row = FORMER.cases[case]
    assert (row.total(False), row.total(True)) == (total, total)
    assert [segment.days for segment in row.timed(True)] == [None] * len(row.segments)


def test_p4_a_segment_without_its_own_limit_may_use_up_the_total() -> None:
    dates = FORMER.dates("high-single", False, date(2021, 6, 1), Calendar())
    assert (dates.due_on, dates.segment, dates.segment_due_on) == (None, "acceptance", date(2021, 7, 2))


def test_low_voltage_has_two_customer_steps_and_three_timed_segments() -> None:
    case = POLICY.cases["low-other"]
    assert len(case.steps) == 2
    assert [segment.days for segment in case.timed(False)] == [1, 2, 2]


@pytest.mark.parametrize(("starred", "steps"), [(False, 3), (True, 5)])
def test_only_starred_high_voltage_customers_have_all_five_steps(starred: bool, steps: int) -> None:
    case = POLICY.cases["high-single"]
    assert len(case.seen(starred)) == steps
    assert len(FORMER.cases["high-single"].seen(starred)) == 3


@pytest.mark.parametrize("case", ["low-resident", "low-sanling", "low-other"])
def test_both_official_spellings_of_the_second_step_are_there(case: str) -> None:
    second = POLICY.cases[case].step_of("completion")
    assert second is not None
    assert {second.zh, *second.also} == {"竣工接电", "装表接电"}
    assert POLICY.cases[case].step_of("design-review") is None


def test_p6_the_only_materials_are_those_of_section_5() -> None:
    low = {name: [one.name for one in found] for name, found in POLICY.asked("low-other", False).items()}
    assert low == {"acceptance": ["identity", "property"], "supply-plan": [], "completion": []}
    high = {name: [one.name for one in found] for name, found in POLICY.asked("high-dual", True).items()}
    assert high == {
        "acceptance": ["identity", "property", "project"],
        "supply-plan": [],
        "design-review": ["designer-qualification", "design"],
        "mid-inspection": ["builder-qualification", "concealed-works"],
        "completion": ["completion-report"],
    }
    assert "design-review" not in POLICY.asked("high-dual", False)


@pytest.mark.parametrize(
    ("day", "days"),
    [(date(2020, 12, 31), None), (date(2021, 6, 1), 20), (date(2022, 1, 1), 15), (date(2026, 1, 1), 15)],
)
def test_p4_the_national_ceiling_is_beside_the_citys_limit(day: date, days: int | None) -> None:
    ceiling = POLICY.cases["low-sanling"].ceiling(day)
    assert (ceiling.days if ceiling else None) == days


def test_the_dual_source_limit_is_30_and_the_32_of_annex_1_is_the_national_one() -> None:
    row = POLICY.cases["high-dual"]
    ceiling = row.ceiling(date(2022, 1, 1))
    assert ceiling is not None
    assert (row.total(True), ceiling.days) == (30, 32)
    assert any("32" in note for note in POLICY.notes)


def test_averages_are_set_for_low_voltage_and_for_10_kv() -> None:
    averages = {name: row.average and (row.average.days, row.average.voltages) for name, row in POLICY.cases.items()}
    low, high = (3, ("LOW",)), (20, ("HIGH_10KV",))
    expected = {"low-resident": low, "low-sanling": low, "low-other": low, "high-single": high, "high-dual": high}
    assert averages == expected


@pytest.mark.parametrize("voltage", ["HIGH_35KV", "HIGH_66KV", "HIGH_110KV", "HIGH_220KV"])
def test_p4_from_35_kv_on_no_limit_of_permits_is_set_and_no_number_is_told(voltage: str) -> None:
    assert POLICY.permit_days(voltage) is None
    assert [POLICY.permit_days(one) for one in ("LOW", "HIGH_10KV", "HIGH_20KV")] == [5, 10, 10]


@pytest.mark.parametrize("table", [POLICY, FORMER], ids=["2022", "2021"])
def test_p6_residents_and_sanling_pay_nothing(table: limits.Policy) -> None:
    free = {name for name, row in table.cases.items() if row.fee.free}
    assert free == {"low-resident", "low-sanling"}
    assert {one.name for one in table.boundary("low-sanling")} >= {"sanling", "parks"}
    assert "sanling" not in {one.name for one in table.boundary("low-other")}


def test_tables_follow_each_other_and_the_last_one_is_over() -> None:
    assert limits.in_force(date(2021, 12, 31)) is FORMER
    assert limits.in_force(date(2022, 1, 1)) is POLICY
    assert FORMER.successor == POLICY.version
    assert (POLICY.effective_to, POLICY.successor) == (date(2022, 12, 31), "")


def test_the_starting_day_does_not_count_and_make_up_saturdays_do() -> None:
    assert Calendar().add(date(2022, 4, 1), 1).day == date(2022, 4, 2)
    assert POLICY.dates("low-resident", False, date(2022, 4, 1), Calendar()).due_on == date(2022, 4, 7)


@pytest.mark.parametrize("case", ["low-other", "high-single", "high-dual"])
@pytest.mark.parametrize("starred", [False, True])
def test_p4_a_date_for_the_whole_is_promised_only_where_the_policy_sets_one(case: str, starred: bool) -> None:
    dates = POLICY.dates(case, starred, date(2026, 3, 2), Calendar())
    assert (dates.due_on, dates.segment, dates.segment_due_on) == (None, "acceptance", date(2026, 3, 3))


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

"""Average times beside the limits and beside what annex 1 sets."""

from itertools import permutations

from hub.audit import averages
from hub.audit.account import Account
from hub.audit.averages import Averages
from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, SUPPLY_PLAN, Action, Fact, Kind
from tests.unit.audit.cases import END, HONEST, OTHER, SANLING, SINGLE, account, fact, ms

MARCH = ms("2022-03-01T00:00:00"), ms("2022-04-01T00:00:00") - 1
SLOW = (
    fact(ACCEPTANCE, END, "2022-03-02"),
    fact(SUPPLY_PLAN, END, "2022-03-08"),
    *HONEST[3:],
)
QUICK = (
    fact(ACCEPTANCE, END, "2022-03-01T15:00:00"),
    fact(COMPLETION, END, "2022-03-02", requested_ms=ms("2022-03-01T16:00:00")),
)
CASES = (
    account(*HONEST, kind=OTHER, voltage="LOW"),
    account(*SLOW, kind=OTHER, voltage="LOW"),
    account(*QUICK, kind=SANLING, voltage="LOW"),
    account(*HONEST[1:2], kind=OTHER, voltage="LOW"),
)


def rows(*accounts: Account, time: tuple[int, int] = MARCH) -> list[dict[str, object]]:
    sums = Averages(*time)
    for one in accounts:
        sums.add(one)
    return list(sums.rows())


def test_the_mean_of_each_kind_and_of_the_voltage_stands_beside_its_limit_and_annex_1() -> None:
    wanted = ("voltage", "kind", "cases", "working_days", "mean", "longest", "limit", "over", "average", "beyond")
    assert [tuple(one[name] for name in wanted) for one in rows(*CASES)] == [
        ("LOW", "all", 3, 13, 4.33, 7, None, 1, 3, True),
        ("LOW", "low-other", 2, 12, 6.0, 7, 5, 1, 3, True),
        ("LOW", "low-sanling", 1, 1, 1.0, 1, 7, 0, 3, False),
    ]


def test_annex_1_sets_no_average_for_other_voltages() -> None:
    (whole, kind) = rows(account(*HONEST, kind=SINGLE, voltage="HIGH_35KV"))
    assert {whole["average"], kind["average"]} == {None}
    assert not whole["beyond"]


def test_a_case_counts_in_the_time_in_which_it_got_electricity() -> None:
    april = ms("2022-04-01T00:00:00"), ms("2022-05-01T00:00:00")
    assert rows(*CASES, time=april) == []


def test_the_order_of_the_cases_changes_nothing() -> None:
    assert len({repr([averages.cells(row) for row in rows(*order)]) for order in permutations(CASES)}) == 1


def change(day: str, becomes: Kind, voltage: str) -> Fact:
    return fact("", Action.CHANGE, day, becomes=becomes, becomes_voltage=voltage, explained=True, approved=True)


TO_10_KV = account(*SLOW, change("2022-03-10", SINGLE, "HIGH_10KV"), kind=OTHER, voltage="LOW")
MARKED = (
    "voltage",
    "kind",
    "cases",
    "mean",
    "over",
    "changed",
    "mean_unchanged",
    "left",
    "left_over",
    "mean_with_left",
)


def marked(*accounts: Account) -> list[tuple[object, ...]]:
    return [tuple(one[name] for name in MARKED) for one in rows(*accounts)]


def test_p4_a_case_that_changed_its_voltage_counts_where_it_ended_and_both_kinds_show_it() -> None:
    high = account(*HONEST, kind=SINGLE, voltage="HIGH_10KV")
    assert marked(TO_10_KV, CASES[0], high) == [
        ("HIGH_10KV", "all", 2, 6.0, 0, 1, 5.0, 0, 0, 6.0),
        ("HIGH_10KV", "high-single", 2, 6.0, 0, 1, 5.0, 0, 0, 6.0),
        ("LOW", "all", 1, 5.0, 0, 0, 5.0, 1, 1, 6.0),
        ("LOW", "low-other", 1, 5.0, 0, 0, 5.0, 1, 1, 6.0),
    ]


def test_p4_a_row_that_all_cases_left_is_there_without_a_mean_of_its_own() -> None:
    assert marked(TO_10_KV)[2:] == [
        ("LOW", "all", 0, None, 0, 0, None, 1, 1, 7.0),
        ("LOW", "low-other", 0, None, 0, 0, None, 1, 1, 7.0),
    ]
    assert not any(one["beyond"] for one in rows(TO_10_KV) if one["voltage"] == "LOW")


def test_p4_a_change_of_kind_at_one_voltage_is_marked_in_both_kinds() -> None:
    became = account(*HONEST, change("2022-03-03", OTHER, "LOW"), kind=SANLING, voltage="LOW")
    assert marked(became) == [
        ("LOW", "all", 1, 5.0, 0, 1, None, 0, 0, 5.0),
        ("LOW", "low-other", 1, 5.0, 0, 1, None, 0, 0, 5.0),
        ("LOW", "low-sanling", 0, None, 0, 0, None, 1, 1, 11.0),
    ]


def test_p4_a_change_of_voltage_within_one_kind_is_a_change() -> None:
    became = account(*HONEST, change("2022-03-10", SINGLE, "HIGH_20KV"), kind=SINGLE, voltage="HIGH_10KV")
    found = [(one[0], one[2], one[5], one[7]) for one in marked(became)]
    assert found == [("HIGH_10KV", 0, 0, 1)] * 2 + [("HIGH_20KV", 1, 1, 0)] * 2


def test_p4_a_case_that_changed_and_changed_back_is_marked_and_has_left_the_other_kind() -> None:
    back = change("2022-03-10", SINGLE, "HIGH_10KV"), change("2022-03-11", OTHER, "LOW")
    found = [(*one[:3], one[5], one[7]) for one in marked(account(*HONEST, *back, kind=OTHER, voltage="LOW"))]
    assert found == [
        ("HIGH_10KV", "all", 0, 0, 1),
        ("HIGH_10KV", "high-single", 0, 0, 1),
        ("LOW", "all", 1, 1, 0),
        ("LOW", "low-other", 1, 1, 0),
    ]

"""Average times beside the limits and beside what annex 1 sets."""

from itertools import permutations

from hub.audit import averages
from hub.audit.account import Account
from hub.audit.averages import Averages
from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, SUPPLY_PLAN
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

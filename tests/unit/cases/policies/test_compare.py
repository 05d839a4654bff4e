"""Tables side by side, and what a new one would change for open cases: it changes none (P4)."""

import tomllib
from collections.abc import Callable
from datetime import date
from importlib import resources
from typing import Any

import pytest

from hub.cases import policy
from hub.cases.calendar import Calendar
from hub.cases.policies.compare import differences
from hub.cases.policies.model import Policy
from hub.cases.policies.trial import OpenCase, Told, trial
from hub.cases.steps.facts import ACCEPTANCE, SUPPLY_PLAN, Action, Fact, Kind
from tests.unit.audit.cases import DUAL, END, OTHER, SANLING, SINGLE, account, fact

TEXT = resources.files("hub.cases").joinpath("policies/2022.toml").read_text("utf-8")
POLICY, FORMER = policy.by_version("tianjin-2022"), policy.by_version("tianjin-2021")
POLICIES = {one.version: one for one in policy.shipped()}
BEGUN = date(2026, 3, 2)


def test_a_table_does_not_differ_from_itself() -> None:
    assert differences(POLICY, policy.load(TEXT)) == []


def test_every_entry_that_differs_is_named_by_its_place() -> None:
    changed = policy.load(TEXT.replace("whole_process = 3\n", "whole_process = 2\n"))
    assert differences(POLICY, changed) == [("case.low-resident.whole_process", "3", "2")]
    found = {one.place: one[1:] for one in differences(FORMER, POLICY)}
    assert found["case.high-dual.total"] == ("30", "25")
    assert found["case.high-dual.segments.supply-plan.days"] == (None, "18")
    assert found["case.high-dual.segments.design-review.starred"] == ("False", "True")


def test_an_item_that_is_put_in_between_changes_no_other() -> None:
    note = 'notes = [\n    "another",'
    found = differences(POLICY, policy.load(TEXT.replace("notes = [", note)))
    assert [one.place for one in found] == ["notes.another"]


def test_a_trial_counts_open_cases_by_kind_and_version_and_says_whose_date_would_move() -> None:
    changed = policy.load(TEXT.replace("whole_process = 7\n", "whole_process = 6\n"))
    cases = [
        *[OpenCase("tianjin-2022", "low-sanling", False, False, BEGUN)] * 3,
        OpenCase("tianjin-2022", "high-dual", True, False, BEGUN),
        OpenCase("tianjin-2021", "high-single", False, False, BEGUN),
    ]
    former, dual, sanling = trial(cases, changed, POLICIES, Calendar())
    assert (sanling.cases, sanling.earlier, sanling.later) == (3, 3, 0)
    assert sanling.limits == [("whole process", 7, 6)]
    assert (dual.cases, dual.changed) == (1, False)
    assert former.changed
    assert ("total", 22, 17) in former.limits
    assert ("acceptance", None, 1) in former.limits


def told(*facts: Fact, kind: Kind = OTHER) -> OpenCase:
    """An open case that was submitted on the first of March 2022."""
    account_ = account(*facts, kind=kind)
    found = Told(account_.submitted_ms, kind, account_.facts)
    return OpenCase("tianjin-2022", *account_.history.kinds[-1][1], False, date(2022, 3, 1), found)


PLAN_RUNS = told(fact(ACCEPTANCE, END, "2022-03-02"))
CUSTOMERS_TURN = told(fact(ACCEPTANCE, END, "2022-03-02"), fact(SUPPLY_PLAN, END, "2022-03-04"))


@pytest.mark.parametrize(
    ("one", "change", "moved"),
    [
        (
            PLAN_RUNS,
            ('name = "acceptance", zh = "受理签约", en = "acceptance and signing", days = 1', "days = 1", 2),
            0,
        ),
        (PLAN_RUNS, ('plan", days = 2 }', "days = 2", 1), -1),
        (PLAN_RUNS, ('plan", days = 2 }', "days = 2", 4), 1),
        (CUSTOMERS_TURN, ('plan", days = 2 }', "days = 2", 4), 0),
    ],
)
def test_p4_a_trial_looks_at_what_runs_by_the_clock_of_the_case(
    one: OpenCase, change: tuple[str, str, int], moved: int
) -> None:
    """A segment that has ended moves no date; the one that runs is counted from its own opening."""
    line, days, new = change
    assert line in TEXT
    text = TEXT.replace(line, line.replace(days, f"days = {new}"))
    total = 5 + new - int(days[-1])
    (found,) = trial([one], policy.load(text.replace("total = 5\n", f"total = {total}\n")), POLICIES, Calendar())
    assert (found.later - found.earlier, found.cases) == (moved, 1)
    assert found.limits


def test_p4_a_trial_counts_the_total_that_is_left_and_the_kind_that_a_case_has_become() -> None:
    """Under the table of 2021 a segment may use up the total; the days before it are used."""
    change = fact("", Action.CHANGE, "2022-03-03", becomes=DUAL, explained=True, approved=True)
    changed = told(fact(ACCEPTANCE, END, "2022-03-02"), change, kind=SINGLE)
    (found,) = trial([changed], FORMER, POLICIES, Calendar())
    assert (found.case_type, found.later) == ("high-dual", 1)
    whole = told(fact(ACCEPTANCE, END, "2022-03-02"), kind=SANLING)
    (found,) = trial(
        [whole], policy.load(TEXT.replace("whole_process = 7\n", "whole_process = 9\n")), POLICIES, Calendar()
    )
    assert (found.case_type, found.later) == ("low-sanling", 1)


CHANGES: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("a material removed", lambda row: row["segments"][0]["materials"].remove("identity"), "segments."),
    ("a free fee made payable", lambda row: row["fee"].update(free=False), "fee.free"),
    ("a ceiling changed", lambda row: row["ceilings"][-1].update(days=14), "ceilings."),
    ("an average changed", lambda row: row["average"].update(days=4), "average.days"),
]


@pytest.mark.parametrize(("change", "place"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
def test_p4_a_trial_says_what_changes_beside_the_limits(change: Callable[[dict[str, Any]], object], place: str) -> None:
    table = tomllib.loads(TEXT)
    change(table["case"]["low-sanling"])
    changed = Policy.model_validate(table)
    cases = [OpenCase("tianjin-2022", kind, False, False, BEGUN) for kind in ("low-sanling", "high-dual")]
    dual, sanling = trial(cases, changed, POLICIES, Calendar())
    assert (sanling.changed, sanling.limits, sanling.earlier, sanling.later) == (True, [], 0, 0)
    assert all(one.place.startswith(place) for one in sanling.entries), sanling.entries
    assert not dual.changed


def test_a_trial_says_what_a_starred_segment_asks_for_of_starred_cases_only() -> None:
    table = tomllib.loads(TEXT)
    review = next(one for one in table["case"]["high-dual"]["segments"] if one["name"] == "design-review")
    review["materials"].remove("design")
    cases = [OpenCase("tianjin-2022", "high-dual", starred, False, BEGUN) for starred in (False, True)]
    plain, starred = trial(cases, Policy.model_validate(table), POLICIES, Calendar())
    assert not plain.changed
    assert ("segments.design-review.materials.design", "design", None) in starred.entries


def test_another_clause_changes_nothing_for_open_cases() -> None:
    changed = policy.load(TEXT.replace("附件1：国家目标", "附件一：国家目标"))
    (found,) = trial([OpenCase("tianjin-2022", "high-dual", False, False, BEGUN)], changed, POLICIES, Calendar())
    assert not found.changed


def test_a_trial_counts_cases_with_works_outside_the_site_apart() -> None:
    """The figure is the test's own."""
    apart = policy.load(f"{TEXT}\n[case.low-sanling.with_works]\nwhole_process = 9\n")
    cases = [OpenCase("tianjin-2022", "low-sanling", False, works, BEGUN) for works in (True, False, False)]
    without, with_works = trial(cases, apart, POLICIES, Calendar())
    assert (without.cases, without.changed) == (2, False)
    assert (with_works.cases, with_works.later, with_works.limits) == (1, 1, [("whole process", 7, 9)])


@pytest.mark.parametrize("version", ["tianjin-1999"])
def test_a_case_of_a_version_that_is_not_there_is_told(version: str) -> None:
    with pytest.raises(KeyError):
        trial([OpenCase(version, "low-sanling", False, False, BEGUN)], POLICY, POLICIES, Calendar())

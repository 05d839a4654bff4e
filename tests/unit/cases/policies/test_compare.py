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
from hub.cases.policies.trial import OpenCase, trial

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
        *[OpenCase("tianjin-2022", "low-sanling", False, BEGUN)] * 3,
        OpenCase("tianjin-2022", "high-dual", True, BEGUN),
        OpenCase("tianjin-2021", "high-single", False, BEGUN),
    ]
    former, dual, sanling = trial(cases, changed, POLICIES, Calendar())
    assert (sanling.cases, sanling.earlier, sanling.later) == (3, 3, 0)
    assert sanling.limits == [("whole process", 7, 6)]
    assert (dual.cases, dual.changed) == (1, False)
    assert former.changed
    assert ("total", 22, 17) in former.limits
    assert ("acceptance", None, 1) in former.limits


CHANGES: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("a material removed", lambda row: row["segments"][0]["materials"].remove("identity"), "segments."),
    ("a free fee made payable", lambda row: row["fee"].update(free=False), "fee.free"),
    ("a ceiling changed", lambda row: row["ceilings"][-1].update(days=14), "ceilings."),
    ("an average changed", lambda row: row["average"].update(days=4), "average.days"),
    ("works told apart", lambda row: row.update(with_works={"whole_process": 9}), "with_works."),
]


@pytest.mark.parametrize(("change", "place"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
def test_p4_a_trial_says_what_changes_beside_the_limits(change: Callable[[dict[str, Any]], object], place: str) -> None:
    table = tomllib.loads(TEXT)
    change(table["case"]["low-sanling"])
    changed = Policy.model_validate(table)
    cases = [OpenCase("tianjin-2022", kind, False, BEGUN) for kind in ("low-sanling", "high-dual")]
    dual, sanling = trial(cases, changed, POLICIES, Calendar())
    assert (sanling.changed, sanling.limits, sanling.earlier, sanling.later) == (True, [], 0, 0)
    assert all(one.place.startswith(place) for one in sanling.entries), sanling.entries
    assert not dual.changed


def test_a_trial_says_what_a_starred_segment_asks_for_of_starred_cases_only() -> None:
    table = tomllib.loads(TEXT)
    review = next(one for one in table["case"]["high-dual"]["segments"] if one["name"] == "design-review")
    review["materials"].remove("design")
    cases = [OpenCase("tianjin-2022", "high-dual", starred, BEGUN) for starred in (False, True)]
    plain, starred = trial(cases, Policy.model_validate(table), POLICIES, Calendar())
    assert not plain.changed
    assert ("segments.design-review.materials.design", "design", None) in starred.entries


def test_another_clause_changes_nothing_for_open_cases() -> None:
    changed = policy.load(TEXT.replace("附件1：国家目标", "附件一：国家目标"))
    (found,) = trial([OpenCase("tianjin-2022", "high-dual", False, BEGUN)], changed, POLICIES, Calendar())
    assert not found.changed


@pytest.mark.parametrize("version", ["tianjin-1999"])
def test_a_case_of_a_version_that_is_not_there_is_told(version: str) -> None:
    with pytest.raises(KeyError):
        trial([OpenCase(version, "low-sanling", False, BEGUN)], POLICY, POLICIES, Calendar())

"""P1, P2: every pair of certificates of a case is told, and none of them falsely: people, enterprises, the
representatives that a licence has had, and neighbouring doors."""

import inspect
import re
from collections import Counter

import pytest

from hub.cases.agreement import agree as rules
from hub.cases.agreement.agree import IDENTITY, LICENCE, PROJECT, TITLE, About, Finding, agree
from hub.cases.agreement.parties import Result, Said, Why
from hub.cases.places.compare import Place, compare
from tests.unit.cases.agreement import truth_of_cases
from tests.unit.cases.agreement.truth_of_cases import Case, cases

ROUNDS = 400
FINDINGS_MIN = 5_000
RIGHT: dict[bool | None, Result] = {True: Result.AGREES, False: Result.DIFFERS}


@pytest.fixture(scope="module")
def told() -> list[tuple[Case, list[Finding]]]:
    return [(case, agree(case.facts)) for case in cases(13, ROUNDS)]


def false(told: list[tuple[Case, list[Finding]]]) -> list[tuple[Finding, Case]]:
    """The findings that say the contrary of the truth, or that say what nobody can know."""
    return [
        (found, case)
        for case, findings in told
        for found in findings
        if found.result is not Result.UNKNOWN and found.result is not RIGHT.get(case.same.get(found.about))
    ]


def test_every_pair_whose_sides_are_there_is_told_once(told: list[tuple[Case, list[Finding]]]) -> None:
    for case, findings in told:
        assert Counter(found.about for found in findings) == Counter(case.same.keys())
    assert sum(len(findings) for _, findings in told) >= FINDINGS_MIN
    assert {found.about for _, findings in told for found in findings} == {*About}


def test_nothing_false_is_told(told: list[tuple[Case, list[Finding]]]) -> None:
    assert false(told) == []


def test_what_numbers_and_doors_decide_is_decided(told: list[tuple[Case, list[Finding]]]) -> None:
    left = [(found, case) for case, findings in told for found in findings
            if found.about in case.exact and found.result is Result.UNKNOWN]  # fmt: skip
    assert left == []


def test_each_pair_is_there_as_one_and_as_two(told: list[tuple[Case, list[Finding]]]) -> None:
    """A truth in which a pair is never two proves nothing of it."""
    truths = Counter((about, truth) for case, _ in told for about, truth in case.same.items())
    always_one = {About.APPLICANT_LICENCE, About.AGENT_IDENTITY}
    assert all(truths[about, False] > 20 for about in set(About) - always_one)
    assert all(truths[about, True] > 20 for about in About)
    assert truths[About.REPRESENTATIVE_AT_MANDATE, None] > 20


def test_the_versions_that_were_compared_are_named(told: list[tuple[Case, list[Finding]]]) -> None:
    of = {
        About.REPRESENTATIVE_HOLDER: (LICENCE, TITLE),
        About.HOLDER_BUILDER: (PROJECT, TITLE),
        About.SITE_PROJECT: (TITLE, PROJECT),
        About.AGENT_IDENTITY: (None, IDENTITY),
    }
    for case, findings in told:
        ids = {kind: version.record_id for kind, version in case.facts.records.items()} | {None: None}
        for found in findings:
            if found.about in of:
                assert (found.one_id, found.other_id) == tuple(ids[kind] for kind in of[found.about])


@pytest.mark.parametrize("rule", ["compare", "among"])
def test_a_rule_that_always_agrees_is_found_out(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, rule, lambda *_: Said(Result.AGREES, Why.NUMBER))
    assert false([(case, agree(case.facts)) for case in cases(13, 40)])


def test_a_comparison_that_drops_what_is_in_brackets_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(place: Place) -> Place:
        return Place(address=place.address.partition("（")[0])

    monkeypatch.setattr(rules, "compare_places", lambda one, other: compare(without(one), without(other)))
    assert {found.about for found, _ in false([(case, agree(case.facts)) for case in cases(13, 40)])} == {
        About.SITE_PROJECT
    }


def test_the_truth_takes_no_rule_of_the_product() -> None:
    imported = re.findall(r"^from hub\S+ import (.+)$", inspect.getsource(truth_of_cases), re.MULTILINE)
    assert imported == ["IDENTITY, LICENCE, PROJECT, TITLE, About, Facts, Plain, Version", "Party"]

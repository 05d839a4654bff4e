"""P2: nobody is taken for another one. On at least 5,000 pairs whose truth is known there is no false "agrees" and no
false "differs", and what numbers decide is decided."""

import inspect
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cases.agreement.parties import Party, Result, among, compare, normal_name
from tests.unit.cases.agreement import truth as truth_of
from tests.unit.cases.agreement.truth import Pair, pairs

ROUNDS = 160
PAIRS_MIN = 5_000


@pytest.fixture(scope="module")
def truth() -> list[Pair]:
    return list(pairs(13, ROUNDS))


def test_no_pair_is_false_and_what_numbers_decide_is_decided(truth: list[Pair]) -> None:
    assert len(truth) >= PAIRS_MIN
    said = [(pair, among(pair.one, pair.others)) for pair in truth]
    assert [pair for pair, found in said if found.result is Result.AGREES and not pair.same] == []
    assert [pair for pair, found in said if found.result is Result.DIFFERS and pair.same] == []
    assert [(pair, found) for pair, found in said if pair.said and pair.said != found] == []
    assert {found.result for _, found in said} == {*Result}
    assert len(Counter(pair.relation for pair in truth)) == 23


def test_the_truth_makes_its_numbers_as_the_standards_do_and_by_nothing_of_the_product() -> None:
    """The examples that the standards print, and a text of the truth that imports no rule."""
    assert truth_of.resident_check("11010519491231002") == "X", "GB 11643"
    assert truth_of.organisation_check("D2143569") == "X", "GB 11714"
    assert truth_of.uscc_check("91350100M000100Y4") == "3", "GB 32100"
    imported = re.findall(r"^from (hub\S+) import (.+)$", inspect.getsource(truth_of), re.MULTILINE)
    assert imported == [("hub.cases.agreement.parties", "Party, Result, Why")]


def test_the_order_of_the_two_does_not_matter(truth: list[Pair]) -> None:
    singles = [(pair.one, pair.others[0]) for pair in truth if len(pair.others) == 1]
    assert [both for both in singles if compare(*both) != compare(*reversed(both))] == []


def test_a_comparison_by_name_would_be_found_out(truth: list[Pair]) -> None:
    """The truth can tell a wrong rule from a right one."""
    alike = [pair for pair in truth if any(normal_name(pair.one.name) == normal_name(o.name) for o in pair.others)]
    assert sum(not pair.same for pair in alike) > ROUNDS


def test_one_of_several_that_may_both_be_meant_is_not_chosen() -> None:
    twice = Party("王芳", "RESIDENT_ID", "360426199101010071")
    assert among(twice, [twice, twice]).why.value == "AMBIGUOUS"


texts = st.text(max_size=30)
parties = st.builds(
    Party, texts, st.sampled_from(("RESIDENT_ID", "USCC", "PASSPORT", "OTHER", "")), st.none() | texts, st.tuples(texts)
)


@settings(max_examples=60, deadline=None)
@given(parties, parties)
def test_no_text_of_a_source_raises_and_agreement_needs_a_number(one: Party, other: Party) -> None:
    found = compare(one, other)
    assert found == compare(other, one)
    assert found.result is not Result.AGREES or (one.id_number and other.id_number)

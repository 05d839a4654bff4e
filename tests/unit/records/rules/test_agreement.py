"""Fields of one record agree with each other."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records.rules import agreement
from hub.records.rules.agreement import (
    card_agrees_with_number,
    card_term,
    holders_are_several,
    share_of,
    shares_make_one,
)

NUMBER = "360426199101010071"


def codes(findings: Any) -> list[tuple[str, str]]:
    return [tuple(finding) for finding in findings]


def card(birth: date, issued: date, until: date | None, number: str = NUMBER) -> dict[str, Any]:
    dates = {"birth": birth, "issued_on": issued, "valid_from": None, "valid_until": until}
    return {"holder": {"id_number": number, **dates}}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"birth": date(1991, 1, 2)}, [("BIRTH_MISMATCH", "holder.birth")]),
        ({"sex": "FEMALE"}, [("SEX_MISMATCH", "holder.sex")]),
        ({"id_number": NUMBER[:-1] + "2", "sex": "FEMALE"}, []),
        ({"id_number": "360426910101007"}, []),
        ({"id_number": "360426910101007", "birth": date(1975, 5, 5)}, [("BIRTH_MISMATCH", "holder.birth")]),
        ({"id_number": "360426910101007", "sex": "FEMALE"}, [("SEX_MISMATCH", "holder.sex")]),
    ],
)
def test_a_good_number_says_birth_and_sex(changes: dict[str, Any], found: list[tuple[str, str]]) -> None:
    holder = {"id_number": NUMBER, "birth": date(1991, 1, 1), "sex": "MALE", **changes}
    assert codes(card_agrees_with_number({"holder": holder}, None)) == found


@pytest.mark.parametrize(
    ("age_at_issue", "years"), [(0, 5), (15, 5), (16, 10), (25, 10), (26, 20), (45, 20), (46, None), (90, None)]
)
def test_a_card_is_valid_as_long_as_its_holder_s_age_says(age_at_issue: int, years: int | None) -> None:
    birth, issued = date(1960, 3, 1), date(1960 + age_at_issue, 3, 1)
    right = None if years is None else date(issued.year + years, 3, 1)
    assert codes(card_term(card(birth, issued, right), None)) == []
    for wrong in {None, date(issued.year + 7, 3, 1), right} - {right}:
        assert codes(card_term(card(birth, issued, wrong), None)) == [("VALIDITY_TERM", "holder.valid_until")]


def test_a_birthday_counts_from_its_own_day_and_a_day_more_or_less_is_no_matter() -> None:
    birth = date(2000, 2, 29)
    assert agreement.age_on(birth, date(2016, 2, 28)) == 15
    assert agreement.age_on(birth, date(2016, 2, 29)) == 16
    until = date(2026, 2, 28)
    for day in (until, until + timedelta(days=1)):
        assert codes(card_term(card(birth, date(2016, 2, 29), day), None)) == []


@pytest.mark.parametrize(
    ("number", "age_at_issue", "years"),
    [
        ("81000019980902013X", 23, 5), ("820000199809020011", 60, 5), ("830000199809020017", 10, 5),
        ("932682198501010017", 39, 10), ("932682198501010017", 18, 10), ("932682198501010017", 17, 5),
        ("360426199101010071", 39, 20), ("360426910101007", 39, 20),
    ],
)  # fmt: skip
def test_a_permit_is_valid_as_long_as_its_number_says(number: str, age_at_issue: int, years: int) -> None:
    """国办发〔2018〕81号: five years; GA 2102-2023: ten, or five below the age of 18."""
    birth, issued = date(1960, 3, 1), date(1960 + age_at_issue, 3, 1)
    assert codes(card_term(card(birth, issued, date(issued.year + years, 3, 1), number), None)) == []
    for wrong in (None, date(issued.year + years + 5, 3, 1)):
        assert codes(card_term(card(birth, issued, wrong, number), None)) == [("VALIDITY_TERM", "holder.valid_until")]


@pytest.mark.parametrize(
    ("shares", "co_ownership", "found"),
    [
        (["1/2", "1/2"], "SHARES", []),
        (["1/3", "1/3", "1/3"], "SHARES", []),
        (["33.33%", "33.33%", "33.34%"], "SHARES", []),
        (["33.33%", "33.33%", "33.33%"], "SHARES", [("SHARES_SUM", "holders")]),
        (["1/2", None], "SHARES", [("SHARES_MISSING", "holders.1.share")]),
        ([], "SHARES", []),
        (["1/2"], "SOLE", [("SHARES_SUM", "unit.co_ownership")]),
        (["100%"], "SOLE", []),
        ([None, None], "JOINT", []),
    ],
)
def test_shares_make_one_whole(shares: list[str | None], co_ownership: str, found: list[tuple[str, str]]) -> None:
    title = {"unit": {"co_ownership": co_ownership}, "holders": [{"share": share} for share in shares]}
    assert codes(shares_make_one(title, None)) == found


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=6))
def test_exact_shares_are_never_refused(weights: list[int]) -> None:
    shares = [f"{weight}/{sum(weights)}" for weight in weights]
    assert sum(map(share_of, shares)) == Fraction(1)
    title = {"unit": {"co_ownership": "SHARES"}, "holders": [{"share": share} for share in shares]}
    assert codes(shares_make_one(title, None)) == []


def holder(id_type: str, number: str | None) -> dict[str, Any]:
    return {"id_type": id_type, "id_number": number, "name": "王伟"}


@pytest.mark.parametrize(
    ("holders", "found"),
    [
        ([], [("HOLDERS_EMPTY", "holders")]),
        ([holder("RESIDENT_ID", NUMBER)], []),
        ([holder("RESIDENT_ID", NUMBER), holder("RESIDENT_ID", "11010519491231002X")], []),
        ([holder("RESIDENT_ID", NUMBER)] * 2, [("HOLDER_TWICE", "holders.1.id_number")]),
        ([holder("USCC", "91110000600037341L"), holder("ORGANISATION_CODE", "60003734-1")],
         [("HOLDER_TWICE", "holders.1.id_number")]),
        ([holder("RESIDENT_ID", None)] * 2, []),
        ([holder("RESIDENT_ID", "wrong")] * 2, []),
        *(([holder("OTHER", number)] * 2, []) for number in ("无", "/", "0", "不详", "A", "00000000", "E1****78")),
        ([holder("RESIDENT_ID", NUMBER), holder("OTHER", NUMBER)], [("HOLDER_TWICE", "holders.1.id_number")]),
        ([holder("PASSPORT", "E12345678")] * 2, [("HOLDER_TWICE", "holders.1.id_number")]),
    ],
)  # fmt: skip
def test_holders_are_told_apart_by_document_never_by_name(
    holders: list[dict[str, Any]], found: list[tuple[str, str]]
) -> None:
    assert codes(holders_are_several({"holders": holders}, None)) == found

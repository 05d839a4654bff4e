"""Identifiers of a record: which check a document has, and where each rule looks."""

from typing import Any

import pytest

from hub.records.rules.base import RULES
from hub.records.rules.identifiers import card_licence_id, document, holders_numbers, resident_number

GOOD = "11010519491231002X"


def codes(findings: Any) -> list[tuple[str, str]]:
    return [tuple(finding) for finding in findings]


@pytest.mark.parametrize(
    ("id_type", "number", "code"),
    [
        ("RESIDENT_ID", GOOD, None),
        ("RESIDENT_ID", GOOD[:-1] + "1", "ID_CHECK"),
        ("RESIDENT_ID", "110105491231002", "ID_LEGACY"),
        ("USCC", "91110000600037341L", None),
        ("USCC", "60003734-1", "USCC_FORM"),
        ("ORGANISATION_CODE", "60003734-1", None),
        ("ORGANISATION_CODE", "60003734-2", "USCC_CHECK"),
        ("PASSPORT", "E1", None),
        ("OTHER", "x", None),
        ("OTHER", "无", None),
        ("FOREIGNER_PERMIT", "932682198501010017", None),
        ("FOREIGNER_PERMIT", "932682198501010018", "ID_CHECK"),
        ("FOREIGNER_PERMIT", "932682198513010017", "ID_DATE"),
        ("FOREIGNER_PERMIT", "93268219850101001", "ID_FORM"),
        ("FOREIGNER_PERMIT", "832682198501010018", "ID_FORM"),
        ("FOREIGNER_PERMIT", "999682198501010014", "ID_REGION"),
        ("FOREIGNER_PERMIT", "360426199101010071", "ID_FORM"),
        ("FOREIGNER_PERMIT", "USA110090010101", None),
        ("HK_MACAO_PERMIT", "81000019980902013X", None),
        ("HK_MACAO_PERMIT", "810000199809020130", "ID_CHECK"),
        ("HK_MACAO_PERMIT", "H12345678", None),
        ("TAIWAN_PERMIT", "830000199809020018", "ID_CHECK"),
        ("TAIWAN_PERMIT", "01234567", None),
        ("RESIDENT_ID", "932682198501010017", None),
        ("RESIDENT_ID", "81000019980902013X", None),
        ("RESIDENT_ID", None, None),
    ],
)
def test_a_document_is_checked_by_its_kind(id_type: str, number: str | None, code: str | None) -> None:
    wanted = [(code, "field")] if code else []
    assert codes(document({"id_type": id_type, "id_number": number}, "field")) == wanted


def test_an_unknown_region_is_said_only_of_a_number_that_is_good_otherwise() -> None:
    assert codes(resident_number("990426199112010074", "f")) == [("ID_REGION", "f")]
    assert codes(resident_number("990426199112010075", "f")) == [("ID_CHECK", "f")]


@pytest.mark.parametrize("number", ["32021919750505001X", "321119197505050015", "932682198501010017"])
def test_a_region_that_numbers_have_is_known(number: str) -> None:
    """Suburbs in Jiangsu (guanguans/id-validator#45), and foreigners' provinces (GA 2102-2023)."""
    assert codes(resident_number(number, "f")) == []


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("360426910101007", ["ID_LEGACY"]),
        ("999999910101007", ["ID_LEGACY", "ID_REGION"]),
        ("932682850101001", ["ID_LEGACY", "ID_REGION"]),
        ("360426911301007", ["ID_DATE"]),
        ("360426910229007", ["ID_DATE"]),
        ("36042691010100X", ["ID_FORM"]),
    ],
)
def test_a_number_of_15_digits_is_checked_like_one_of_18(number: str, found: list[str]) -> None:
    assert [code for code, _ in codes(resident_number(number, "f"))] == found


def test_every_holder_has_a_place_of_its_own() -> None:
    wrong = {"id_type": "USCC", "id_number": "1"}
    good = {"id_type": "PASSPORT", "id_number": "E1"}
    found = codes(holders_numbers({"holders": [wrong, good, wrong]}, None))
    assert found == [("USCC_FORM", "holders.0.id_number"), ("USCC_FORM", "holders.2.id_number")]


def test_a_licence_identifier_that_is_not_given_is_not_judged() -> None:
    assert codes(card_licence_id({"holder": {"licence_id": None}}, None)) == []
    assert codes(card_licence_id({"holder": {"licence_id": ""}}, None)) == [("ELICENCE_FORM", "holder.licence_id")]


def test_all_rules_of_this_step_are_about_the_hub_s_own_kinds() -> None:
    here = [one for one in RULES if one.check.__module__ == "hub.records.rules.identifiers"]
    assert here
    projects = ("project.approval", "project.information")
    assert all(len(one.kinds) == 1 or one.kinds == projects for one in here), "an identifier is a field of one kind"

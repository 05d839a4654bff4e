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
        ("RESIDENT_ID", None, None),
    ],
)
def test_a_document_is_checked_by_its_kind(id_type: str, number: str | None, code: str | None) -> None:
    wanted = [(code, "field")] if code else []
    assert codes(document({"id_type": id_type, "id_number": number}, "field")) == wanted


def test_an_unknown_region_is_said_only_of_a_number_that_is_good_otherwise() -> None:
    assert codes(resident_number("990426199112010074", "f")) == [("ID_REGION", "f")]
    assert codes(resident_number("990426199112010075", "f")) == [("ID_CHECK", "f")]


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
    assert all(len(one.kinds) == 1 for one in here), "an identifier is a field of one kind"

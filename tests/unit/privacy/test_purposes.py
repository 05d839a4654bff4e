"""Purposes: P3, nothing unneeded leaves."""

from datetime import date
from pathlib import Path

import pytest

from hub.codec.catalogue import catalogue
from hub.codec.packages import Package
from hub.errors import Misconfigured, RecordRejected
from hub.privacy.purposes import add, minimal, read, shipped
from hub.records.declarations import read as read_declaration
from hub.records.kinds import KINDS

NO_EVIDENCE = {"project.information", "utility.step", "utility.transfer"}
"""Kinds that no purpose lets out."""


def field_type(schema: dict, path: list[str]) -> object:
    entry = next(entry for entry in schema["fields"] if entry["name"] == path[0])
    inner = entry["type"]
    if isinstance(inner, dict) and inner["type"] == "array":
        inner = inner["items"]
    return field_type(inner, path[1:]) if path[1:] else inner


@pytest.mark.parametrize("name", shipped().names())
def test_p3_every_field_that_may_leave_is_a_field_of_its_schema(name: str) -> None:
    purpose = shipped().get(name)
    of_procedure = {"connection": set(KINDS) - NO_EVIDENCE}
    assert set(purpose.evidence) == of_procedure.get(purpose.procedure, {"licence.property-title"})
    for kind, rule in purpose.evidence.items():
        for path in (*rule.fields, *rule.fields_other):
            assert field_type(catalogue().by_name(kind).json, path.split(".")), (kind, path)


def test_p3_an_unknown_purpose_is_refused() -> None:
    with pytest.raises(RecordRejected) as caught:
        shipped().get("curiosity")
    assert caught.value.code == "PURPOSE_UNKNOWN"


@pytest.mark.parametrize("name", shipped().names())
def test_p3_a_legal_basis_is_a_code_with_its_clause_in_both_languages(name: str) -> None:
    purpose = shipped().get(name)
    assert purpose.bases
    for code, basis in purpose.bases.items():
        assert purpose.basis(code) is basis
        assert basis.code == code
        assert basis.clause
        assert basis.zh
        assert basis.en.isascii()


@pytest.mark.parametrize("text", ["津工信电力〔2021〕8号 §6", "", "王伟同意", "ACTION-PLAN-6"])
def test_p3_a_legal_basis_in_the_callers_own_words_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        shipped().get("connection-application").basis(text)
    assert (caught.value.code, caught.value.field) == ("LEGAL_BASIS_UNKNOWN", "legal_basis")
    assert "action-plan-6" in caught.value.allowed
    assert text == "" or text not in str(caught.value)


def test_p3_a_notice_of_an_undeclared_transfer_names_no_holder() -> None:
    rule = shipped().get("undeclared-transfer").evidence["licence.property-title"]
    assert not any(path.startswith("holders.") for path in (*rule.fields, *rule.fields_other))


@pytest.mark.parametrize("name", shipped().names("connection"))
def test_p5_a_title_of_another_holder_names_no_holder(name: str) -> None:
    rule = shipped().get(name).evidence["licence.property-title"]
    assert any(path.startswith("holders.") for path in rule.fields)
    assert not any(path.startswith("holders.") for path in rule.fields_other)
    assert set(rule.fields_other) < set(rule.fields)


def test_an_installation_sets_the_codes_of_its_service_items() -> None:
    own = shipped().with_service_items({"connection-application": "1100-7"})
    assert own.get("用电报装").service_item == "1100-7"
    assert own.get("capacity-increase").service_item == ""
    assert shipped().get("connection-application").service_item == ""
    with pytest.raises(Misconfigured, match="curiosity"):
        shipped().with_service_items({"curiosity": "1"})


def test_an_alias_is_the_same_purpose() -> None:
    assert shipped().get("用电报装") is shipped().get("connection-application")


def test_p3_only_the_named_fields_leave_and_dates_are_iso_text() -> None:
    record = {
        "holder": {
            "name": "A",
            "id_number": "1",
            "address": {"text": "x", "room": "5"},
            "valid_until": date(2030, 1, 2),
        }
    }
    fields = ("holder.name", "holder.address.text", "holder.valid_until")
    assert minimal(record, fields) == {"holder": {"name": "A", "address": {"text": "x"}, "valid_until": "2030-01-02"}}


def test_p3_a_business_licence_needs_more_than_a_channel() -> None:
    purpose = shipped().get("connection-application")
    assert not purpose.accepts("licence.business", "CHANNEL_ONLY")
    assert purpose.accepts("licence.business", "SIGNED_RESPONSE")
    assert not purpose.accepts("licence.unheard-of", "SIGNED_RESPONSE")


# ---- what a package adds -------------------------------------------------------------------------------------------

TABLE = {
    "basis": {"consent": {"clause": "c", "zh": "同意", "en": "consent"}},
    "purpose": {"connection-application": {"legal_basis": ["consent"], "evidence": {"licence.business": {}}}},
}
RULE = {"fields": ["enterprise.name"], "assurance": ["CHANNEL_ONLY"]}
NEW = {"zh": "抄表", "en": "meter reading", "busi_type": "READ", "service_item": "", "legal_basis": ["consent"]}


def added(addition: dict) -> dict:
    """``TABLE`` with what a package with the one kind ``meter.reading`` adds."""
    kind = {"kind": {"meter.reading": {"about": "Readings", "zh": "读数"}}}
    return add(TABLE, addition, read_declaration(Package("alpha", Path("/nowhere")), kind))


def test_a_package_adds_evidence_of_its_own_kind_and_purposes_of_its_own() -> None:
    own = {**NEW, "evidence": {"licence.business": RULE}}
    table = added({"purpose": {"connection-application": {"evidence": {"meter.reading": RULE}}, "meter-reading": own}})
    assert set(table["purpose"]["connection-application"]["evidence"]) == {"licence.business", "meter.reading"}
    assert table["purpose"]["meter-reading"] == own
    assert TABLE["purpose"]["connection-application"]["evidence"] == {"licence.business": {}}, "changed in place"


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ({"purpose": {"connection-application": {"evidence": {"licence.business": RULE}}}}, "licence.business"),
        ({"purpose": {"connection-application": {"busi_type": "OTHER"}}}, "busi_type"),
        ({"purpose": {"meter-reading": NEW}}, "no evidence"),
        ({"purpose": {"meter-reading": {**NEW, "evidence": {}, "legal_basis": ["wish"]}}}, "rests on wish"),
        ({"basis": {"consent": {"clause": "x", "zh": "x", "en": "x"}}}, "consent is there already"),
    ],
)
def test_p3_a_package_cannot_change_what_leaves_of_other_kinds(addition: dict, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        added(addition)


def test_p3_evidence_of_a_field_that_is_not_there_is_refused() -> None:
    wrong = {**RULE, "fields": ["enterprise.shoe_size"]}
    for kind, rule, said in (("licence.business", wrong, "shoe_size"), ("licence.fishing", RULE, "no kind")):
        table = {"basis": TABLE["basis"], "purpose": {"p": {**NEW, "evidence": {kind: rule}}}}
        with pytest.raises(Misconfigured, match=said):
            read(table)

"""Purposes: P3, nothing unneeded leaves."""

from datetime import date

import pytest

from hub.codec.catalogue import catalogue
from hub.errors import RecordRejected
from hub.privacy.purposes import EvidenceRule, minimal, shipped
from hub.records.kinds import KINDS


def field_type(schema: dict, path: list[str]) -> object:
    entry = next(entry for entry in schema["fields"] if entry["name"] == path[0])
    inner = entry["type"]
    if isinstance(inner, dict) and inner["type"] == "array":
        inner = inner["items"]
    return field_type(inner, path[1:]) if path[1:] else inner


@pytest.mark.parametrize("name", shipped().names())
def test_p3_every_field_that_may_leave_is_a_field_of_its_schema(name: str) -> None:
    purpose = shipped().get(name)
    assert purpose.legal_basis
    assert set(purpose.evidence) == set(KINDS)
    for kind, rule in purpose.evidence.items():
        for path in rule.fields:
            assert field_type(catalogue().by_name(kind).json, path.split(".")), (kind, path)


def test_p3_an_unknown_purpose_is_refused() -> None:
    with pytest.raises(RecordRejected) as caught:
        shipped().get("curiosity")
    assert caught.value.code == "PURPOSE_UNKNOWN"


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
    rule = EvidenceRule(("holder.name", "holder.address.text", "holder.valid_until"), frozenset())
    assert minimal(record, rule) == {"holder": {"name": "A", "address": {"text": "x"}, "valid_until": "2030-01-02"}}


def test_p3_a_business_licence_needs_more_than_a_channel() -> None:
    purpose = shipped().get("connection-application")
    assert not purpose.accepts("licence.business", "CHANNEL_ONLY")
    assert purpose.accepts("licence.business", "SIGNED_RESPONSE")
    assert not purpose.accepts("licence.unheard-of", "SIGNED_RESPONSE")

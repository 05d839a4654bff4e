"""Events: what is written is read again, a type is told by its schema id, and its fields are its schema's."""

from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from hub.cases.by import By
from hub.cases.connection.events import Submitted, Wanted
from hub.cases.connection.materials.events import Answering, Told
from hub.cases.events import Entry, Event, Piece, encode, message
from hub.cases.procedure import installed
from hub.cases.steps.events import CaseNumber
from hub.cases.transfer.events import Person
from hub.codec import wire
from hub.codec.catalogue import catalogue, schema_id
from hub.errors import RecordRejected
from hub.topics.declared import CONNECTION_EVENTS

ENVELOPE = {"case_id", "number", "by", "occurred_at_ms", "written_at_ms"}
VALUES: dict[str, Any] = {"string": "x", "int": 3, "long": 4, "boolean": True, "bytes": b"sealed", "null": None}


def types() -> list[type[Event]]:
    return sorted(installed().types, key=lambda one: one.SCHEMA)


def sample(kind: type[Event]) -> Event:
    """An event with a value of each field's type, from the schema."""
    listed = {"pieces": (Piece(1, "crm", "licence.business", 0, b"r" * 16, 2, "t", 1, 5, "SELF"),)}
    listed |= {"needs": (Wanted("licence.business", "uscc", b"w" * 16),), "withdrawn": (1, 2), "sinks": ("crm",)}
    listed |= {"items": (Told("design", "MISSING"),), "nevers": ("construction-permit",)}
    listed |= {"answers": ("", "MATERIAL_FETCHED")} if issubclass(kind, Answering) else {}
    listed |= {"numbers": (CaseNumber(b"n" * 16, "HUB"),), "records": (b"r" * 16,), "parts": ("road",)}
    listed |= {"number_ids": (b"n" * 16,), "holders": (b"h" * 16,)}
    listed |= {"recipients": ("duty-desk",), "days_off": (date(2027, 1, 1),), "make_up_days": ()}
    listed |= {"persons": (Person(b"i" * 16, "OLD", 0, b"sealed"),)}
    given: dict[str, Any] = dict(listed)
    for entry in catalogue().by_name(kind.SCHEMA).json["fields"]:
        name, of = entry["name"], entry["type"]
        if name not in ENVELOPE and name not in given:
            of = next(one for one in of if one != "null") if isinstance(of, list) else of
            given[name] = VALUES.get(of, b"i" * 16) if isinstance(of, str) else date(2026, 3, 2)
    return kind(**{one.name: given[one.name] for one in fields(kind)})


@pytest.mark.parametrize("kind", types(), ids=lambda kind: kind.SCHEMA)
def test_p4_what_is_written_is_read_again(kind: type[Event]) -> None:
    entry = Entry(
        case_id=b"c" * 16, number=7, by=By("token:1", "platform", "app"), occurred_at_ms=1, written_at_ms=2,
        event=sample(kind),
    )  # fmt: skip
    assert installed().types.read(encode(entry)) == entry
    assert wire.decode(encode(entry))[0] == schema_id(kind.SCHEMA)


@pytest.mark.parametrize("kind", types(), ids=lambda kind: kind.SCHEMA)
def test_a_class_has_the_fields_of_its_schema(kind: type[Event]) -> None:
    in_schema = {entry["name"] for entry in catalogue().by_name(kind.SCHEMA).json["fields"]}
    assert {one.name for one in fields(kind)} | ENVELOPE == in_schema


def test_a_message_is_a_cloud_event_of_its_type_and_keyed_by_the_case() -> None:
    entry = Entry(
        case_id=b"c" * 16, number=1, by=By("hub"), occurred_at_ms=1_600_000_000_123, written_at_ms=0,
        event=sample(Submitted),
    )  # fmt: skip
    found = message(entry)
    assert (found.topic, found.key) == (CONNECTION_EVENTS, b"c" * 16)
    assert found.headers["ce_type"] == "cn.onecert.connection.submitted"
    assert found.headers["ce_id"] == f"{'63' * 16}-1"
    assert found.headers["ce_time"] == "2020-09-13T12:26:40.123Z"


def test_a_schema_that_is_no_event_type_is_refused() -> None:
    frame = wire.encode(schema_id("hub.cursor"), {"source": "x", "cursor": "{}", "sealed_at_ms": 0})
    with pytest.raises(RecordRejected, match="SCHEMA_UNKNOWN"):
        installed().types.read(frame)

"""The schemas as they ship: documented, safe to read, their ids never changing, their versions fully compatible."""

import copy
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from hub.codec.avro_body import Body
from hub.codec.catalogue import Catalogue, Schema, catalogue, fingerprint, part_schema
from hub.codec.compatibility import breaks, catalogue_breaks
from hub.errors import Misconfigured, RecordRejected
from hub.records.kinds import KIND_NAMES, KINDS

FILES = sorted({schema.file for schema in catalogue()})
# Given out for good: what an id of this list means is written into history.
PUBLISHED_IDS = {
    1: "hub.record", 2: "hub.unreadable", 3: "hub.cursor", 4: "hub.original", 5: "hub.record", 6: "hub.unreadable",
    11: "licence.resident-id", 12: "licence.business", 13: "licence.property-title", 14: "project.approval",
    111: "licence.resident-id.holder", 121: "licence.business.enterprise", 122: "licence.business.legal_representative",
    131: "licence.property-title.unit", 132: "licence.property-title.holders",
    141: "project.approval.project", 142: "project.approval.builder",
    31: "application.event", 41: "delivery.event", 51: "lookup.request", 52: "lookup.answer", 53: "lookup.request",
    54: "lookup.query", 55: "lookup.answer", 71: "connection.submitted", 72: "connection.waiting",
    73: "connection.matched", 74: "connection.withdrawn", 91: "delivery.acknowledged", 92: "delivery.refused",
    93: "delivery.stopped", 94: "delivery.held", 95: "delivery.released", 61: "access.event", 101: "access.refused",
    103: "access.asked", 110: "access.erased",
    62: "calendar.imported", 75: "connection.dated", 76: "connection.submitted", 77: "connection.waiting",
    214: "connection.retracted", 215: "connection.cancelled",
    270: "connection.submitted", 271: "connection.rated",
    285: "utility.step", 286: "utility.step.step", 287: "connection.noticed", 288: "connection.overasked",
    315: "connection.handed-over", 316: "connection.undeclared", 317: "connection.declared",
    345: "connection.handed-back",
    318: "transfer.conflicted", 319: "transfer.submitted",
    289: "connection.steps-looked", 300: "access.file",
    220: "connection.agreed", 230: "connection.recalled", 231: "connection.retracted",
    170: "project.approval", 171: "project.approval.project", 172: "project.approval.builder",
    194: "connection.documented", 195: "connection.noticed", 196: "connection.overasked", 197: "access.refused",
    173: "project.information", 174: "project.information.project", 175: "project.information.builder",
}  # fmt: skip


def document(file: str) -> Any:
    return json.loads((resources.files("schemas") / file).read_text("utf-8"))


def fields(schema: Any) -> Iterator[dict[str, Any]]:
    """Every field of every record inside a schema."""
    if isinstance(schema, dict):
        for entry in schema.get("fields", []):
            yield entry
            yield from fields(entry["type"])
        for inner in ("type", "items"):
            yield from fields(schema.get(inner))
    elif isinstance(schema, list):
        for branch in schema:
            yield from fields(branch)


@pytest.mark.parametrize("schema", list(catalogue()), ids=lambda schema: schema.name)
def test_an_id_never_changes_its_schema(schema: Schema) -> None:
    assert fingerprint(schema.json) == schema.fingerprint, "make a new version with a new id"


def test_ids_keep_their_names() -> None:
    known = {schema.id: schema.name for schema in catalogue()} | catalogue().reserved
    assert {number: known.get(number) for number in PUBLISHED_IDS} == PUBLISHED_IDS


def test_every_schema_file_is_in_the_catalogue() -> None:
    root = resources.files("schemas")
    there = {f"{folder.name}/{file.name}" for folder in root.iterdir() if folder.is_dir() for file in folder.iterdir()}
    assert {name for name in there if name.endswith(".avsc")} == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_every_field_is_documented_in_both_languages(file: str) -> None:
    for entry in fields(document(file)):
        assert entry.get("doc", "").strip(), entry["name"]
        assert entry.get("doc_zh", "").strip(), entry["name"]


@pytest.mark.parametrize("schema", list(catalogue()), ids=lambda schema: schema.name)
def test_no_schema_has_a_bomb_in_it(schema: Schema) -> None:
    """No recursion, no items of zero bytes (kafka.md): ``Body`` refuses to be made for such a schema."""
    Body(schema.parsed)


@pytest.mark.parametrize("name", KIND_NAMES)
def test_kinds_say_whose_their_parts_are(name: str) -> None:
    schema = document(KINDS[name].schema.file)
    parts = [entry for entry in schema["fields"] if "hub.role" in entry]
    assert [part["name"] for part in parts] == [part.name for part in KINDS[name].parts]
    for part in parts:
        assert part["hub.subject"] in ("person", "enterprise", "object", "party")
        assert sum("hub.identifier" in entry for entry in fields(part["type"])) == 1
    identifier = KINDS[name].principal.identifier
    assert identifier is not None
    assert schema["hub.entity"] == f"{parts[0]['name']}.{identifier.field}"
    dates = {entry["name"] for entry in next(fields_of(parts[0]))}
    assert not KINDS[name].has_status or {"issued_on", "valid_from", "valid_until"} <= dates


def fields_of(part: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    yield part["type"]["fields"]


def test_an_address_is_the_same_everywhere() -> None:
    found = [
        json.dumps(entry["type"], sort_keys=True)
        for file in FILES
        for entry in fields(document(file))
        if isinstance(entry["type"], dict) and entry["type"].get("name") == "Address"
    ]
    assert len(found) == 6
    assert len(set(found)) == 1


def test_all_versions_are_fully_compatible() -> None:
    assert catalogue_breaks(catalogue()) == {}


def changed(change: Any) -> list[str]:
    """What breaks when version 2 of the business licence is version 1 with ``change`` made to it."""
    first = catalogue().by_name("licence.business")
    second = copy.deepcopy(first.json)
    change(second)
    return [found.direction for found in breaks(json.dumps(second), [first.text])]


def test_a_planted_break_is_found() -> None:
    text = {"name": "new", "type": "string"}
    assert changed(lambda schema: schema["fields"].append(text)) == ["BACKWARD"]
    assert changed(lambda schema: schema["fields"].pop(1)) == ["FORWARD"]
    assert "BACKWARD" in changed(lambda schema: schema["fields"][1].update(type="int"))
    assert changed(lambda schema: schema["fields"][5]["type"]["fields"][0].update(type=["null", "string"])) == [
        "FORWARD"
    ]


def test_what_may_change_does_not_break() -> None:
    assert changed(lambda schema: schema["fields"].append({"name": "new", "type": "string", "default": ""})) == []
    assert changed(lambda schema: schema["fields"][3]["type"]["symbols"].append("NEW")) == []
    assert changed(lambda schema: schema.update(doc="other words")) == []


def test_a_break_with_any_earlier_version_counts() -> None:
    """Compatible with the one before, but not with the one before that."""
    versions = [
        '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}',
        '{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":1}]}',
    ]
    newest = '{"type":"record","name":"R","fields":[]}'
    assert breaks(newest, versions, "FULL") == []
    assert [(found.earlier, found.direction) for found in breaks(newest, versions)] == [(0, "FORWARD")]


def test_a_planted_break_in_the_catalogue_is_named() -> None:
    first = catalogue().by_name("hub.cursor")
    second = copy.deepcopy(first.json)
    second["fields"].append({"name": "new", "type": "string"})
    later = Schema(1_000, first.name, 2, first.file, "", fingerprint(second), second, None)
    assert list(catalogue_breaks(Catalogue([first, later], {}))) == ["hub.cursor.v2"]


def test_no_schema_is_no_schema() -> None:
    with pytest.raises(RecordRejected, match="SCHEMA_UNKNOWN"):
        breaks('{"type": "recrod"}', [])


def test_an_id_cannot_be_given_twice() -> None:
    schema = catalogue().by_name("hub.record")
    with pytest.raises(Misconfigured):
        Catalogue([schema, schema], {})
    with pytest.raises(Misconfigured):
        Catalogue([schema], {schema.id: "other"})
    with pytest.raises(RecordRejected, match="SCHEMA_UNKNOWN"):
        catalogue().by_id(999_999)
    with pytest.raises(KeyError):
        catalogue().by_name("deed")


def test_a_part_is_complete_in_itself() -> None:
    """A type that the file defines in one part and names in another is defined in both parts' schemas."""
    inner = {"type": "record", "name": "Inner", "namespace": "x", "fields": [{"name": "a", "type": "int"}]}
    whole = {
        "type": "record", "name": "Whole", "namespace": "x",
        "fields": [
            {"name": "one", "type": {"type": "record", "name": "One", "fields": [{"name": "inner", "type": inner}]}},
            {"name": "two", "type": {"type": "record", "name": "Two", "fields": [{"name": "inner", "type": "Inner"}]}},
        ],
    }  # fmt: skip
    assert part_schema(whole, "two")["fields"][0]["type"]["fields"] == inner["fields"]

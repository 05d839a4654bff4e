"""The catalogue: schemas by id and by name, and what a schema is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.codec.catalogue import Catalogue, Schema, catalogue, fingerprint, part_schema, schema_id
from hub.errors import Misconfigured, RecordRejected


def schema(number: int, name: str, version: int = 1, record: str = "") -> Schema:
    document = {"type": "record", "name": record or name.title(), "namespace": "x", "fields": []}
    return Schema(number, name, version, "file", "", fingerprint(document), document, None)


def test_a_name_stands_for_its_newest_version() -> None:
    first, second = schema(1, "deed"), schema(2, "deed", 2)
    found = Catalogue([second, schema(3, "other"), first], {4: "old"})
    assert found.by_name("deed") is second
    assert found.by_name("deed", 1) is first
    assert found.versions("deed") == [first, second]
    assert found.names() == ["deed", "other"]
    assert found.reserved == {4: "old"}


def test_what_is_not_there_is_told() -> None:
    found = Catalogue([schema(1, "deed")], {})
    with pytest.raises(KeyError):
        found.by_name("other")
    with pytest.raises(KeyError):
        found.by_name("deed", 2)
    with pytest.raises(RecordRejected, match="SCHEMA_UNKNOWN"):
        found.by_id(2)


@pytest.mark.parametrize(
    ("schemas", "reserved", "said"),
    [
        ([schema(1, "deed"), schema(1, "other")], {}, "the id 1 twice"),
        ([schema(1, "deed")], {1: "old"}, "the id 1 twice"),
        ([schema(1, "deed"), schema(2, "deed")], {}, "the version deed.v1 twice"),
        ([schema(1, "deed", record="One"), schema(2, "other", record="One")], {}, "the Avro record x.One twice"),
    ],
)
def test_p4_nothing_is_given_out_twice(schemas: list[Schema], reserved: dict[int, str], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        Catalogue(schemas, reserved)


def test_every_id_has_a_name_and_code_goes_by_the_name() -> None:
    for one in catalogue():
        assert schema_id(one.name) == catalogue().versions(one.name)[-1].id
    with pytest.raises(KeyError):
        schema_id("deed")


documents = st.recursive(
    st.text(max_size=5) | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "name", "a"]), inner),
    max_leaves=8,
)


@given(documents)
def test_a_fingerprint_does_not_see_documentation_or_the_order_of_keys(document: object) -> None:
    def documented(node: object) -> object:
        if isinstance(node, dict):
            turned = {key: documented(value) for key, value in reversed(node.items())}
            return {"doc": "words", **turned, "doc_zh": "文字"}
        return [documented(one) for one in node] if isinstance(node, list) else node

    assert fingerprint(documented(document)) == fingerprint(document)


def test_a_fingerprint_sees_everything_else() -> None:
    given = {"type": "enum", "symbols": ["A", "B"]}
    assert fingerprint(given) != fingerprint({**given, "symbols": ["B", "A"]})
    assert fingerprint(given) != fingerprint({**given, "hub.max": 5})


def test_a_part_of_a_list_is_the_schema_of_one_item() -> None:
    item = {"type": "record", "name": "Item", "fields": [{"name": "a", "type": "int"}]}
    whole = {
        "type": "record", "name": "Whole", "namespace": "x",
        "fields": [{"name": "items", "type": {"type": "array", "items": item}}],
    }  # fmt: skip
    assert part_schema(whole, "items") == {**item, "namespace": "x"}
    assert "namespace" not in item, "changed in place"

"""Records completed from their schema: defaults for what is missing, dates for texts, nothing in place."""

from typing import Any

import fastavro
import pytest

from hub.codec.defaults import Readers, completer

DAY = {"type": "int", "logicalType": "date"}
INNER = {"type": "record", "name": "Inner", "fields": [{"name": "a", "type": "int", "default": 1}]}
SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Outer",
        "fields": [
            {"name": "text", "type": "string"},
            {"name": "names", "type": {"type": "array", "items": "string"}, "default": []},
            {"name": "inner", "type": INNER},
            {"name": "items", "type": {"type": "array", "items": "Inner"}, "default": []},
            {"name": "day", "type": DAY},
            {"name": "until", "type": ["null", DAY], "default": None},
            {"name": "remark", "type": ["null", "string"], "default": None},
        ],
    }
)
SHOUT = Readers(
    lambda value: value.upper() if isinstance(value, str) else value,
    lambda value: None if value == "never" else value.upper(),
    lambda value: None if value == " " else value,
)


def completed(value: Any, readers: Readers | None = None) -> Any:
    complete = completer(SCHEMA, readers)
    assert complete is not None
    return complete(value)


def test_what_is_missing_has_its_default_and_every_record_a_list_of_its_own() -> None:
    one, other = completed({"inner": {}}), completed({"inner": {}})
    assert one == {"names": [], "items": [], "until": None, "remark": None, "inner": {"a": 1}}
    assert one["names"] is not other["names"]
    assert "text" not in one, "a field without a default stays missing, for the shape check to name"


def test_nothing_is_changed_in_place() -> None:
    given = {"inner": {}, "names": ["x"], "strange": 1}
    assert completed(given)["names"] == ["x"]
    assert completed(given)["strange"] == 1
    assert given == {"inner": {}, "names": ["x"], "strange": 1}


@pytest.mark.parametrize("value", [None, [], "text", {"inner": 1, "items": {}, "day": 5}])
def test_what_has_a_wrong_type_comes_back(value: Any) -> None:
    assert completed(value, SHOUT) == value if not isinstance(value, dict) else completed(value, SHOUT)["inner"] == 1


def test_texts_go_through_the_reader_only_where_the_schema_has_a_date() -> None:
    found = completed({"text": "x", "day": "monday", "until": "never"}, SHOUT)
    assert (found["text"], found["day"], found["until"]) == ("x", "MONDAY", None)
    assert completed({"day": "never", "until": "may"}, SHOUT)["day"] == "NEVER", "a date that must be there"
    assert completed({"day": "monday"})["day"] == "monday", "without a reader"


def test_a_blank_text_may_be_null_only_where_the_schema_says_so() -> None:
    """P3: both ways into the hub have null for nothing."""
    found = completed({"text": " ", "remark": " "}, SHOUT)
    assert (found["text"], found["remark"]) == (" ", None)


def test_a_schema_with_nothing_to_complete_has_no_function() -> None:
    assert completer("string") is None
    assert completer({"type": "array", "items": "string"}) is None
    assert completer(DAY) is None
    assert completer(DAY, SHOUT) is not None

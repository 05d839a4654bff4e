"""Strict JSON of callers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.codec.json_object import read_json
from hub.errors import RecordRejected


@given(st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=5)))
def test_an_object_is_read_as_it_was_written(given_object: dict) -> None:
    assert read_json(json.dumps(given_object).encode("utf-8", "surrogatepass")) == given_object


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"[]", b'"text"', b"1", b"{", b'{"a":1}}', b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}',
        b'{"a":NaN}', b'{"a":[Infinity]}', b'{"a":-Infinity}', b"\xff", b'{"a":"\xff"}', b'{"a":' * 100_000,
    ],
    ids=lambda body: str(body[:16]),
)  # fmt: skip
def test_what_a_reader_could_understand_in_two_ways_is_refused_without_its_words(body: bytes) -> None:
    with pytest.raises(RecordRejected) as told:
        read_json(body)
    assert (told.value.code, told.value.field) == ("UNREADABLE", "")
    assert told.value.__cause__ is None

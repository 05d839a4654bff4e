"""The wire format: what is framed comes back, and no bytes from outside do anything but be refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.errors import RecordRejected

CURSOR = schema_id("hub.cursor")
VALUE = {"source": "business_licence", "cursor": "{}", "sealed_at_ms": 1_772_000_000_000}
FRAME = wire.encode(CURSOR, VALUE)


def test_a_value_comes_back_with_its_schema() -> None:
    assert FRAME[:5] == b"\0" + CURSOR.to_bytes(4, "big")
    assert wire.decode(FRAME) == (CURSOR, VALUE)
    assert wire.schema_id(FRAME) == CURSOR
    assert wire.known(CURSOR)


@pytest.mark.parametrize("value", [{}, {**VALUE, "sealed_at_ms": "now"}, {**VALUE, "cursor": None}])
def test_a_value_that_does_not_fit_is_the_hub_s_own_mistake(value: dict) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        wire.encode(CURSOR, value)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", "UNREADABLE"),
        (b"\0\0\0", "UNREADABLE"),
        (b"{}", "UNREADABLE"),
        (b"\1" + FRAME[1:], "UNREADABLE"),
        (FRAME[:-3], "UNREADABLE"),
        (FRAME + b"x", "TRAILING_BYTES"),
        (b"\0\0\x0f\x42\x3f" + FRAME[5:], "SCHEMA_UNKNOWN"),
        (b"\0\xff\xff\xff\xff", "SCHEMA_UNKNOWN"),
    ],
)
def test_what_is_no_frame_of_the_catalogue_has_a_code(frame: bytes, code: str) -> None:
    with pytest.raises(RecordRejected) as told:
        wire.decode(frame)
    assert told.value.code == code


@given(st.binary(max_size=60), st.booleans())
def test_p1_any_bytes_are_a_value_or_are_refused(data: bytes, framed: bool) -> None:
    frame = FRAME[:5] + data if framed else data
    try:
        found, value = wire.decode(frame)
    except RecordRejected:
        return
    assert wire.decode(wire.encode(found, value))[1] == value


@pytest.mark.parametrize("frame", [b"", b"\0", b"\1\0\0\0\3", b"\0\0\0\0"])
def test_bytes_that_name_no_schema(frame: bytes) -> None:
    assert wire.schema_id(frame) is None

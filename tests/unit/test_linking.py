"""The search for links is itself tested with planted ones (P5)."""

import base64
from hashlib import sha256

import pytest

from tests.linking import View, forms, links

ID = bytes(range(100, 116))
NUMBER = "120101001001GB00001F00010001"


@pytest.mark.parametrize(
    "planted",
    [
        ID,
        ID.hex(),
        ID.hex().upper(),
        base64.b64encode(ID).decode(),
        sha256(ID).digest(),
        sha256(ID).hexdigest(),
        sha256(ID).hexdigest()[:32],
        sha256(ID.hex().encode()).hexdigest(),
        f"case {ID.hex()} was delivered",
        {"deep": [{"er": ID.hex()}]},
    ],
)
def test_an_id_is_recognised_in_every_form(planted: object) -> None:
    one, two = View(), View()
    one.see("a", {"id": ID})
    two.see("x", planted)
    assert links({"one": one, "two": two}, ()) == {("one", "two"): {"id"}}


@pytest.mark.parametrize("text", ["2026-03-02T01:00:00.123Z", "2026-03-02T09:00:00.123+08:00"])
def test_a_time_in_milliseconds_is_recognised_and_one_in_minutes_names_nothing(text: str) -> None:
    one, two, three = View(), View(), View()
    one.see("a", {"occurred_at_ms": 1_772_413_200_123})
    two.see("x", {"at": text})
    three.see("x", {"at": "2026-03-02T09:00+08:00"})
    found = links({"one": one, "two": two, "three": three}, ("two", "three"))
    assert found["one", "two"] == {"occurred_at_ms"}
    assert links({"one": one, "two": two}, ())["one", "two"] == set()
    assert found["one", "three"] == found["two", "three"] == set()


def test_a_hash_over_several_parts_is_recognised() -> None:
    other = bytes(range(16))
    one, two = View(), View()
    one.see_composed("a", {"case_id": ID, "pieces": [{"kind": "licence.business", "record_id": other}]})
    two.see("x", {"key": sha256(ID + b"licence.business\0" + other).hexdigest()[:32]})
    assert links({"one": one, "two": two}, ()) == {("one", "two"): {"composed"}}


def test_a_value_that_many_things_share_names_none_of_them() -> None:
    one, two = View(), View()
    for thing in ("a", "b"):
        one.see(thing, {"clause": NUMBER})
    two.see("x", {"clause": NUMBER})
    assert links({"one": one, "two": two}, ()) == {("one", "two"): set()}


@pytest.mark.parametrize("value", [None, True, 7, "", "LOW", "licence.business", "SIGNED_RESPONSE", b"short"])
def test_words_and_small_numbers_name_nothing(value: object) -> None:
    assert forms(value) == set()

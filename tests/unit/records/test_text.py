"""The one list of characters that hide something, held against the Unicode Character Database."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records import text
from hub.records import version_1 as text_1
from hub.records.address import address_key
from hub.records.identifiers import tidy

SELECTORS = {*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
NO_BREAK = {0xA0, 0x2007, 0x202F}
FILLERS = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
NONCHARACTERS = {*range(0xFDD0, 0xFDF0), *(plane << 16 | low for plane in range(17) for low in (0xFFFE, 0xFFFF))}
NEWER_FORMATS = {0x2065, *range(0x13439, 0x13440)}
"""Formats of Unicode 15, and a place between formats: older tables have them unassigned."""


def hidden(code: int) -> bool:
    return unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp") or code in (
        NO_BREAK | FILLERS | NONCHARACTERS | NEWER_FORMATS
    )


def wanted_fault(code: int) -> str | None:
    if unicodedata.category(chr(code)) == "Cs" or code == 0xFFFD:
        return "TEXT_ENCODING"
    return "TEXT_CONTROL" if hidden(code) else None


def test_the_list_is_what_unicode_says_and_nothing_else() -> None:
    wrong = []
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        found = text.fault(chr(code), 1)
        if found != wanted_fault(code):
            wrong.append(f"U+{code:04X} {category} {found}")
    assert wrong == []


def test_a_caller_s_text_has_no_private_use_either() -> None:
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        wanted = "TEXT_CONTROL" if category == "Co" else wanted_fault(code)
        assert text.callers_fault(chr(code)) == wanted, f"U+{code:04X}"


@pytest.mark.parametrize(
    ("given_text", "limit", "code"),
    [
        ("第一行\n第二行\t完", 500, None),
        ("第一行\u2028第二行", 500, None),
        ("第一行\n第二行", 499, "TEXT_CONTROL"),
        ("铃\u0007", 8000, "TEXT_CONTROL"),
        ("行\u0085", 8000, "TEXT_CONTROL"),
        ("行\n\u202e", 8000, "TEXT_CONTROL"),
        ("行\n\u3164", 8000, "TEXT_CONTROL"),
        ("\ud842\u202e", 9, "TEXT_ENCODING"),
        ("\u202e" * 10, 9, "TEXT_TOO_LONG"),
        ("𠮷野家\u3000天津", 9, None),
        ("王\ue5e5", 9, None),
        ("", 0, None),
        ("王\ufffd", 9, "TEXT_ENCODING"),
        ("锟斤拷公司", 9, "TEXT_ENCODING"),
        ("ï¿½", 9, "TEXT_ENCODING"),
        ("锟铻", 9, None),
        ("naïve", 9, None),
        ("葛\U000e0100城", 9, None),
        ("辻\ufe00", 9, None),
        ("张\xa0三", 9, "TEXT_CONTROL"),
        ("天津\u200e", 9, "TEXT_CONTROL"),
        ("\ufffd\u202e", 9, "TEXT_ENCODING"),
    ],
)
def test_what_is_wrong_has_a_code(given_text: str, limit: int, code: str | None) -> None:
    assert text.fault(given_text, limit) == code


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_simple_text_has_no_fault(given_text: str) -> None:
    assert text.is_plain(given_text) == (text.fault(given_text, 100) is None)
    if text.is_simple(given_text):
        assert text.fault(given_text, 100) is None
        assert text_1.fault(given_text, 100) is None, "what the present version accepts at once, version 1 accepted"


def test_invisible_characters_are_removed_from_numbers_and_keys() -> None:
    """P2: one person, one door, however the number or the address was copied."""
    for code in sorted(SELECTORS | NO_BREAK | FILLERS | {one for one in range(0x110000) if category(one) == "Cf"}):
        number = chr(code) + "36042619910101" + chr(code) + "0071" + chr(code)
        assert tidy(number) == "360426199101010071", f"U+{code:04X}"
        key = address_key("天津市南开区长江道12号" + chr(code))
        assert key == address_key("天津市南开区长江道12号"), f"U+{code:04X}"


def category(code: int) -> str:
    return unicodedata.category(chr(code))


@pytest.mark.parametrize(
    ("given_text", "blank"),
    [("", True), (" \u3000\xa0", True), ("\u200b\ufe0f", True), ("\u3164", True), ("-", False), ("\x00", False)],
)
def test_what_shows_nothing_is_blank(given_text: str, blank: bool) -> None:
    assert text.is_blank(given_text) == blank


# GB 18030-2022, annex: the two-byte codes that had characters of the private use area before.
MOVED = {
    "a6d9": 0xFE10, "a6da": 0xFE12, "a6db": 0xFE11, "a6dc": 0xFE13, "a6dd": 0xFE14, "a6de": 0xFE15, "a6df": 0xFE16,
    "a6ec": 0xFE17, "a6ed": 0xFE18, "a6f3": 0xFE19, "fe59": 0x9FB4, "fe61": 0x9FB5, "fe66": 0x9FB6, "fe67": 0x9FB7,
    "fe6d": 0x9FB8, "fe7e": 0x9FB9, "fe90": 0x9FBA, "fea0": 0x9FBB,
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["gb18030", "GB18030", "gb18030_2000"])
def test_gb18030_is_read_as_its_edition_of_2022(encoding: str) -> None:
    for code, character in MOVED.items():
        assert text.decode(bytes.fromhex(code), encoding) == chr(character), code


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Co"]), max_size=9))
def test_every_other_character_of_gb18030_stays(given_text: str) -> None:
    assert text.decode(given_text.encode("gb18030"), "gb18030") == given_text
    assert text.decode(given_text.encode(), "utf-8") == given_text


@given(st.text(max_size=30))
def test_stripped_texts_have_no_blank_at_their_ends(given_text: str) -> None:
    stripped = text.strip(given_text)
    assert stripped in given_text
    assert not stripped or not (stripped[0].isspace() or stripped[-1].isspace())

"""The one list of characters that hide something, held against the Unicode Character Database."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records import text

SELECTORS = {*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
FILLERS = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
NONCHARACTERS = {*range(0xFDD0, 0xFDF0), *(plane << 16 | low for plane in range(17) for low in (0xFFFE, 0xFFFF))}
NEWER_FORMATS = {0x2065, *range(0x13439, 0x13440)}
"""Formats of Unicode 15, and a place between formats: older tables have them unassigned."""


def hidden(code: int) -> bool:
    return unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp") or code in (
        SELECTORS | FILLERS | NONCHARACTERS | NEWER_FORMATS
    )


def test_the_list_is_what_unicode_says_and_nothing_else() -> None:
    wrong = []
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        found = text.fault(chr(code), 1)
        wanted = "TEXT_ENCODING" if category == "Cs" else "TEXT_CONTROL" if hidden(code) else None
        if found != wanted:
            wrong.append(f"U+{code:04X} {category} {found}")
    assert wrong == []


def test_a_caller_s_text_has_no_private_use_either() -> None:
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        wanted = "TEXT_ENCODING" if category == "Cs" else "TEXT_CONTROL" if hidden(code) or category == "Co" else None
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
    ],
)
def test_what_is_wrong_has_a_code(given_text: str, limit: int, code: str | None) -> None:
    assert text.fault(given_text, limit) == code


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_text_is_plain_just_when_no_short_field_refuses_it(given_text: str) -> None:
    assert text.is_plain(given_text) == (text.fault(given_text, 100) is None)


@given(st.text(max_size=30))
def test_stripped_texts_have_no_blank_at_their_ends(given_text: str) -> None:
    stripped = text.strip(given_text)
    assert stripped in given_text
    assert not stripped or not (stripped[0].isspace() or stripped[-1].isspace())
    assert not stripped or {stripped[0], stripped[-1]}.isdisjoint(text.ZERO_WIDTH)

"""Spellings of one character that mean the same: folded before identifiers and addresses are compared.

Full width becomes half width. Superscripts, circled figures and fractions are not folded: 12² is not 122, and 1① is not
11.
"""

import unicodedata
from functools import lru_cache
from typing import Final

from hub.records.text import without_invisible

_FORMS: Final = frozenset(("<wide>", "<narrow>", "<small>", "<vertical>", "<font>", "<noBreak>"))
"""Tags of the Unicode Character Database: the character is another one in another form (UAX #44)."""
_ALIKE: Final = (range(0x2160, 0x2180), range(0x2E80, 0x2FE0))
"""Roman numerals, and radicals that programs write instead of the character."""
_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−－﹣─━"), "-")


@lru_cache(maxsize=8_192)
def _folded(character: str) -> str:
    tag = unicodedata.decomposition(character).partition(" ")[0]
    if tag in _FORMS or any(ord(character) in alike for alike in _ALIKE):
        return unicodedata.normalize("NFKC", character)
    return character


def half_width(text: str) -> str:
    """The text in half width, with one kind of dash and without characters that show nothing."""
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", without_invisible(text)).translate(_DASHES)
    return "".join(map(_folded, composed))


def fold(text: str) -> str:
    """The text in half width, with one kind of dash, without characters that show nothing and without spaces.

    >>> fold("１２ －３\\u200e号"), fold("12²号"), fold("1①")
    ('12-3号', '12²号', '1①')
    """
    return "".join(half_width(text).split())

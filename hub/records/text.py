"""Texts from outside: one list of characters that are invisible, that control, or that change direction, and one check.

Applications, the mappings of connectors, files for ``hub check`` and the rules all use this list. A text with such a
character can look like another text, so it is refused and never shown or compared. In numbers and in keys of addresses
the invisible ones are removed: copying leaves them there.

Source: the general categories of the Unicode Character Database, version 14 and later; UAX #9 (direction); UTS #39
(invisible characters). A test compares the list with ``unicodedata``.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_CONTROLS: Final = "\x00-\x1f\x7f-\x9f\u2028\u2029"
"""Cc, Zl, Zp: controls, and separators of lines and paragraphs."""
_BREAKS: Final = "\t\n\r\u2028\u2029"
"""Those that a long text may contain."""
_FORMATS: Final = (
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f"
)
"""Cf: zero width, joiners, marks and overrides of direction, the byte order mark, tags."""
_SELECTORS: Final = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Variation selectors (Mn). Names need them: they choose between two shapes of one character (UTS #37). They are no
visible characters."""
_NO_BREAK: Final = "\xa0\u2007\u202f"
"""No-break spaces: they look like a space and are another character."""
_FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters, marks and signs that show nothing: Hangul fillers, the empty Braille pattern, the grapheme joiner."""
_NONCHARACTERS: Final = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17)
)
_PRIVATE: Final = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
"""Co: a character that only one system knows."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# U+FFFD; and what becomes of its bytes when they are read as GBK, or as Latin-1.
_LOST: Final = re.compile("\ufffd|锟斤拷|ï¿½")
# Printable characters that need a closer look: invisible ones, and the first of each alternative of _LOST.
_PRINTABLE: Final = re.compile(f"[{_SELECTORS}{_FILLERS}\ufffd锟ï]")
_HIDDEN: Final = re.compile(f"[{_CONTROLS}{_FORMATS}{_NO_BREAK}{_FILLERS}{_NONCHARACTERS}]")
_FOREIGN: Final = re.compile(f"{_HIDDEN.pattern}|[{_PRIVATE}]")

_INVISIBLE: Final = re.compile(f"[{_FORMATS}{_SELECTORS}{_FILLERS}]")
ZERO_WIDTH: Final = "\u200b\ufeff"
"""Characters that copying leaves at the ends of texts."""
_BLANK: Final = "".join(filter(str.isspace, map(chr, range(0x3001)))) + ZERO_WIDTH
_VISIBLE: Final = re.compile(f"[^{_FORMATS}{_SELECTORS}{_FILLERS}{_BLANK}]")
LONG_TEXT_CHARACTERS: Final = 500
"""A field that allows texts of this length or more also allows line breaks."""


def strip(text: str) -> str:
    """The text without blanks, of any width or none, at its start and end. Other invisible characters stay there: a
    name with one is refused.

    >>> strip("\\u3000天津 \\xa0\\ufeff")
    '天津'
    """
    return text.strip(_BLANK)


def visible(text: str) -> str | None:
    """The text as by ``strip``, ``None`` when it has no visible character.

    >>> visible(" 无\\u3000"), visible(" \\u3000\\u200b\\u2060"), visible("")
    ('无', None, None)
    """
    text = text.strip(_BLANK)
    return text if text and (text.isascii() or _VISIBLE.search(text)) else None


def without_invisible(text: str) -> str:
    """The text without characters that show nothing and are no control. Copying leaves them inside identifiers and
    addresses.

    >>> without_invisible("\\u200e1201\\u2060 04\\ufe0f")
    '1201 04'
    """
    return text if text.isascii() else _INVISIBLE.sub("", text)


def is_blank(text: str) -> bool:
    """Whether the text has no visible character.

    >>> is_blank(" \\u3000\\u200b"), is_blank("无")
    (True, False)
    """
    return _VISIBLE.search(text) is None


def is_plain(text: str) -> bool:
    """Whether the text has no hidden character and no lost one.

    >>> is_plain("naïve"), is_plain("葛\\U000e0100城"), is_plain("a\\u202eb"), is_plain("\\ufffd")
    (True, True, False, False)
    """
    return is_simple(text) or not (has_lost(text) or _HIDDEN.search(text))


def is_simple(text: str) -> bool:
    """Whether the text surely has no fault in any field, under any version of the rules; quick. ``fault`` gives the
    exact answer for the others."""
    return _PRINTABLE.search(text) is None and (
        text.isprintable() or (_HIDDEN.search(text) is None and _SURROGATE.search(text) is None)
    )


def is_encodable(text: str) -> bool:
    """Whether the text has a form in UTF-8: no lone surrogate is in it."""
    return _SURROGATE.search(text) is None


def fault(text: str, characters_max: int) -> str | None:
    """The code of the fault in a text of a record, ``None`` for a good text: TEXT_TOO_LONG, TEXT_ENCODING (a lone
    surrogate, which UTF-8 cannot encode, or U+FFFD: characters were lost before), TEXT_CONTROL. Where
    ``characters_max`` is 500 or more, line breaks and tabs are allowed. Private use characters are allowed: sources
    with old tables write rare names with them.

    >>> fault("天津", 2), fault("天津市", 2), fault("a\\x00", 9), fault("\\ufffd", 9), fault("a\\u3164", 9)
    (None, 'TEXT_TOO_LONG', 'TEXT_CONTROL', 'TEXT_ENCODING', 'TEXT_CONTROL')
    """
    if len(text) > characters_max:
        return "TEXT_TOO_LONG"
    if is_simple(text):
        return None
    if has_lost(text):
        return "TEXT_ENCODING"
    return "TEXT_CONTROL" if _any_hidden(text, characters_max >= LONG_TEXT_CHARACTERS) else None


def has_lost(text: str) -> bool:
    """Whether characters of the text were lost when another program read or wrote it.

    >>> has_lost("王\\ufffd"), has_lost("锟斤拷"), has_lost("王")
    (True, True, False)
    """
    return _SURROGATE.search(text) is not None or _LOST.search(text) is not None


def _any_hidden(text: str, breaks: bool) -> bool:
    found: Iterable[re.Match[str]] = _HIDDEN.finditer(text)
    return any(not (breaks and match[0] in _BREAKS) for match in found)


def callers_fault(text: str) -> str | None:
    """The code of the fault in a text that a caller of the hub typed: TEXT_ENCODING or TEXT_CONTROL, ``None`` for a
    good text. Line breaks and private use characters are TEXT_CONTROL too. The length is not checked.

    >>> callers_fault("王小明"), callers_fault("王\\u202e小明"), callers_fault("王\\ue5e5")
    (None, 'TEXT_CONTROL', 'TEXT_CONTROL')
    """
    if has_lost(text):
        return "TEXT_ENCODING"
    return "TEXT_CONTROL" if _FOREIGN.search(text) else None


# The eighteen characters that GB 18030-2022 moved from the private use area. Python's codec has the edition of 2000.
_MOVED: Final = dict(
    zip(
        (*range(0xE78D, 0xE797), 0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864),
        "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
        strict=True,
    )
)
_MAY_BE_MOVED: Final = re.compile("[\ue78d-\ue864]")


def label(value: str, characters_max: int) -> str:
    """A number or code of another system without the blanks around it; "" for one that is none: empty, too long, or
    with a character that cannot be seen.

    >>> label(" A1 ", 64), label("A\\x001", 64)
    ('A1', '')
    """
    found = strip(value)
    return "" if callers_fault(found) or len(found) > characters_max else found


def decode(data: bytes, encoding: str) -> str:
    """Bytes as a text, with GB 18030 as in its edition of 2022. Raises ``UnicodeDecodeError``, and ``LookupError`` for
    an unknown encoding.

    >>> ascii(decode(bytes.fromhex("fe59"), "gb18030"))
    "'\\\\u9fb4'"
    """
    return current(data.decode(encoding), encoding)


def current(text: str, encoding: str) -> str:
    """A text that Python decoded from ``encoding``, as today's edition of that encoding has it."""
    if _MAY_BE_MOVED.search(text) and codecs.lookup(encoding).name == "gb18030":
        return text.translate(_MOVED)
    return text


# ---- spellings of one character that mean the same ------------------------------------------------------------------
# Full width becomes half width before identifiers and addresses are compared. Superscripts, circled figures and
# fractions are not folded: 12² is not 122, and 1① is not 11.
_FORM_TAGS: Final = frozenset(("<wide>", "<narrow>", "<small>", "<vertical>", "<font>", "<noBreak>"))
"""Tags of the Unicode Character Database: the character is another one in another form (UAX #44)."""
_ALIKE: Final = (range(0x2160, 0x2180), range(0x2E80, 0x2FE0))
"""Roman numerals, and radicals that programs write instead of the character."""
_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−－﹣─━"), "-")


class _Folding(dict[int, str]):
    """Character → what it is in half width, for ``str.translate``; remembers the characters that were asked for."""

    def __missing__(self, code: int) -> str:
        found = _folded(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = found
        return found


def _folded(character: str) -> str:
    tag = unicodedata.decomposition(character).partition(" ")[0]
    if tag in _FORM_TAGS or any(ord(character) in alike for alike in _ALIKE):
        return unicodedata.normalize("NFKC", character)
    return character


_REMEMBERED: Final = 8_192
_FOLDING: Final = _Folding(_DASHES)


def half_width(text: str) -> str:
    """The text in half width, with one kind of dash and without characters that show nothing."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", without_invisible(text)).translate(_FOLDING)


def fold(text: str) -> str:
    """The text in half width, with one kind of dash, without characters that show nothing and without spaces.

    >>> fold("１２ －３\\u200e号"), fold("12²号"), fold("1①")
    ('12-3号', '12²号', '1①')
    """
    return "".join((text if text.isascii() else half_width(text)).split())

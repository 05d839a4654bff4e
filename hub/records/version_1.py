"""The check of texts of rules version 1, and what else the shape check of that version needs. They judge history (P4):
never change them."""

import re
from datetime import date
from typing import Final

EARLIEST: Final = date.min

_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029"
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f"
    "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    "\ufdd0-\ufdef" + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17)) + "]"
)
_BREAKS: Final = "\t\n\r\u2028\u2029"


def fault(text: str, characters_max: int) -> str | None:
    """The code of the fault in a text of a record, ``None`` for a good text.

    >>> fault("\\ufffd", 9), fault("葛\\ufe00", 9), fault("a\\nb", 500)
    (None, 'TEXT_CONTROL', None)
    """
    if len(text) > characters_max:
        return "TEXT_TOO_LONG"
    if re.search("[\ud800-\udfff]", text):
        return "TEXT_ENCODING"
    hidden = {match[0] for match in _HIDDEN.finditer(text)}
    return "TEXT_CONTROL" if hidden - set(_BREAKS if characters_max >= 500 else "") else None

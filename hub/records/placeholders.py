"""What registers write where they know nothing: 无, /, 0, 不详, a number with stars. It identifies no person and no
thing: all who have it would become one (P2)."""

import re
from typing import Final

_WORDS: Final = re.compile(
    "(?:暂?无(?:名|此项)?|[没未]有|暂?缺失?|空白?|略|不[详明清知]|未(?:知|提供|登记|填写?|录入|办理)|待(?:补充?|定|核实?|查)|其[他它]|同上|测试"
    "|无?(?:证件?|身份证|护照)?(?:号码?)?|NULL|NONE|NIL|NAN|NA|UNKNOWN|UNDEFINED|EMPTY|TEST)"
)
_SIGN: Final = re.compile(r"[\W_]")
_MASK: Final = re.compile(r"[*＊×✕✖●○◯■□◆◇★☆※?？]|某|[Xx]{3,}|(?<![A-Za-z])[Xx]{2}(?![A-Za-z])")
_REFERS: Final = re.compile("附[页记件表]|同上|详见|见附|不详|未知|无证|待补")
_GROUPING: Final = re.compile(r"[-/.()·、]")
_SEQUENCES: Final = "01234567890123456789", "98765432109876543210"
_SHORTEST: Final = 4
"""Characters of the shortest number of a document."""


def is_placeholder(text: str) -> bool:
    """Whether the text says only that nothing is known.

    >>> [is_placeholder(text) for text in ("无", "N/A", "——", "无 证件号", "无锡")]
    [True, True, True, True, False]
    """
    bare = _SIGN.sub("", text).upper()
    return _WORDS.fullmatch(bare) is not None


def is_masked(text: str) -> bool:
    """Whether characters of the text are hidden.

    >>> [is_masked(text) for text in ("1201**********1234", "某某路", "XX路", "12号X座")]
    [True, True, True, False]
    """
    return _MASK.search(text) is not None


def is_number(text: str) -> bool:
    """Whether a tidy text can be the number of one document. A placeholder cannot, nor a masked number, a single
    character, a word, one figure repeated, or figures that only count up or down.

    >>> [is_number(text) for text in ("E12345678", "A123456(7)", "军字第2001988号")]
    [True, True, True]
    >>> [is_number(text) for text in ("/", "0", "不详", "E1****678", "E00000000", "12345678", "见附页12")]
    [False, False, False, False, False, False, False]
    """
    bare = _GROUPING.sub("", text)
    figures = re.sub(r"[^0-9]", "", bare)
    if len(bare) < _SHORTEST or not bare.isalnum() or is_masked(bare) or _REFERS.search(bare):
        return False
    return len(set(figures)) > 1 and not (figures == bare and any(figures in sequence for sequence in _SEQUENCES))

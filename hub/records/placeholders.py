"""What registers write where they know nothing: 无, /, 0, 不详, a number with stars. It identifies no person and no
thing: all who have it would become one (P2)."""

import re
from typing import Final

_WORDS: Final = re.compile(
    "(?:暂?[无無](?:名|此项|效)?|[没未]有|暂?缺失?|空[白号]?|略|不(?:[详祥明清知]|知道|清楚)|未(?:知|提供|登记|填写?|录入|办理|查到)"
    "|待(?:补充?|定|核实?|查)|其[他它]|[同如][上前]|测试|查[无無]|查询不到|(?:请|自行)填写|保密|[遗丢]失|(?:补|办理?)[办理]?中|临时号?"
    "|(?:[无無]|没有)?(?:[证證]件?|身份[证證]|[护護]照|军官证)?(?:号码?|號碼?)?|NULL|NONE|NIL|NAN|NA|NO|UNKNOWN|UNDEFINED|EMPTY|TEST)"
)
_SIGN: Final = re.compile(r"[\W_]")
_MASK: Final = re.compile(r"[*＊×✕✖●○◯■□◆◇★☆※?？]|某|[Xx]{3,}|(?<![A-Za-z])[Xx]{2}(?![A-Za-z])")
_REFERS: Final = re.compile("附[页记件表]|同上|详见|见[附备]|另附|不详|未知|[无無][证證]|待补")
_GROUPING: Final = re.compile(r"[-/.()·、]")
_SEQUENCES: Final = "01234567890123456789", "98765432109876543210"
_PERIODIC: Final = re.compile("(.{1,5})\\1++(.{0,4})")
_RUN: Final = re.compile(r"(.)\1+")
_RUNS: Final = re.compile(r"(?:([0-9])\1++)++")
_WORD_AND_FIGURES: Final = re.compile("(?:TEST|NULL|NONE|ABCD?|ASDF|XX+)[0-9]*X?")
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
    character, a word, one figure that is repeated or stands among zeros (00000001), or figures that only count up or
    down, or repeat a few (123123123), also before a last X.

    >>> [is_number(text) for text in ("E12345678", "A123456(7)", "军字第2001988号")]
    [True, True, True]
    >>> [is_number(text) for text in ("/", "0", "不详", "E1****678", "E00000000", "12345678", "见附页12")]
    [False, False, False, False, False, False, False]
    >>> [is_number(text) for text in ("00000001", "123123123", "123456X", "TEST123", "112233")]
    [False, False, False, False, False]
    """
    bare = _GROUPING.sub("", text)
    figures = re.sub(r"[^0-9]", "", bare)
    if len(bare) < _SHORTEST or not bare.isalnum() or is_masked(bare) or refers(bare) or is_placeholder(bare):
        return False
    if len(set(figures)) < 2 or _WORD_AND_FIGURES.fullmatch(bare):
        return False
    return figures != bare.removesuffix("X") or not is_made_up(figures)


def refers(text: str) -> bool:
    """Whether the text only says where something is, or that it is not known.

    >>> refers("见附页12"), refers("津0012")
    (True, False)
    """
    return _REFERS.search(text) is not None


def is_made_up(figures: str) -> bool:
    """Whether figures, ASCII, are such as people type for an unknown number: they count, repeat up to five, or have one
    figure among zeros.

    >>> [is_made_up(figures) for figures in ("345678", "12121212", "10000000", "120104199")]
    [True, True, True, False]
    """
    once = _RUN.sub(r"\1", figures) if _RUNS.fullmatch(figures) else figures
    if len(figures.strip("0")) < 2 or any(shown in sequence for sequence in _SEQUENCES for shown in (figures, once)):
        return True
    period = _PERIODIC.fullmatch(figures)
    return period is not None and period[1].startswith(period[2])

"""Chinese numerals in addresses: numbers of doors become figures, figures in the names of roads become numerals."""

from typing import Final

_DIGITS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")}
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
_FORMAL: Final = str.maketrans("壹贰貳叁肆伍陆柒捌玖拾佰仟", "一二二三四五六七八九十百千")
NUMERAL: Final = "[一二三四五六七八九十零][零一二三四五六七八九十百千]{0,6}"
"""Pattern of a numeral below 10,000."""
FORMAL_NUMERAL: Final = "[壹贰貳叁肆伍陆柒捌玖拾][零壹贰貳叁肆伍陆柒捌玖拾佰仟]{0,6}"
"""Pattern of one in the characters that accountants use."""


def number_of(numeral: str) -> str:
    """A numeral as figures: by its value, or digit by digit where it has no unit.

    >>> [number_of(text) for text in ("三", "十二", "二十", "三十一", "二零一", "一百零五", "壹拾贰")]
    ['3', '12', '20', '31', '201', '105', '12']
    """
    plain = numeral.translate(_FORMAL)
    if not any(unit in plain for unit in _UNITS):
        return "".join(str(_DIGITS[character]) for character in plain)
    total, digit = 0, 0
    for character in plain:
        if character in _UNITS:
            total += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            digit = _DIGITS[character]
    return str(total + digit)


def in_chinese(number: int) -> str:
    """A number from 0 to 999 as a numeral.

    >>> [in_chinese(number) for number in (4, 10, 12, 20, 105, 110, 999)]
    ['四', '十', '十二', '二十', '一百零五', '一百一十', '九百九十九']
    """
    names = "零一二三四五六七八九"
    if number < 20:
        return names[number] if number < 10 else "十" + (names[number - 10] if number > 10 else "")
    if number < 100:
        return names[number // 10] + "十" + (names[number % 10] if number % 10 else "")
    rest = number % 100
    if not rest:
        return f"{names[number // 100]}百"
    return f"{names[number // 100]}百" + (
        f"零{names[rest]}" if rest < 10 else ("一" if rest < 20 else "") + in_chinese(rest)
    )

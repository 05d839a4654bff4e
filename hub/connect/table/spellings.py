"""How old rows spell a number."""

from collections.abc import Sequence

from hub.records.identifiers import tidy

_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def spelled(by: str, value: str) -> Sequence[str]:
    """The texts to look for in a table when the question ``by`` has ``value``."""
    return [spelling for number in numbers(by, value) for spelling in spellings(number)]


def numbers(by: str, value: str) -> list[str]:
    """The numbers that old rows may have for a holder: also the 15-digit number, or the organisation code.

    >>> numbers("uscc", "91110000600037341L"), numbers("resident-id", "360426199101010071")
    (['91110000600037341L', '600037341', '60003734-1'], ['360426199101010071', '360426910101007'])
    """
    number = tidy(value)
    if by == "uscc":
        code = number[8:17]
        return [number, code, f"{code[:8]}-{code[8:]}"]
    if by == "resident-id" and number[6:8] == "19":
        return [number, number[:6] + number[8:17]]
    return [number]


def spellings(number: str) -> list[str]:
    """The ways in which a number is found in a table: as it should be, in small letters, in groups of four, in full
    width.

    >>> spellings("12X4 5")
    ['12X45', '12x45', '12X4 5', '12X4 5 ', '１２Ｘ４５']
    """
    clean = tidy(number)
    groups = " ".join(clean[start : start + 4] for start in range(0, len(clean), 4))
    return list(dict.fromkeys((clean, clean.lower(), groups, f"{groups} ", clean.translate(_FULL_WIDTH))))

"""Defects of rows. Each has a name and the reason code that a hub must give (docs/codes.md)."""

from typing import NamedTuple


class Defect(NamedTuple):
    """A defect: its ``name``, and the reason ``code`` of the verdict. ``anonymous``: a reader may find no key in it."""

    name: str
    code: str
    anonymous: bool = False


def wrong_check(code: str) -> str:
    """The same identifier with another last character of the same alphabet.

    >>> wrong_check("91110000600037341L"), wrong_check("110101199001010070")
    ('91110000600037341M', '110101199001010071')
    """
    last = code[-1]
    step = {"9": "0", "H": "J", "N": "P", "R": "T", "U": "W", "Y": "0", "X": "0", "Z": "0"}
    return code[:-1] + step.get(last, chr(ord(last) + 1))

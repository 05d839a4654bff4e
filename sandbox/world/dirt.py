"""Dirt: untidy spellings of real rows that a hub must accept. They do not make a record wrong."""

from sandbox.world.draw import Draw

_FULL_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")
_FULL_LETTERS = {code: code + 0xFEE0 for code in range(ord("A"), ord("Z") + 1)}
_BRACKETS = (str.maketrans("（）", "()"), str.maketrans("()", "（）"))


def full_width(text: str) -> str:
    """Digits as a Chinese input method leaves them.

    >>> full_width("3号楼")
    '３号楼'
    """
    return text.translate(_FULL_DIGITS)


def full_width_code(text: str) -> str:
    """Digits and capital letters, both full width."""
    return text.translate(_FULL_DIGITS).translate(_FULL_LETTERS)


def other_brackets(text: str) -> str:
    """``（）`` for ``()`` or the other way round."""
    return text.translate(_BRACKETS[0] if "（" in text else _BRACKETS[1])


def spaced_code(text: str) -> str:
    """A number in groups of four, with a blank at the end, as people copy it."""
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4)) + " "


def lower_code(text: str) -> str:
    """Letters in lower case."""
    return text.lower()


def dirty_code(draw: Draw, code: str) -> str:
    """An identifier in one of its untidy spellings."""
    return draw.pick((full_width_code, spaced_code, lower_code))(code)


def spaced_address(address: str) -> str:
    """An address with a blank after the building number."""
    return address.replace("号楼", "号楼 ")


def padded(text: str) -> str:
    """Between a full-width blank and an ordinary one."""
    return f"　{text} "


def dirty_address(draw: Draw, address: str) -> str:
    """An address in one of its untidy spellings."""
    return draw.pick((full_width, spaced_address, padded))(address)

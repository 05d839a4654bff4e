"""The key of a row, of one column or of several, as one text."""

from collections.abc import Sequence
from typing import Any


def joined(parts: Sequence[str]) -> str:
    """The parts of a key as one text; different parts never give the same one. A key of one part is that part.

    >>> joined(["a/b"]), joined(["a/b", "c"]), joined(["a", "b/c"]), joined(["a", ""])
    ('a/b', 'a%2Fb/c', 'a/b%2Fc', '')
    """
    if not all(parts):
        return ""
    return parts[0] if len(parts) == 1 else "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def split(key: str, size: int) -> list[str]:
    """The parts of a text that ``joined`` made of ``size`` parts. Raises ``ValueError`` for another number of parts.

    >>> split("a%2Fb/c", 2), split("a/b", 1)
    (['a/b', 'c'], ['a/b'])
    """
    parts = [key] if size == 1 else [part.replace("%2F", "/").replace("%25", "%") for part in key.split("/")]
    if len(parts) != size:
        raise ValueError(f"a key here has {size} parts")
    return parts


def has_parts(key: Any, size: int) -> bool:
    """Whether ``key`` is none, or a text that ``joined`` made of ``size`` parts."""
    return key is None or (isinstance(key, str) and (size == 1 or key.count("/") == size - 1))

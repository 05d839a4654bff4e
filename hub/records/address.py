"""Chinese addresses: one spelling to compare."""

import unicodedata
from collections.abc import Mapping
from typing import Any


def normalise(text: str) -> str:
    """Half-width forms, no spaces.

    >>> normalise("天津市 南开区（南）")
    '天津市南开区(南)'
    """
    return "".join(unicodedata.normalize("NFKC", text).split())


def address_key(value: str | Mapping[str, Any]) -> str:
    """What two spellings of one address have in common; "" when there is nothing to compare."""
    return normalise(value if isinstance(value, str) else value["text"])

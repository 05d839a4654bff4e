"""The form of a record: what a person may see of a source's rows before they are trusted (P5).

A text is shown by its form: ``津(2021)南开区…`` becomes ``字(9999)字字字…``. So wrong characters and numbers are
visible, and no person can be recognised.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.ports import Fault, SourceRow
from hub.records.kinds import KINDS
from hub.records.shape import check_shape

_OPEN = ("authority", "region", "status", "assurance")
_FORM_CHARACTERS_MAX = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """One row: the form of its key, its version, its masked record (``None`` when unreadable), its faults."""

    key: str
    version: int
    record: Mapping[str, Any] | None
    faults: Sequence[Fault]

    def plain(self) -> dict[str, Any]:
        """The row as plain JSON."""
        faults = [one._asdict() for one in self.faults]
        return {"key": self.key, "version": self.version, "record": self.record, "faults": faults}


def seen(row: SourceRow, kind: str) -> Seen:
    """What is shown of a row of ``kind``."""
    if row.record is None:
        return Seen(form(row.key), row.version, None, row.faults or (Fault("UNREADABLE"),))
    faults = check_shape(kind, KINDS[kind].complete(row.record))
    return Seen(form(row.key), row.version, masked(row.record), faults)


def masked(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record whose texts are reduced to their form, except open fields and the hub's own words."""
    return {name: value if name in _OPEN else _masked(value) for name, value in record.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, date):
        return "9999-99-99"
    if isinstance(value, str):
        return value if value.replace("_", "").isalpha() and value.isascii() and value.isupper() else form(value)
    return value


def form(text: str) -> str:
    """The form of a text: digits as 9, letters as A or a, other characters as 字. Blanks, signs and widths stay.

    >>> form("津（2021）南开区不动产权第100号 "), form("９１１l")
    ('字（9999）字字字字字字字字999字 ', '９９９a')
    """
    shown = "".join(_sign(character) for character in text[:_FORM_CHARACTERS_MAX])
    return f"{shown}…({len(text)})" if len(text) > _FORM_CHARACTERS_MAX else shown


def _sign(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return "9" if character.isascii() else "９"
    if category in ("Lu", "Ll"):
        return "A" if category == "Lu" else "a"
    if category.startswith(("L", "N", "M")):
        return "字"
    return character if category[0] in "PSZ" else f"\\x{ord(character):02x}"

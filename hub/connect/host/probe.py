"""Probe: look at the first rows of a source before it is used. It writes nothing and shows no personal value.

A text is shown by its form: ``津(2021)南开区…`` becomes ``字(9999)字字字…``. So wrong characters and numbers are
visible, and no person can be recognised (P5).
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, runtime_checkable

from hub.connect.host.guard import GuardedSource
from hub.errors import Unavailable
from hub.logging import mask
from hub.ports import Cursor, Fault, SourceRow
from hub.records.kinds import KINDS
from hub.records.shape import check_shape

_OPEN = ("authority", "region", "status", "assurance")
_FORM_CHARACTERS_MAX = 60
_EMPTY_PAGES_MAX = 20
"""Pages without a row, one after the other, after which a probe ends."""


@runtime_checkable
class Drifting(Protocol):
    """A source that can compare its columns with what its mapping reads."""

    def drift(self) -> tuple[list[str], list[str]]:
        """(Columns that are new, columns that are missing)."""


@runtime_checkable
class Remarking(Protocol):
    """A source that can say what is wrong with it as a whole."""

    def remark(self) -> str:
        """What a person should know, "" for nothing."""


@dataclass(frozen=True, slots=True)
class Probed:
    """One row: the form of its key, its version, its masked record (``None`` when unreadable), its faults."""

    key: str
    version: int
    record: Mapping[str, Any] | None
    faults: Sequence[Fault]


@dataclass(slots=True)
class Probe:
    """The result of a probe. ``unknown_codes`` counts rows by (column, masked code). ``remark``: what the source says
    of itself."""

    rows: list[Probed] = field(default_factory=list)
    unknown_codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    strange_columns: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)
    remark: str = ""

    @property
    def clean(self) -> bool:
        """Whether there are no unknown codes, no differing columns, no faults and no remark."""
        drift = self.unknown_codes or self.strange_columns or self.missing_columns or self.remark
        return not drift and not any(row.faults for row in self.rows)

    def plain(self) -> dict[str, Any]:
        """The result as plain JSON, for ``--json``."""
        return {
            "rows": [
                {
                    "key": row.key,
                    "version": row.version,
                    "record": row.record,
                    "faults": [one._asdict() for one in row.faults],
                }
                for row in self.rows
            ],
            "unknown_codes": [
                {"column": column, "code": code, "rows": count} for (column, code), count in self.unknown_codes.items()
            ],
            "strange_columns": self.strange_columns,
            "missing_columns": self.missing_columns,
        }


def probe(source: GuardedSource, limit: int) -> Probe:
    """Read up to ``limit`` rows from the beginning. Raises ``Unavailable`` or ``Misconfigured`` as the source does."""
    found = Probe()
    seen: set[str] = set()
    for row in _first(source, limit):
        found.rows.append(_probed(row, source.context.info.kind))
        columns = list(_columns(row.raw))
        seen.update(name for name, _ in columns)
        _count_unknown(columns, source, found)
    if isinstance(source.inner, Drifting):
        found.strange_columns, found.missing_columns = source.inner.drift()
    elif seen:
        known = set(source.context.info.columns)
        found.strange_columns, found.missing_columns = sorted(seen - known), sorted(known - seen)
    if isinstance(source.inner, Remarking):
        found.remark = source.inner.remark()
    return found


def _first(source: GuardedSource, limit: int) -> Iterator[SourceRow]:
    cursor: Cursor | None = None
    left = limit
    empty = 0
    while left > 0:
        page = source.fetch(cursor)
        empty = 0 if page.rows else empty + 1
        if empty > _EMPTY_PAGES_MAX:
            raise Unavailable(
                f"{source.context.info.name}: {empty} pages without a row, and the source says it has more"
            )
        yield from page.rows[:left]
        left -= len(page.rows)
        cursor = page.cursor
        if not page.more and not page.rows:
            return


def _probed(row: SourceRow, kind: str) -> Probed:
    if row.record is None:
        return Probed(form(row.key), row.version, None, row.faults or (Fault("UNREADABLE"),))
    faults = check_shape(kind, KINDS[kind].complete(row.record))
    return Probed(form(row.key), row.version, masked(row.record), faults)


def _columns(raw: bytes) -> Iterator[tuple[str, Any]]:
    """(Column, value) of a row's original, at any depth."""
    try:
        yield from _leaves(json.loads(raw))
    except (ValueError, RecursionError):
        return


def _leaves(value: Any) -> Iterator[tuple[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            for name, inner in item.items():
                if isinstance(inner, (dict, list)):
                    yield from _leaves(inner)
                else:
                    yield name, inner


def _count_unknown(columns: Sequence[tuple[str, Any]], source: GuardedSource, found: Probe) -> None:
    codes = source.context.codes
    for name, value in columns:
        if codes.knows(name) and value is not None and codes.find(name, value) is None:
            found.unknown_codes[name, mask(str(value))[:20]] += 1


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

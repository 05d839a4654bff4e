"""Rows of a batch as rows of a declared source: their key, version and operation."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from hub.connect.declared.rows import DeclaredRow
from hub.connect.files.batch import Columns
from hub.connect.files.spec import FilesSpec
from hub.connect.rowkeys import joined
from hub.errors import RecordRejected
from hub.ports import UNVERSIONED, Fault, Stored
from hub.records.dates import read_instant
from hub.records.identifiers import tidy

_VERSION = "source.version"
_VERSION_END = 2**63
_FIGURES_MAX = 18
_EXACT_END = 2**53
_BESIDE = ("operation", "batch", "line")
"""What the content of a row has beside its columns."""


class Rows:
    """Makes rows of one source. Immutable. ``mapped``: the columns that its mapping reads; key, version and operation
    are no part of a row's content unless they are among them."""

    def __init__(self, spec: FilesSpec, mapped: Collection[str]) -> None:
        self._spec = spec
        self._own = frozenset((*spec.key, spec.version, spec.operation)) - frozenset(mapped)

    def declared(self, sequence: int, number: int, found: Columns | RecordRejected) -> DeclaredRow:
        """The row ``number`` of the batch ``sequence``. What is wrong with it is its fault, and part of its content."""
        if isinstance(found, RecordRejected):
            place = {"batch": sequence, "line": number, **_told(fault := Fault(found.code, found.field))}
            return DeclaredRow("", UNVERSIONED, "UPSERT", {}, fault, beside=place)
        key = joined([_text(found.get(name)) for name in self._spec.key])
        version, late = _version(self._spec, sequence, found)
        operation, odd = _operation(self._spec, found)
        wrong = late or odd if key else Fault("SHAPE_MISSING", "source.key")
        columns = {name: value for name, value in found.items() if name not in self._own}
        return DeclaredRow(key, version, operation, columns, wrong, beside=_told(wrong) if wrong else {})

    def stored(self, given: Stored) -> DeclaredRow:
        """The row that the hub's bytes of it hold."""
        content = json.loads(given.raw.decode("utf-8", "surrogatepass"))
        fault = Fault(*content.pop("fault")) if "fault" in content else None
        columns = content.pop("row") | {name: value for name, value in content.items() if name not in _BESIDE}
        return DeclaredRow(given.key, given.version, given.operation, columns, fault)


def _told(fault: Fault) -> dict[str, Any]:
    return {"fault": list(fault)}


def _text(value: Any) -> str:
    """A cell as the text of a key or a code."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_END:
        value = int(value)
    return tidy(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _operation(spec: FilesSpec, columns: Mapping[str, Any]) -> tuple[str, Fault | None]:
    if not spec.operation:
        return "UPSERT", None
    code = _text(columns.get(spec.operation))
    word = spec.operations.get(code)
    if word:
        return word, None
    return "UPSERT", Fault("SHAPE_TYPE" if code else "SHAPE_MISSING", "source.operation")


def _version(spec: FilesSpec, sequence: int, columns: Mapping[str, Any]) -> tuple[int, Fault | None]:
    if not spec.version:
        return sequence, None
    given = columns.get(spec.version)
    if given is None or given == "":
        return UNVERSIONED, Fault("SHAPE_MISSING", _VERSION)
    found = _number(given) if spec.version_as == "number" else milliseconds(given)
    if found is None or found < 0:
        return UNVERSIONED, Fault("SHAPE_TYPE", _VERSION)
    return (found, None) if found < _VERSION_END else (UNVERSIONED, Fault("NUMBER_TOO_LARGE", _VERSION))


def _number(given: Any) -> int | None:
    text = _text(given)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _FIGURES_MAX else None


def milliseconds(given: Any) -> int | None:
    """A time of a file, in ms since 1970; Beijing time where it has no offset. ``None`` for what is none.

    >>> milliseconds("2026-03-01 08:00:00"), milliseconds("2026-03-01T00:00:00Z"), milliseconds("1.3.26")
    (1772323200000, 1772323200000, None)
    """
    return read_instant(given.isoformat(sep=" ") if isinstance(given, datetime) else str(given))

"""The one way from a declared transport's row to a ``SourceRow``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from hub.connect.context import Context
from hub.connect.declared.reading import Unread
from hub.connect.mapping import canonical, to_row, told
from hub.grants.originals import UNREADABLE, allows, withheld
from hub.ports import NAMELESS, Fault, Plain, SourceRow

_PLAIN: Final = frozenset((str, type(None), int, float, bool, bytes, Decimal, date, datetime))
_INNER: Final = (list, Mapping, Unread)
_CONTENT: Final = ("operation", "row")
"""The hub's own names in canonical bytes. An object or list of a source with such a name is among the plain columns."""


@dataclass(frozen=True, slots=True)
class DeclaredRow:
    """One row as a transport read it.

    ``key`` and ``version`` as in ``SourceRow`` ("" for a row without a key); ``operation``: UPSERT or DELETE.
    ``columns``: name → value in an order that is always the same; values may be objects and lists of objects (the lines
    of a table's child stand under its name). ``fault``: what is wrong with key, version or operation.
    ``beside``: what belongs to the content beside the columns, for example an update time that is a fault.
    """

    key: str
    version: int
    operation: str
    columns: Mapping[str, Any]
    fault: Fault | None = None
    revision: int = 0
    beside: Mapping[str, Any] = field(default_factory=dict)


def row_of(context: Context, row: DeclaredRow, raw: bytes | None = None, proof: bytes = b"") -> SourceRow:
    """The row without what its grant does not have, mapped by the folder's ``mapping.toml``, or with its faults.

    ``raw``: the bytes that the source signed or sent; without them, and where a column was dropped, the canonical JSON
    of what is left. A signature does not cover such a rest: the proof is left out, and the record says CHANNEL_ONLY.
    Of bytes that could not be read at all the digest stays, unless the grant has each of their columns.
    """
    columns, dropped = _granted(context, row.columns)
    unsigned = dropped and bool(proof)
    content = canonical(_content(row, columns)) if raw is None or dropped else raw
    key = row.key or f"{NAMELESS}{sha256(content).hexdigest()}"
    if raw is not None and not row.columns and not (context.grant is None or allows(context.grant, raw)):
        context.dropped.add((UNREADABLE,))
        content, dropped = withheld(raw), True

    def mapping() -> Plain:
        if row.fault:
            told(*row.fault)
            if not row.columns:
                return {}  # a row that could not be read at all has this one fault
        record = context.mapper(key, row.version, row.operation, columns)
        return record | {"assurance": "CHANNEL_ONLY"} if unsigned else record

    return to_row(key, row.version, content, mapping, b"" if dropped else proof, row.revision)


def _granted(context: Context, columns: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    if Unread not in map(type, columns.values()):
        return context.granted(columns)
    # The number of lines that were not read is no field of the source.
    unread = {name: value for name, value in columns.items() if type(value) is Unread}
    rest, dropped = context.granted({name: value for name, value in columns.items() if name not in unread})
    return {**rest, **unread}, dropped


def _content(row: DeclaredRow, columns: Mapping[str, Any]) -> dict[str, Any]:
    """What the canonical bytes hold: the operation, the plain columns under ``row``, then each object and list."""
    nested = {
        name: value
        for name, value in columns.items()
        if type(value) not in _PLAIN and isinstance(value, _INNER) and name not in _CONTENT
    }
    plain = {name: value for name, value in columns.items() if name not in nested}
    return {"operation": row.operation, **row.beside, "row": plain, **nested}


def columns_of(content: Any) -> Any:
    """The columns of a row whose bytes were read as JSON: of canonical bytes those that went into them, of a source's
    own bytes what they hold."""
    if not isinstance(content, dict) or not isinstance(content.get("row"), dict) or "operation" not in content:
        return content
    return content["row"] | {name: value for name, value in content.items() if name not in _CONTENT}

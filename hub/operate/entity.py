"""What the hub has of one thing: its current records of all sources, and for each field the highest authority that
states it. It is put together to be looked at, in memory only; nothing of it is written or sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.ports import Plain, RecordLog, Store
from hub.privacy.opening import Opener
from hub.records.authorities import Authorities, Picked, picked
from hub.records.kinds import KINDS
from hub.records.tables import RANK, current, record

ROWS_MAX = 200
"""Current records of one thing that are looked at."""


@dataclass(frozen=True, slots=True)
class Said:
    """One current record of a thing. ``rank``: that of its authority, 0 for the highest; ``counts``: whether fields are
    taken from it (it is there, can be opened, and is the one of its rank)."""

    record_id: bytes
    source: str
    authority: str
    rank: int
    status: str
    operation: str
    version: int
    counts: bool


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing. ``records``: the highest authority first. ``fields``: dotted field → its value, personal (P5), and the
    place in ``records`` of the one that says it. ``more``: it has more records than ``ROWS_MAX``."""

    entity_id: bytes
    kind: str
    records: Sequence[Said]
    fields: Mapping[str, Picked] = field(repr=False)
    more: bool = False


def entity(store: Store, log: RecordLog, opener: Opener, authorities: Authorities, wanted: bytes) -> Entity | None:
    """The thing with this id, or that the current record with this id is about; ``None`` when there is none. Raises
    ``Unavailable`` when a store or the log is."""
    with store.read() as connection:
        rows = _rows(connection, wanted)
    if not rows:
        return None
    kind = rows[0].kind

    def rank(row: Row[Any]) -> int:
        return authorities.rank(kind, row.source, row.authority)

    ordered = sorted(rows[:ROWS_MAX], key=_newest, reverse=True)
    ordered.sort(key=lambda row: (rank(row), row.operation != "UPSERT", row.status != "CURRENT"))
    first = {rank(row): row for row in reversed(ordered) if row.operation == "UPSERT"}
    opened = {row.record_id: one for row in first.values() if (one := _opened(log, opener, row)) is not None}
    fields = picked(KINDS[kind], (opened.get(row.record_id, {}) for row in ordered))
    records = [_said(row, rank(row), row.record_id in opened) for row in ordered]
    return Entity(bytes(rows[0].entity_id), kind, records, fields, len(rows) > ROWS_MAX)


def _rows(connection: Connection, wanted: bytes) -> list[Row[Any]]:
    named = (
        select(current.c.entity_id).where((current.c.entity_id == wanted) | (current.c.record_id == wanted)).limit(1)
    )
    found = connection.execute(named).scalar()
    if found is None:
        return []
    query = (
        select(record)
        .join(current, current.c.record_id == record.c.record_id)
        .where(current.c.entity_id == found)
        .limit(ROWS_MAX + 1)
    )
    return list(connection.execute(query))


def _newest(row: Row[Any]) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in RANK)


def _opened(log: RecordLog, opener: Opener, row: Row[Any]) -> Plain | None:
    """The plain record; ``None`` when its topic does not have it, or it does not open (a person was erased)."""
    message = log.read(row.topic, row.partition, row.offset)
    return opener.open([message.value])[0].record if message else None


def _said(row: Row[Any], rank: int, counts: bool) -> Said:
    named = bytes(row.record_id), row.source, row.authority
    return Said(*named, rank, row.status, row.operation, row.version, counts)

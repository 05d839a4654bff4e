"""Evidence whose record is not in force any more at its source: a later version of its row, or its deletion, was
verified after a case was met by it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from hub.cases import reasons
from hub.cases.case import PieceState
from hub.cases.evidence import changes, needs
from hub.cases.evidence.changes import Effect
from hub.cases.evidence.needs import Need, NeedState
from hub.cases.evidence.tables import need
from hub.cases.tables import piece
from hub.clock import SKEW_S
from hub.records.tables import current, record, record_link

_CHUNK = 500
_FIRST_MS = 946_684_800_000
"""2000-01-01. No sequence of rows gets so far."""
_HAS_IT = (PieceState.ACKNOWLEDGED.value, PieceState.PENDING.value)


class Now(NamedTuple):
    """The current version of a row: its id, whether it is in force, when its source changed it (``None`` where that
    gives no time) and when the hub verified it (business time, ms)."""

    record_id: bytes
    in_force: bool
    changed_ms: int | None
    learned_ms: int

    @property
    def reason(self) -> str:
        """Why a former version is not in force any more."""
        return reasons.CHANGED if self.in_force else reasons.NOT_CURRENT


class Over(NamedTuple):
    """A need whose record is not in force any more, what is instead of it, and the pieces by which sinks have it or may
    get it: sink → number."""

    need: Need
    now: Now
    pieces: Mapping[str, int]


def replaced(connection: Connection, record_ids: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """(case's id, kind) of the needs that were met by a former version of the rows of these records: of every
    procedure's cases."""
    if connection.execute(select(need.c.kind).where(need.c.state == NeedState.MET.value).limit(1)).first() is None:
        return []
    found: set[tuple[bytes, str]] = set()
    for start in range(0, len(record_ids), _CHUNK):
        if versions := former(connection, record_ids[start : start + _CHUNK]):
            found.update((bytes(row.case_id), row.kind) for row in connection.execute(_met_by(versions)))
    return sorted(found)


def former(connection: Connection, record_ids: Sequence[bytes]) -> list[bytes]:
    """The other versions of the rows of these records."""
    chunks = (record_ids[start : start + _CHUNK] for start in range(0, len(record_ids), _CHUNK))
    return [bytes(one) for chunk in chunks for one in connection.execute(_former(chunk)).scalars()]


def _former(record_ids: Sequence[bytes]) -> Select[Any]:
    later = record.alias("later")
    rows = record.join(later, (later.c.row_id == record.c.row_id) & (later.c.record_id != record.c.record_id))
    return select(record.c.record_id).select_from(rows).where(later.c.record_id.in_(record_ids)).distinct()


def _met_by(record_ids: Sequence[bytes]) -> Select[Any]:
    """A record that meets a need is linked to its id, by which the need is found."""
    linked = record_link.join(need, need.c.wanted_id == record_link.c.link_id)
    met = need.c.state == NeedState.MET.value, need.c.record_id == record_link.c.record_id
    return select(need.c.case_id, need.c.kind).select_from(linked).where(record_link.c.record_id.in_(record_ids), *met)


def all_replaced(connection: Connection) -> list[tuple[bytes, str]]:
    """As ``replaced``, of every record."""
    rows = need.join(record, record.c.record_id == need.c.record_id).join(current, current.c.row_id == record.c.row_id)
    query = select(need.c.case_id, need.c.kind).select_from(rows)
    other = need.c.state == NeedState.MET.value, current.c.record_id != need.c.record_id
    return [(bytes(row.case_id), row.kind) for row in connection.execute(query.where(*other))]


def over(connection: Connection, wanted: Mapping[bytes, Collection[str]]) -> dict[bytes, list[Over]]:
    """What is over of these needs (case → kinds), with its pieces."""
    return {
        case_id: [
            Over(one, found, _pieces(connection, case_id, one))
            for one in met
            if (found := now(connection, one.record_id)) and found.record_id != one.record_id
        ]
        for case_id, met in needs.met(connection, wanted).items()
    }


def now(connection: Connection, record_id: bytes | None) -> Now | None:
    """The current version of the row of a record. ``None`` when there is none."""
    of = record.alias("of")
    rows = of.join(current, current.c.row_id == of.c.row_id).join(record, record.c.record_id == current.c.record_id)
    columns = current.c.record_id, current.c.version, current.c.status, current.c.operation, record.c.judged_ms
    row = connection.execute(select(*columns).select_from(rows).where(of.c.record_id == record_id)).one_or_none()
    if row is None:
        return None
    in_force = changes.of(row.status, row.operation).effect is Effect.CONTINUES
    return Now(bytes(row.record_id), in_force, changed_ms(row.version, row.judged_ms), int(row.judged_ms))


def changed_ms(version: int, learned_ms: int) -> int | None:
    """When a source changed its row, ms since the epoch, from the row's version: that is a time in milliseconds, or a
    sequence. ``None`` for a sequence, and for a time that the hub could not have learned of.

    >>> changed_ms(1_600_000_000_000, 1_700_000_000_000), changed_ms(17, 1_700_000_000_000)
    (1600000000000, None)
    """
    return version if _FIRST_MS <= version <= learned_ms + SKEW_S * 1000 else None


def _pieces(connection: Connection, case_id: bytes, met: Need) -> dict[str, int]:
    query = select(piece.c.sink, piece.c.piece).where(
        piece.c.case_id == case_id,
        piece.c.kind == met.kind,
        piece.c.record_id == met.record_id,
        piece.c.reading == met.reading,
        piece.c.state.in_(_HAS_IT),
    )
    return {row.sink: row.piece for row in connection.execute(query)}

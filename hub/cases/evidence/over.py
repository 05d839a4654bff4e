"""Evidence whose record is not in force any more: a later version of its row, or its deletion, was verified after a
case was met by it, or a higher authority said that its thing is not in force."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, or_, select

from hub.cases import reasons
from hub.cases.case import PieceState
from hub.cases.evidence import changes, needs
from hub.cases.evidence.changes import Effect
from hub.cases.evidence.needs import Need, NeedState
from hub.cases.evidence.tables import need
from hub.cases.tables import piece
from hub.clock import SKEW_S
from hub.records.authorities import Authorities
from hub.records.tables import RANK, current, record, record_link

_CHUNK = 500
_FIRST_MS = 946_684_800_000
"""2000-01-01. No sequence of rows gets so far."""
_IN_FORCE = ("CURRENT", "UPSERT")
_HAS_IT = (PieceState.ACKNOWLEDGED.value, PieceState.PENDING.value)


class Now(NamedTuple):
    """What counts instead of a record, the current version of its row or of a higher authority's: its id, whether it is
    in force, when its source changed it (``None`` where that gives no time) and when the hub verified it (business
    time, ms). ``why``: another reason than that it is not the newest word, "" for none."""

    record_id: bytes
    in_force: bool
    changed_ms: int | None
    learned_ms: int
    why: str = ""

    @property
    def reason(self) -> str:
        """Why a former version is not in force any more."""
        return self.why or (reasons.CHANGED if self.in_force else reasons.NOT_CURRENT)

    def said(self) -> dict[str, Any]:
        """What an event says of it."""
        times = {"changed_ms": self.changed_ms, "learned_ms": self.learned_ms}
        return {"reason": self.reason, "later_id": self.record_id, **times}


class Over(NamedTuple):
    """A need whose record is not in force any more, what is instead of it, and the pieces by which sinks have it or may
    get it: sink → number."""

    need: Need
    now: Now
    pieces: Mapping[str, int]


def replaced(connection: Connection, record_ids: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """(case's id, kind) of the needs that were met by a record that one of these may have displaced: of every
    procedure's cases."""
    if connection.execute(select(need.c.kind).where(need.c.state == NeedState.MET.value).limit(1)).first() is None:
        return []
    found: set[tuple[bytes, str]] = set()
    for start in range(0, len(record_ids), _CHUNK):
        if before := displaced(connection, record_ids[start : start + _CHUNK]):
            found.update((bytes(row.case_id), row.kind) for row in connection.execute(_met_by(before)))
    return sorted(found)


def displaced(connection: Connection, record_ids: Sequence[bytes]) -> list[bytes]:
    """The records that these may have displaced: the other versions of their rows, and those that other sources have of
    a thing that is not in force by these. Whose word counts is not asked here."""
    chunks = [record_ids[start : start + _CHUNK] for start in range(0, len(record_ids), _CHUNK)]
    queries = [query for chunk in chunks for query in (_former(chunk), _of_other_rows(chunk).where(_is_over(_WORD)))]
    return list({bytes(one): None for query in queries for one in connection.execute(query).scalars()})


def of_things(connection: Connection, record_ids: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """(case's id, kind) of the needs that were met by a record of another row, of whose thing one of these speaks."""
    found: set[tuple[bytes, str]] = set()
    for start in range(0, len(record_ids), _CHUNK):
        if others := list(connection.execute(_of_other_rows(record_ids[start : start + _CHUNK])).scalars()):
            found.update((bytes(row.case_id), row.kind) for row in connection.execute(_met_by(others)))
    return sorted(found)


def _former(record_ids: Sequence[bytes]) -> Select[Any]:
    later = record.alias("later")
    rows = record.join(later, (later.c.row_id == record.c.row_id) & (later.c.record_id != record.c.record_id))
    return select(record.c.record_id).select_from(rows).where(later.c.record_id.in_(record_ids)).distinct()


_WORD = current.alias("word")


def _of_other_rows(record_ids: Sequence[bytes]) -> Select[Any]:
    """Every version: a case that is over keeps the one that it was met by."""
    said, word, other = record.alias("said"), _WORD, current.alias("other")
    same = (other.c.entity_id == word.c.entity_id) & (other.c.kind == word.c.kind) & (other.c.row_id != word.c.row_id)
    rows = said.join(word, word.c.row_id == said.c.row_id).join(other, same)
    query = select(record.c.record_id).select_from(rows.join(record, record.c.row_id == other.c.row_id)).distinct()
    return query.where(said.c.record_id.in_(record_ids))


def _is_over(word: FromClause) -> ColumnElement[bool]:
    return or_(word.c.status != _IN_FORCE[0], word.c.operation != _IN_FORCE[1])


def _met_by(record_ids: Sequence[bytes]) -> Select[Any]:
    """A record that meets a need is linked to its id, by which the need is found."""
    linked = record_link.join(need, need.c.wanted_id == record_link.c.link_id)
    met = need.c.state == NeedState.MET.value, need.c.record_id == record_link.c.record_id
    return select(need.c.case_id, need.c.kind).select_from(linked).where(record_link.c.record_id.in_(record_ids), *met)


def all_replaced(connection: Connection) -> list[tuple[bytes, str]]:
    """As ``replaced``, of every record."""
    of = need.join(record, record.c.record_id == need.c.record_id)
    later = of.join(current, current.c.row_id == record.c.row_id), current.c.record_id != need.c.record_id
    thing = (current.c.entity_id == record.c.entity_id) & (current.c.kind == record.c.kind)
    ended = of.join(current, thing & (current.c.row_id != record.c.row_id)), _is_over(current)
    query = select(need.c.case_id, need.c.kind).where(need.c.state == NeedState.MET.value).distinct()
    rows = [row for tables, over in (later, ended) for row in connection.execute(query.select_from(tables).where(over))]
    return sorted({(bytes(row.case_id), row.kind) for row in rows})


Told = tuple[str, bytes]
"""What sinks were told last of a record, after the end of their case: the reason, and what counted instead of it."""


def over(
    connection: Connection,
    wanted: Mapping[bytes, Collection[str]],
    authorities: Authorities,
    told: Mapping[tuple[bytes, str], Told],
) -> dict[bytes, list[Over]]:
    """What is over of these needs (case → kinds), with its pieces, where that is news. ``told``: by case and kind."""
    return {
        case_id: [
            Over(one, found, pieces(connection, case_id, one))
            for one in met
            if one.record_id and (found := news(connection, one.record_id, authorities, told.get((case_id, one.kind))))
        ]
        for case_id, met in needs.met(connection, wanted).items()
    }


def news(connection: Connection, record_id: bytes, authorities: Authorities, last: Told | None) -> Now | None:
    """What counts instead of a record, where that is new to one who was told ``last``: what is not in force does not
    end again, and what is in force again by a higher authority is."""
    reason, later_id = last or ("", b"")
    ended = reason == reasons.NOT_CURRENT
    found = instead(connection, record_id, authorities)
    if found is None:
        return again(connection, record_id, authorities) if ended else None
    return None if found.record_id == later_id or (ended and not found.in_force) else found


def instead(connection: Connection, record_id: bytes, authorities: Authorities) -> Now | None:
    """What counts instead of a record: the word of a higher authority that its thing is not in force, otherwise the
    later version of its row. ``None`` while the record counts itself."""
    if higher := overruled(connection, record_id, authorities):
        return now(connection, higher)
    found = now(connection, record_id)
    return found if found and found.record_id != record_id else None


class Word(NamedTuple):
    """What the highest authority that has a thing says of it: its rank, whether anything of it is in force, and the
    newest record that says so."""

    rank: int
    in_force: bool
    record_id: bytes


def overruled(connection: Connection, record_id: bytes, authorities: Authorities) -> bytes | None:
    """The record by which the thing of another record has ended, where that is of a higher authority."""
    found = _above(connection, record_id, authorities)
    return found.record_id if found and not found.in_force else None


def again(connection: Connection, record_id: bytes, authorities: Authorities) -> Now | None:
    """The word of a higher authority that the thing of a record is in force, for one who was told that it is not."""
    found = _above(connection, record_id, authorities)
    return now(connection, found.record_id) if found and found.in_force else None


def _above(connection: Connection, record_id: bytes, authorities: Authorities) -> Word | None:
    one = connection.execute(select(record).where(record.c.record_id == record_id)).one_or_none()
    if one is None or one.entity_id is None:
        return None
    found = word(connection, one.kind, bytes(one.entity_id), authorities)
    return found if found and found.rank < authorities.rank(one.kind, one.source, one.authority) else None


def word(connection: Connection, kind: str, entity_id: bytes, authorities: Authorities) -> Word | None:
    """What the highest authority says of a thing. One row in force is enough: a registry has a row for each co-owner.
    ``None`` where the kind has no ranks, or no one has the thing."""
    if not authorities.ranks(kind):
        return None
    rows = current.join(record, record.c.record_id == current.c.record_id)
    of_thing = current.c.entity_id == entity_id, current.c.kind == kind
    columns = record.c.source, record.c.authority, current.c.status, current.c.operation
    said = [
        (authorities.rank(kind, row.source, row.authority), row)
        for row in connection.execute(select(*columns).select_from(rows).where(*of_thing).distinct())
    ]
    if not said:
        return None
    highest = min(rank for rank, _ in said)
    words = [row for rank, row in said if rank == highest]
    in_force = [row for row in words if (row.status, row.operation) == _IN_FORCE]
    by_them = or_(*(_says(row) for row in in_force or words))
    newest = select(current.c.record_id).select_from(rows).where(*of_thing, by_them)
    found = connection.execute(newest.order_by(*(record.c[name].desc() for name in RANK)).limit(1)).scalar_one()
    return Word(highest, bool(in_force), bytes(found))


def _says(row: Any) -> ColumnElement[bool]:
    said = current.c.status == row.status, current.c.operation == row.operation
    return and_(record.c.source == row.source, record.c.authority == row.authority, *said)


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


def pieces(connection: Connection, case_id: bytes, met: Need) -> dict[str, int]:
    """The pieces by which sinks have what met a need, or may get it: sink → number."""
    query = select(piece.c.sink, piece.c.piece).where(
        piece.c.case_id == case_id,
        piece.c.kind == met.kind,
        piece.c.record_id == met.record_id,
        piece.c.reading == met.reading,
        piece.c.state.in_(_HAS_IT),
    )
    return {row.sink: row.piece for row in connection.execute(query)}

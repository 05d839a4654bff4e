"""Deletions: rows that a source left out of a full reload. They are found by the memory of seen rows.

The source says nothing about such a row. So the deletion repeats the last content that the hub has of the row, opened
from its topic, with the operation DELETE and the version of the reload.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.errors import Misconfigured, TamperDetected
from hub.ingest.seen import Seen, SeenRow
from hub.ports import RecordLog, SourceRow, Store
from hub.privacy.opening import Opened, Opener
from hub.records import tables

AT_ONCE = 500
STILL_MAX_MS = 3_600_000
"""Longest time without a change after which a reload is over."""
_FEW = 20
"""This many rows may vanish from a source of any size."""


class Vanished(NamedTuple):
    """The result of ``find``: the deletions, the row keys to forget when these are durable, and whether more must wait
    for the projections."""

    rows: Sequence[SourceRow]
    forget: Sequence[bytes]
    pending: bool


class Reload:
    """Watches a full reload of a source until it stops. Belongs to one feed; a new one begins to watch again.

    Rows of a reload may come in many transactions, with pauses. It is over when no known row came again for as long as
    the reload has taken so far: a pause in it is shorter than that.
    """

    def __init__(self) -> None:
        self._missing = 0
        self._changed_ms = 0

    def over(self, since: int, missing: int, now_ms: int) -> bool:
        """Whether the reload at version ``since`` (ms) is over, when ``missing`` known rows did not come again yet.
        ``now_ms``: process time."""
        if missing != self._missing:
            self._missing, self._changed_ms = missing, now_ms
        taken_ms = min(max(0, self._changed_ms - since), STILL_MAX_MS)
        return not missing or now_ms - self._changed_ms >= taken_ms

    def found(self, deleted: int) -> None:
        """So many of the missing rows are not missing any more, because their deletion is recorded."""
        self._missing -= deleted


@dataclass(frozen=True)
class Deletions:
    """Finds rows that are missing after a full reload of a source, and makes a deletion of each."""

    log: RecordLog
    store: Store
    opener: Opener
    seen: Seen
    reload: Reload = field(default_factory=Reload)

    def find(self, source: str, since: int, share_max: float, now_ms: int) -> Vanished:
        """At most ``AT_ONCE`` rows that the reload at version ``since`` left out, once it is over (``Reload``). Raises
        ``Misconfigured`` when it left out more than ``share_max`` of the known rows: an operator must decide.
        ``now_ms``: process time."""
        known, vanished = self.seen.counts(source, since)
        if not self.reload.over(since, vanished, now_ms):
            return Vanished((), (), True)
        if vanished > max(_FEW, known * share_max):
            raise Misconfigured(
                f"{source}: a full reload left out {vanished} of {known} rows",
                "ask the source; if it is right, raise connectors."
                f"{source}.vanish_share_max and restart the connector, otherwise wait for its next reload",
            )
        marks = self.seen.vanished(source, since, AT_ONCE)
        found = [self._row(mark, since, places) for places in [self._places(marks)] for mark in marks]
        rows = [row for row in found if isinstance(row, SourceRow)]
        waiting = {mark.row_key for mark, row in zip(marks, found, strict=True) if row is _WAITING}
        forget = [mark.row_key for mark in marks if mark.row_key not in waiting]
        self.reload.found(len(forget))
        return Vanished(rows, forget, bool(waiting) or len(marks) == AT_ONCE)

    def _row(self, mark: SeenRow, since: int, places: "Places") -> "SourceRow | _Waiting | None":
        """The deletion; ``None`` when no record of the row is known; ``_WAITING`` when its verdict is not in the tables
        yet."""
        if mark.row_id is None or mark.record_id is None:
            return None
        if mark.record_id not in places.judged:
            return _WAITING
        place = places.current.get(mark.row_id)
        return self._deletion(place, since) if place else None

    def _deletion(self, place: "Place", since: int) -> SourceRow | None:
        record = self.log.read(place.topic, place.partition, place.offset)
        return _deleted(self.opener.open([record.value])[0], since) if record else None

    def _places(self, marks: Iterable[SeenRow]) -> "Places":
        rows = [mark.row_id for mark in marks if mark.row_id]
        ids = [mark.record_id for mark in marks if mark.record_id]
        with self.store.read() as connection:
            return Places(_judged(connection, ids), _current(connection, rows))


class _Waiting:
    """The last version of the row is not in the projections yet."""


_WAITING = _Waiting()


class Place(NamedTuple):
    """Where a message is on the log."""

    topic: str
    partition: int
    offset: int


class Places(NamedTuple):
    """``judged``: record ids with a verdict. ``current``: row id → place of the current version."""

    judged: frozenset[bytes]
    current: Mapping[bytes, Place]


def _judged(connection: Connection, ids: Sequence[bytes]) -> frozenset[bytes]:
    query = select(tables.record.c.record_id).where(tables.record.c.record_id.in_(ids))
    return frozenset(bytes(found) for found in connection.execute(query).scalars())


def _current(connection: Connection, row_ids: Sequence[bytes]) -> dict[bytes, Place]:
    current, record = tables.current.c, tables.record.c
    query = (
        select(current.row_id, record.topic, record.partition, record.offset)
        .join(tables.record, record.record_id == current.record_id)
        .where(current.row_id.in_(row_ids), current.operation != "DELETE")
    )
    return {bytes(row.row_id): Place(row.topic, row.partition, row.offset) for row in connection.execute(query)}


def _deleted(opened: Opened, since: int) -> SourceRow | None:
    """The deletion of an opened record; ``None`` when it cannot be opened any more because a subject was erased."""
    if opened.record is None:
        return None
    try:
        original = opened.original()
    except TamperDetected:
        return None
    source = {**opened.record["source"], "key": original.key, "version": since, "operation": "DELETE"}
    record = {**opened.record, "source": source}
    return SourceRow(original.key, since, original.raw, record, proof=original.proof, vanished=True)

"""Rows that a source sends to the hub by itself, such as the steps that a utility reports.

    signed call ── rows ── which are new? ── seal ── one transaction: nonce, memory, outbox ── answer
                                                                                   └── relay ── <kind>.received

When the caller gets its answer, every row is durable, and reaches its topic exactly once, in the order of the commits
(P1, P2). The same row again is counted and gets the same answer. Another content of a row is stored beside the first,
and is told as a conflict each time.

Crash points: ``sent.sealed`` (nothing is durable: the caller sends again) and ``sent.committed`` (durable, and not
answered: the caller sends again, and gets the answer that it missed).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, update

from hub.connect.host.guard import GuardedSource
from hub.crash import crash_point
from hub.errors import RecordRejected
from hub.ingest.dropped import DroppedColumns
from hub.ingest.tables import sent_row
from hub.ports import NAMELESS, Clock, Fault, Outgoing, SourceRow, Store
from hub.privacy.record_ids import SourceInfo
from hub.privacy.sealing import SealedRow, Sealer, shaped
from hub.records.kinds import KINDS
from hub.records.verdict import Context, judge
from hub.stores import bulk, outbox
from hub.topics.received import Envelopes

ROWS_MAX: Final = 100
"""Rows in one call."""
Admit = Callable[[Connection], None]
"""Called in the transaction that stores what was sent; raises what refuses the whole call."""


class Taken(NamedTuple):
    """What became of one row: its content's id, whether another content of the row was sent before it, and why it
    cannot be read or what no rule accepts, such as a code that is in no table (it is stored, and rejected with these
    reasons)."""

    record_id: bytes
    conflicts: bool
    faults: Sequence[Fault]


class Intake:
    """Takes what sources send. ``source`` gives an opened source by its name. Thread-safe."""

    def __init__(
        self, source: Callable[[str], GuardedSource], store: Store, sealer: Sealer, partitions: int, clock: Clock
    ) -> None:
        self._source = source
        self._store = store
        self._sealer = sealer
        self._partitions = partitions
        self._clock = clock
        self._dropped = DroppedColumns(store)

    def take(self, name: str, items: Sequence[Any], proof: bytes, admit: Admit) -> list[Taken]:
        """Store the rows in ``items`` (JSON values) that the source ``name`` sent in one call; durable on return.

        Raises ``RecordRejected`` for a number of rows beyond 1 to ``ROWS_MAX`` and for one without a key, with nothing
        stored; ``Misconfigured`` as ``GuardedSource.take``; ``Unavailable``; and what ``admit`` raises.
        """
        if not 1 <= len(items) <= ROWS_MAX:
            raise RecordRejected("FIELD_INVALID", "events", allowed=(f"1..{ROWS_MAX}",))
        source = self._source(name)
        info, ids = source.context.info, self._sealer.ids
        rows = [shaped(KINDS[info.kind], row) for row in source.take(items, proof)]
        _check_named(rows)
        contents = [ids.record(info, row, ids.content(row)) for row in rows]
        given = dict(zip(contents, rows, strict=True))
        sealed = self._seal(info, given)
        with self._store.write() as connection:
            admit(connection)
            new = [one for one in sealed.values() if self._is_new(connection, one, name)]
            outbox.put(connection, self._messages(name, new))
            _count_again(connection, Counter(contents) - Counter(one.record_id for one in new))
            firsts = _firsts(connection, list(given))
        crash_point("sent.committed")
        if dropped := source.context.dropped.take():
            self._dropped.add(name, dropped)
        judging = Context.at(self._clock.now())
        return [
            Taken(one, one not in firsts, _faults(info.kind, row, judging))
            for one, row in zip(contents, rows, strict=True)
        ]

    def _seal(self, info: SourceInfo, given: Mapping[bytes, SourceRow]) -> dict[bytes, SealedRow]:
        """The contents that are not stored yet, sealed, in the order of their rows: so two calls with the same rows do
        not block each other."""
        with self._store.read() as connection:
            known = {bytes(one.record_id) for one in _stored(connection, list(given))}
        rows = [row for one, row in given.items() if one not in known]
        sealed = self._sealer.seal_page(info, rows, self._clock.now_ms()) if rows else []
        crash_point("sent.sealed")
        return {one.record_id: one for one in sorted(sealed, key=lambda one: (one.row_id, one.record_id))}

    def _is_new(self, connection: Connection, one: SealedRow, source: str) -> bool:
        """Store what is remembered of a content. False when another call has stored it meanwhile."""
        ids = {"record_id": one.record_id, "row_id": one.row_id, "source": source}
        values = ids | {"first": True, "sent_ms": self._clock.now_ms(), "again": 0}
        columns: dict[str, list[Any]] = {name: [value] for name, value in values.items()}
        if bulk.add(connection, sent_row, columns):
            return True
        return bulk.add(connection, sent_row, columns | {"first": [None]}) > 0

    def _messages(self, source: str, sealed: Sequence[SealedRow]) -> list[outbox.Message]:
        envelopes = Envelopes(source, self._partitions, self._clock.now())
        return [_message(envelopes.message(one)) for one in sealed]


def _faults(kind: str, row: SourceRow, judging: Context) -> Sequence[Fault]:
    """Why a row will be rejected, by the rules that its verification goes by."""
    return row.faults if row.faults or row.record is None else judge(kind, row.record, judging).rejections


def _check_named(rows: Sequence[SourceRow]) -> None:
    nameless = next((place for place, row in enumerate(rows) if row.key.startswith(NAMELESS)), None)
    if nameless is not None:
        raise RecordRejected("FIELD_MISSING", f"events.{nameless}.eventId")


def _message(one: Outgoing) -> outbox.Message:
    assert one.key is not None and one.value is not None
    headers = {name: value.decode() for name, value in one.headers}
    return outbox.Message(one.topic, one.key, one.value, headers, one.timestamp)


def _stored(connection: Connection, contents: Sequence[bytes]) -> list[Any]:
    return bulk.find(connection, [sent_row.c.record_id, sent_row.c.first], sent_row.c.record_id, contents)


def _firsts(connection: Connection, contents: Sequence[bytes]) -> frozenset[bytes]:
    """Those of the contents that were the first of their row."""
    return frozenset(bytes(one.record_id) for one in _stored(connection, contents) if one.first)


def _count_again(connection: Connection, times: Mapping[bytes, int]) -> None:
    for content, count in sorted(times.items()):
        again = update(sent_row).where(sent_row.c.record_id == content)
        connection.execute(again.values(again=sent_row.c.again + count))

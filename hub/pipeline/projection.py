"""Updates the tables of records and their tallies from messages. The stage and ``hub rebuild`` call these functions.

What the tables say in the end does not depend on the order in which topics were read, only on the order within a
partition: verified wins over rejected, and the version that counts is the highest (version, authority), never the last
to arrive.

The conservation line: each verdict on something received adds one ``duplicate``, and each record moves one of them to
its state, ``verified`` or ``rejected``. A record sent again by redrive (``hub_attempt`` 2 and up) was received once,
and so adds none.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from hub.codec import wire
from hub.errors import RecordRejected, TamperDetected
from hub.ports import Batch, LogRecord
from hub.privacy.sealing import RECORD_SCHEMA, UNREADABLE_SCHEMA
from hub.records.tables import current, reason_tally, record, record_link, tally
from hub.stores.bulk import many
from hub.topics import cloudevents
from hub.topics.declared import LOOKUP_RECEIVED

_CHUNK = 5_000
_Row = dict[str, Any]
_TallyKey = tuple[str, str]


class Mention(NamedTuple):
    """A record, its kind, and every opaque id that it can be found by; none for what could not be read."""

    record_id: bytes
    kind: str
    ids: frozenset[bytes]


@dataclass(slots=True)
class Applied:
    """What a batch brought: records newly verified, answers to look-ups as they lie on the topic, and what it adds to
    the tallies, by source and kind."""

    verified: list[Mention] = field(default_factory=list)
    rejected: list[Mention] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(slots=True)
class _Work:
    """Everything that one batch changes, collected before the first statement."""

    known: dict[bytes, _Row] = field(default_factory=dict)
    new: dict[bytes, _Row] = field(default_factory=dict)
    changed: dict[bytes, _Row] = field(default_factory=dict)
    links: list[_Row] = field(default_factory=list)
    applied: Applied = field(default_factory=Applied)


class _Verdict(NamedTuple):
    """One message of a verified or rejected topic."""

    state: str
    batch: Batch
    message: LogRecord
    envelope: _Row


def apply(connection: Connection, batches: Iterable[Batch]) -> Applied:
    """Bring the tables to what is true after ``batches``, but for the tallies, in the caller's transaction; it ends
    with ``count``."""
    work = _Work()
    verdicts: list[_Verdict] = []
    for batch in batches:
        _, _, suffix = batch.topic.rpartition(".")
        if suffix == "received":
            _count_received(batch, work)
        else:
            verdicts.extend(_verdicts(batch, suffix))
    work.known = _known(connection, [one.envelope["record_id"] for one in verdicts])
    for verdict in verdicts:
        _judge(verdict, work)
    _write(connection, work)
    return work.applied


def count(connection: Connection, applied: Applied) -> None:
    """Add to the tallies."""
    _add_counts(connection, tally, ("source", "kind"), _by_line(applied.counts))
    reasons = {key: {"verdicts": number} for key, number in applied.reasons.items()}
    _add_counts(connection, reason_tally, ("source", "kind", "code"), reasons)


# ---- reading -------------------------------------------------------------------------------------------------------


def _count_received(batch: Batch, work: _Work) -> None:
    for message in batch.records:
        headers = dict(message.headers)
        kind_of_event = headers.get(cloudevents.TYPE, b"")
        if kind_of_event == cloudevents.LOOKUP_ANSWERED:
            work.applied.answers.append(message.value or b"")
        elif cloudevents.ATTEMPT not in headers:
            source = cloudevents.connector_of(message.headers)
            kind = _kind(batch.topic, kind_of_event)
            work.applied.counts[source or "outside", kind, "received"] += 1
            work.applied.counts[source or "outside", kind, "looked_up"] += batch.topic == LOOKUP_RECEIVED


def _kind(topic: str, event_type: bytes) -> str:
    if topic != LOOKUP_RECEIVED:
        return topic.rpartition(".")[0]
    return cloudevents.name_of(event_type).removesuffix(".received")


def _verdicts(batch: Batch, state: str) -> list[_Verdict]:
    return [_Verdict(state, batch, message, _envelope(message)) for message in batch.records]


def _envelope(message: LogRecord) -> _Row:
    """The envelope. Raises ``TamperDetected`` for a message that verify did not write: only verify may write there."""
    try:
        schema_id, envelope = wire.decode(message.value or b"")
    except RecordRejected:
        schema_id, envelope = 0, {}
    if schema_id not in (RECORD_SCHEMA, UNREADABLE_SCHEMA):
        raise TamperDetected(f"offset {message.offset} of a verdict topic was not written by this hub")
    return envelope


def _known(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, _Row]:
    columns = (record.c.record_id, record.c.state, record.c.source, record.c.kind, record.c.seen, record.c.offset)
    query = select(*columns).where(record.c.record_id.in_(bindparam("wanted", expanding=True)))
    found: dict[bytes, _Row] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(query, {"wanted": wanted[start : start + _CHUNK]})
        found.update((bytes(row.record_id), dict(row._mapping)) for row in rows)
    return found


# ---- judging what a message changes --------------------------------------------------------------------------------


def _judge(verdict: _Verdict, work: _Work) -> None:
    envelope = verdict.envelope
    record_id, source, kind = envelope["record_id"], envelope["source"]["system"], envelope["kind"]
    seen = 0 if _redriven(verdict.message) else 1
    work.applied.counts[source, kind, "duplicate"] += seen
    if verdict.state == "rejected":
        _count_reasons(verdict, source, kind, work)
        work.applied.rejected.append(Mention(record_id, kind, frozenset(envelope.get("links", ()))))
    before = work.known.get(record_id)
    if before is None:
        _add(verdict, seen, work)
    elif verdict.state == "verified" and before["state"] == "rejected":
        _settle(before, -1, work)
        _add(verdict, before["seen"] + seen, work)
    else:
        _see_again(verdict, before, seen, work)


def _redriven(message: LogRecord) -> bool:
    return any(name == cloudevents.ATTEMPT and value != b"1" for name, value in message.headers)


def _count_reasons(verdict: _Verdict, source: str, kind: str, work: _Work) -> None:
    listed = next((value for name, value in verdict.message.headers if name == cloudevents.REASONS), b"[]")
    for code in {reason["code"] for reason in json.loads(listed)}:
        work.applied.reasons[source, kind, code] += 1


def _add(verdict: _Verdict, seen: int, work: _Work) -> None:
    """A record seen for the first time, or verified at last."""
    row = _row(verdict, seen)
    record_id = row["record_id"]
    target = work.changed if record_id in work.known and record_id not in work.new else work.new
    target[record_id] = row
    work.known[record_id] = row
    _settle(row, 1, work)
    if verdict.state == "verified":
        ids = frozenset((*verdict.envelope["links"], row["entity_id"]))
        work.links.extend({"link_id": one, "record_id": record_id, "row_id": row["row_id"]} for one in ids)
        work.applied.verified.append(Mention(record_id, row["kind"], ids))


def _see_again(verdict: _Verdict, before: _Row, seen: int, work: _Work) -> None:
    before["seen"] += seen
    if verdict.state == before["state"] == "rejected" and verdict.message.offset > before["offset"]:
        # Redrive sends a record again only from its newest rejection.
        before |= _place(verdict)
    if before["record_id"] not in work.new:
        work.changed[before["record_id"]] = before


def _settle(row: _Row, sign: int, work: _Work) -> None:
    """Move one message between ``duplicate`` and the record's state."""
    work.applied.counts[row["source"], row["kind"], row["state"]] += sign
    work.applied.counts[row["source"], row["kind"], "duplicate"] -= sign


def _row(verdict: _Verdict, seen: int) -> _Row:
    envelope, source = verdict.envelope, verdict.envelope["source"]
    return {
        "record_id": envelope["record_id"],
        "kind": envelope["kind"],
        "source": source["system"],
        "row_id": envelope.get("row_id"),
        "entity_id": verdict.message.key,
        "version": source["version"],
        "operation": source["operation"],
        "authority": envelope.get("authority", ""),
        "status": envelope.get("status", "UNKNOWN"),
        "assurance": envelope.get("assurance", ""),
        "issued_month": envelope.get("issued_month"),
        "valid_until_year": envelope.get("valid_until_year"),
        "state": verdict.state,
        "seen": seen,
    } | _place(verdict)


def _place(verdict: _Verdict) -> _Row:
    batch, message = verdict.batch, verdict.message
    return {
        "topic": batch.topic,
        "partition": batch.partition,
        "offset": message.offset,
        "judged_ms": message.timestamp,
    }


# ---- writing -------------------------------------------------------------------------------------------------------


def _write(connection: Connection, work: _Work) -> None:
    many(connection, insert(record), list(work.new.values()))
    for row in work.changed.values():
        values = {name: value for name, value in row.items() if name != "record_id"}
        connection.execute(update(record).where(record.c.record_id == row["record_id"]).values(**values))
    many(connection, insert(record_link), work.links)
    _write_current(connection, work)


def _write_current(connection: Connection, work: _Work) -> None:
    best: dict[bytes, _Row] = {}
    for row in (*work.new.values(), *work.changed.values()):
        if row["state"] == "verified" and "row_id" in row:
            found = best.get(row["row_id"])
            if found is None or _rank(row) > _rank(found):
                best[row["row_id"]] = row
    if not best:
        return
    names = [column.name for column in current.columns]
    statement = upsert(connection, current)
    newer = tuple_(*(statement.excluded[name] for name in _RANK)) > tuple_(*(current.c[name] for name in _RANK))
    values = {name: statement.excluded[name] for name in names if name != "row_id"}
    statement = statement.on_conflict_do_update(index_elements=["row_id"], set_=values, where=newer)
    many(connection, statement, [{name: row[name] for name in names} for row in best.values()])


_RANK = ("version", "authority", "record_id")


def _rank(row: _Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in _RANK)


def _by_line(counts: Counter[tuple[str, str, str]]) -> dict[_TallyKey, dict[str, int]]:
    lines: dict[_TallyKey, dict[str, int]] = {}
    for (source, kind, what), count in counts.items():
        zero = {"received": 0, "looked_up": 0, "verified": 0, "rejected": 0, "duplicate": 0}
        lines.setdefault((source, kind), zero)[what] += count
    return lines


def _add_counts(connection: Connection, table: Table, key: Sequence[str], lines: dict[Any, dict[str, int]]) -> None:
    for at, counts in sorted(lines.items()):  # in one order, so that processes do not wait crosswise
        row = dict(zip(key, at, strict=True)) | counts
        added = {name: table.c[name] + count for name, count in counts.items()}
        statement = upsert(connection, table).values(**row)
        connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=added))


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT that can be told what to do on conflict: SQLAlchemy spells it per dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)

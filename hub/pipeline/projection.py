"""Updates the tables of records and their tallies from messages. The stage and ``hub rebuild`` call these functions.

The result depends only on which messages exist, never on the order in which topics and partitions were read:
``standing`` decides which message describes a record and which record is the current one of a row.

The conservation line: each verdict on a received record adds one ``duplicate``, and each record moves one of them to
its state, ``verified`` or ``rejected``. A record that redrive sent again (``hub_attempt`` 2 or higher) or that was
mapped again from its sealed original (``hub_reading``) was received once, so its verdicts add none. ``readings`` counts
records that were mapped again, ``revised`` the further contents of one version of one row.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.codec import wire
from hub.errors import RecordRejected, TamperDetected
from hub.pipeline import record_writes, waiting
from hub.pipeline.record_writes import Changes
from hub.pipeline.standing import UNOPENED, Contested, Group, Row, contested, group, merged, numbered
from hub.pipeline.standing import standing as standing_of
from hub.pipeline.waiting import Place
from hub.ports import Batch, LogRecord
from hub.privacy.sealing import RECORD_SCHEMA, UNREADABLE_SCHEMA
from hub.records.kinds import KINDS
from hub.records.tables import record
from hub.stores import bulk
from hub.topics import cloudevents
from hub.topics.declared import LOOKUP_RECEIVED, RECORDS_WAITING

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_SOURCE_NAME = re.compile(r"[a-z][a-z0-9_]{1,62}")
_SEALS = frozenset(("SEAL_BROKEN", "ERASED", "KEY_DAMAGED"))
"""Reasons that say: the open part of the message could not be checked."""


class Mention(NamedTuple):
    """A record, its kind, every opaque id that it can be found by, and the subjects in it; no ids for a record that
    could not be read. ``new``: it was not verified before; ``reading``: how often it was mapped again."""

    record_id: bytes
    kind: str
    ids: frozenset[bytes]
    subjects: frozenset[bytes] = frozenset()
    new: bool = True
    reading: int = 0


@dataclass(slots=True)
class Applied:
    """The result of a batch: verified and rejected records, answers to look-ups in wire format, the places of waiting
    records that are released, contents without an order between them, and what the batch adds to the tallies ((source,
    kind, column) and (source, kind, reason code) → count)."""

    verified: list[Mention] = field(default_factory=list)
    rejected: list[Mention] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    released: list[Place] = field(default_factory=list)
    contested: list[Contested] = field(default_factory=list)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(slots=True)
class _Work:
    """Everything about one batch, collected before the first statement."""

    changes: Changes = field(default_factory=Changes)
    applied: Applied = field(default_factory=Applied)
    subjects: dict[bytes, frozenset[bytes]] = field(default_factory=dict)
    """The subjects in each verified record."""
    waiting: list[Row] = field(default_factory=list)
    back: list[Place] = field(default_factory=list)
    """The records that wait, and the places of those that came back to verify."""


class _Verdict(NamedTuple):
    """One message of a verified or rejected topic."""

    state: str
    batch: Batch
    message: LogRecord
    envelope: dict[str, Any]
    readable: bool


def apply(connection: Connection, batches: Iterable[Batch]) -> Applied:
    """Write ``batches`` into the tables of records, except the tallies, in the caller's transaction. The caller must
    call ``count`` at its end. Raises ``TamperDetected`` for a message on a verdict topic that this hub did not write,
    ``IntegrityError`` when another process wrote a record of the same row at the same moment."""
    work = _Work()
    verdicts: list[_Verdict] = []
    for batch in batches:
        _, _, suffix = batch.topic.rpartition(".")
        if suffix == "received":
            _count_received(batch, work)
        elif batch.topic == RECORDS_WAITING:
            work.waiting.extend(waiting.row_of(batch.partition, one, _envelope(one)[0]) for one in batch.records)
        else:
            verdicts.extend(_verdicts(batch, suffix))
    work.changes.before = _known(connection, [one.envelope["record_id"] for one in verdicts])
    work.changes.after = dict(work.changes.before)
    for verdict in verdicts:
        _judge(verdict, work)
    _number(connection, work)
    record_writes.write(connection, work.changes)
    verified = frozenset[bytes]().union(*work.changes.links.values())
    work.applied.released = waiting.settle(connection, work.waiting, work.back, verified)
    work.applied.verified = [_verified(work, one, ids) for one, ids in work.changes.links.items()]
    return work.applied


def _verified(work: _Work, record_id: bytes, ids: frozenset[bytes]) -> Mention:
    before = work.changes.before.get(record_id)
    new = before is None or before["state"] != "verified"
    after = work.changes.after[record_id]
    return Mention(record_id, after["kind"], ids, work.subjects[record_id], new, after["reading"])


def count(connection: Connection, applied: Applied) -> None:
    """Add the counts of a batch to the tallies, in the transaction of ``apply``."""
    record_writes.count(connection, applied.counts, applied.reasons)


# ---- reading -------------------------------------------------------------------------------------------------------


def _count_received(batch: Batch, work: _Work) -> None:
    for message in batch.records:
        kind_of_event = (cloudevents.header(message.headers, cloudevents.TYPE) or ("", b""))[1]
        if kind_of_event == cloudevents.LOOKUP_ANSWERED:
            work.applied.answers.append(message.value or b"")
        elif place := waiting.place_of(batch.partition, message):
            work.back.append(place)
        elif not _sent_again(message):
            source = _named(cloudevents.connector_of(message.headers) or "")
            kind = _kind(batch.topic, kind_of_event)
            what = "readings" if cloudevents.number(message.headers, cloudevents.READING) else "received"
            work.applied.counts[source, kind, what] += 1
            work.applied.counts[source, kind, "looked_up"] += batch.topic == LOOKUP_RECEIVED


def _kind(topic: str, event_type: bytes) -> str:
    """The kind as verify reads it from a message. For an unknown one, the first kind."""
    named = topic.rpartition(".")[0]
    if topic == LOOKUP_RECEIVED:
        named = cloudevents.name_of(event_type).removesuffix(".received")
    return named if named in KINDS else next(iter(KINDS))


def _named(source: str) -> str:
    """A connector's name; "outside" for a text that cannot be one, since any program may have written it."""
    return source if _SOURCE_NAME.fullmatch(source) else "outside"


def _verdicts(batch: Batch, state: str) -> list[_Verdict]:
    return [_Verdict(state, batch, message, *_envelope(message)) for message in batch.records]


def _envelope(message: LogRecord) -> tuple[dict[str, Any], bool]:
    """The envelope, and whether it is a record's. Raises ``TamperDetected`` for a message that verify did not write, as
    no other program may write there."""
    try:
        schema_id, envelope = wire.decode(message.value or b"")
    except RecordRejected:
        schema_id, envelope = 0, {}
    if schema_id not in (RECORD_SCHEMA, UNREADABLE_SCHEMA):
        raise TamperDetected(f"offset {message.offset} of a verdict topic was not written by this hub")
    return envelope, schema_id == RECORD_SCHEMA


def _known(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, Row]:
    """The existing records of these ids, locked, so that no change of another process is lost."""
    rows = bulk.find(connection, list(record.columns), record.c.record_id, list(dict.fromkeys(ids)), lock=True)
    return {bytes(row.record_id): dict(row._mapping) for row in rows}


# ---- judging what a message changes --------------------------------------------------------------------------------


def _judge(verdict: _Verdict, work: _Work) -> None:
    codes = _codes(verdict)
    row = _row(verdict, unopened=not codes.isdisjoint(_SEALS))
    record_id, source, kind = row["record_id"], row["source"], row["kind"]
    links = frozenset(verdict.envelope["links"]) if row["entity_id"] else frozenset()
    if verdict.state == "rejected":
        work.applied.rejected.append(Mention(record_id, kind, links))
    work.applied.counts[source, kind, "duplicate"] += row["seen"]
    work.applied.reasons.update((source, kind, code) for code in codes)
    before = work.changes.after.get(record_id)
    if before is not None:
        _settle(before, -1, work)
    after = row if before is None else merged(before, row)
    _settle(after, 1, work)
    work.changes.after[record_id] = after
    if before is None or standing_of(row) > standing_of(before):
        work.changes.spoken.add(record_id)
        work.changes.links.pop(record_id, None)
        if row["state"] == "verified":
            work.changes.links[record_id] = links | {row["entity_id"]}
            work.subjects[record_id] = frozenset(part["subject_id"] for part in verdict.envelope["parts"])


def _codes(verdict: _Verdict) -> frozenset[str]:
    """The codes of its reasons, each once; none for a verified record."""
    if verdict.state != "rejected":
        return frozenset()
    found = cloudevents.header(verdict.message.headers, cloudevents.REASONS)
    try:
        codes = [reason["code"] for reason in json.loads(found[1] if found else b"[]")]
    except (ValueError, TypeError, KeyError, RecursionError):
        return frozenset()
    return frozenset(code for code in codes if isinstance(code, str) and _CODE.fullmatch(code))


def _settle(row: Row, sign: int, work: _Work) -> None:
    """Move one message between ``duplicate`` and the record's state."""
    work.applied.counts[row["source"], row["kind"], row["state"]] += sign
    work.applied.counts[row["source"], row["kind"], "duplicate"] -= sign


def _row(verdict: _Verdict, unopened: bool) -> Row:
    """What one message says of its record. When its seal could not be checked, only the ids are used."""
    envelope, source, message = verdict.envelope, verdict.envelope["source"], verdict.message
    opened = envelope if verdict.readable and not unopened else {}
    return {
        "record_id": envelope["record_id"],
        "kind": verdict.batch.topic.rpartition(".")[0],
        "source": _named(source["system"]),
        "row_id": envelope["row_id"],
        "entity_id": opened.get("entity_id"),
        "version": source["version"],
        "revision": source["revision"],
        "reading": UNOPENED if unopened else envelope["reading"],
        "nth": None,
        "operation": source["operation"],
        "authority": opened.get("authority", ""),
        "status": opened.get("status", "UNKNOWN"),
        "assurance": opened.get("assurance", ""),
        "mapping": opened.get("mapping"),
        "issued_month": opened.get("issued_month"),
        "valid_until_year": opened.get("valid_until_year"),
        "read_at_ms": 0 if unopened else envelope["read_at_ms"],
        "state": verdict.state,
        "seen": int(_first_received(message)),
        "topic": verdict.batch.topic,
        "partition": verdict.batch.partition,
        "offset": message.offset,
        "judged_ms": message.timestamp,
    }


def _first_received(message: LogRecord) -> bool:
    """Whether the verdict is about a received record, not about one that was sent or mapped again."""
    return not (_sent_again(message) or cloudevents.number(message.headers, cloudevents.READING))


def _sent_again(message: LogRecord) -> bool:
    return (cloudevents.number(message.headers, cloudevents.ATTEMPT) or 1) > 1


# ---- contents of one version ---------------------------------------------------------------------------------------


def _number(connection: Connection, work: _Work) -> None:
    """Give each new record its number among the contents of its version, and count the further ones."""
    fresh = {one: row for one, row in work.changes.after.items() if row["nth"] is None and row["reading"] != UNOPENED}
    groups: defaultdict[Group, dict[bytes, Row]] = defaultdict(dict)
    for row in (*_siblings(connection, [group(row) for row in fresh.values()]), *fresh.values()):
        groups[group(row)][row["record_id"]] = row
    for members in groups.values():
        if len(members) > 1:
            work.applied.contested.extend(contested(members.values(), frozenset(fresh)))
        for record_id, nth in numbered(members.values()).items():
            _place(members[record_id], nth, work)
    for record_id, row in work.changes.after.items():
        _count_revised(work.changes.before.get(record_id), -1, work)
        _count_revised(row, 1, work)


def _siblings(connection: Connection, wanted: Sequence[Group]) -> list[Row]:
    """The existing records of these versions of rows."""
    columns = [record.c[name] for name in ("record_id", "row_id", "version", "revision", "source", "kind", "nth")]
    keys = (record.c.row_id, record.c.version)
    found = bulk.find_pairs(connection, columns, keys, sorted(set(wanted)))
    return [dict(row._mapping) for row in found if row.nth is not None]


def _place(row: Row, nth: int, work: _Work) -> None:
    record_id, before = row["record_id"], row["nth"]
    if record_id in work.changes.after:
        work.changes.after[record_id] = work.changes.after[record_id] | {"nth": nth}
    elif before != nth:
        _count_revised(row, -1, work)
        _count_revised(row | {"nth": nth}, 1, work)
    if before is not None and before != nth:
        work.changes.moved[record_id] = nth


def _count_revised(row: Row | None, sign: int, work: _Work) -> None:
    if row is not None and row["nth"]:
        work.applied.counts[row["source"], row["kind"], "revised"] += sign

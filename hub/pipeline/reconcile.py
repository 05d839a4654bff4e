"""Reconcile: compares the keys that a source changed on one day with the records that the hub received, and their
verdicts.

It reads the received topic from ``SKEW_S`` seconds before that day on: the source's clock may be ahead. Keys are sealed
there: a key of the source is found by the row id that is computed from it. Memory grows with one day of the source's
keys, not with history.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import select

from hub.clock import CHINA, SKEW_S
from hub.codec import wire
from hub.connect.spec import ConnectorInfo
from hub.errors import RecordRejected, TamperDetected
from hub.ingest.seen import StoredSeen
from hub.parts import Parts
from hub.pipeline.redrive import read_rejections
from hub.ports import NAMELESS, Batch, LogRecord, RecordLog, Source, Store
from hub.privacy.opening import Opener
from hub.privacy.sealing import RECORD_SCHEMA, UNREADABLE_SCHEMA
from hub.records import tables
from hub.records.kinds import KINDS
from hub.topics import cloudevents

_LOOKED_UP_AT_ONCE = 500
MISSING, PENDING, VERIFIED, REJECTED = "missing", "pending", "verified", "rejected"
UNCHANGED = "unchanged"
"""The source wrote the row again without a change: it was received with its earlier version."""


class Line(NamedTuple):
    """One key of the source's day and its state. ``code``: the first reason of a rejection, else ""."""

    key: str
    state: str
    code: str = ""


class _Verdict(NamedTuple):
    """A record's newest verdict, and the message that holds it."""

    state: str
    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class Reconciliation:
    """The result for one day. ``lines`` has each key of the source, in the source's spelling: personal (P5), only for
    the department that owns the source."""

    source: str
    day: date
    lines: list[Line] = field(default_factory=list, repr=False)
    unreadable: int = 0
    """Number of rows received since that day whose key could not be read. A missing key may be theirs."""
    revised: int = 0
    """Number of keys that came with several contents under one version."""
    grant: str = ""
    """Number of the approval under which the source is read."""
    readings: int = 0
    """Number of times that one of the keys was mapped again from its sealed original."""

    def count(self, state: str) -> int:
        """The number of keys in a state."""
        return Counter(line.state for line in self.lines)[state]

    @property
    def complete(self) -> bool:
        """Whether no key is missing in the hub."""
        return not self.count(MISSING)


def reconcile(name: str, day: date, parts: Parts) -> Reconciliation:
    """The result for one day of the source ``name``. Raises ``Misconfigured`` when no such source is configured,
    ``Unavailable`` when it is away."""
    source = parts.connectors.open_source(name)
    try:
        account = compare(source, parts.connectors.sources[name], day, parts)
        account.grant = parts.connectors.grants[name].approval
        return account
    finally:
        source.close()


def compare(source: Source, info: ConnectorInfo, day: date, parts: Parts) -> Reconciliation:
    """Ask ``source`` for its day and look every key up in the log. Raises ``Unavailable`` when the source is away."""
    wanted = source.day(day).keys
    rows = {(parts.sealer.ids.row(info, key), version): f"{key}#{version}" for key, version in _versions(wanted)}
    start_ms = int((datetime.combine(day, time(), CHINA).timestamp() - SKEW_S) * 1000)
    found: defaultdict[str, set[bytes]] = defaultdict(set)
    account = Reconciliation(info.name, day)
    for record in _received(parts.log, KINDS[info.kind].topic("received"), info.name, start_ms):
        schema_id, envelope = _envelope(record)
        key = rows.get((envelope["row_id"], envelope["source"]["version"])) if envelope else None
        if key is not None:
            found[key].add(envelope["record_id"])
            account.readings += cloudevents.header(record.headers, cloudevents.READING) is not None
        elif schema_id == UNREADABLE_SCHEMA:
            account.unreadable += _nameless(parts.opener, envelope)
    account.revised = sum(len(ids) > 1 for ids in found.values())
    verdicts = _verdicts(parts.store, [record_id for ids in found.values() for record_id in ids])
    lines = [_line(parts.log, key, found.get(key, ()), verdicts) for key in sorted(wanted)]
    if info.remembers:
        passed = StoredSeen(parts.store, parts.seen_key).passed
        unchanged = passed(info.name, dict(_versions(line.key for line in lines if line.state == MISSING)))
        lines = [_unchanged(line, unchanged) for line in lines]
    account.lines = lines
    return account


def _unchanged(line: Line, unchanged: frozenset[str]) -> Line:
    again = line.state == MISSING and line.key.rpartition("#")[0] in unchanged
    return line._replace(state=UNCHANGED) if again else line


def _versions(keys: Iterable[str]) -> Iterator[tuple[str, int]]:
    """``key#version`` of the source's list, taken apart."""
    split = (key.rpartition("#") for key in keys)
    return ((key, int(version)) for key, _, version in split if version.isascii() and version.isdigit())


def _received(log: RecordLog, topic: str, name: str, start_ms: int) -> Iterator[LogRecord]:
    came_from = cloudevents.SOURCE, cloudevents.source_path(name).encode()
    for partition in range(log.topics().get(topic, 0)):
        for batch in log.scan(topic, partition, log.offset_at(topic, partition, start_ms)):
            yield from (record for record in batch.records if came_from in record.headers)


def _envelope(record: LogRecord) -> tuple[int, dict[str, Any]]:
    """The schema id and the open part of a record or an unreadable row; 0 and nothing for any other message."""
    try:
        schema_id, envelope = wire.decode(record.value or b"")
    except RecordRejected:
        return 0, {}
    return (schema_id, envelope) if schema_id in (RECORD_SCHEMA, UNREADABLE_SCHEMA) else (0, {})


def _nameless(opener: Opener, envelope: Mapping[str, Any]) -> bool:
    """Whether the row's own key could not be read. ``False`` for what cannot be opened any more."""
    try:
        original = opener.open_unreadable(dict(envelope))
    except TamperDetected:
        return False
    return original is not None and original.key.startswith(NAMELESS)


def _verdicts(store: Store, ids: Sequence[bytes]) -> dict[bytes, _Verdict]:
    table = tables.record
    found: dict[bytes, _Verdict] = {}
    with store.read() as connection:
        for start in range(0, len(ids), _LOOKED_UP_AT_ONCE):
            query = select(table).where(table.c.record_id.in_(ids[start : start + _LOOKED_UP_AT_ONCE]))
            for row in connection.execute(query):
                found[bytes(row.record_id)] = _Verdict(row.state, row.topic, row.partition, row.offset)
    return found


def _line(log: RecordLog, key: str, ids: Iterable[bytes], verdicts: dict[bytes, _Verdict]) -> Line:
    """Of several contents of one version, a verified one counts before a rejected one."""
    if not ids:
        return Line(key, MISSING)
    judged = [verdicts[record_id] for record_id in sorted(ids) if record_id in verdicts]
    if not judged:
        return Line(key, PENDING)
    verdict = next((one for one in judged if one.state == VERIFIED), judged[0])
    return Line(key, verdict.state, _first_code(log, verdict) if verdict.state == REJECTED else "")


def _first_code(log: RecordLog, verdict: _Verdict) -> str:
    record = log.read(verdict.topic, verdict.partition, verdict.offset)
    found = read_rejections(Batch(verdict.topic, verdict.partition, [record])) if record else ()
    return next((one.reasons[0]["code"] for one, _ in found if one.reasons), "")

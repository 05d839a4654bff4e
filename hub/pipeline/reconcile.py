"""Reconcile: compares the keys that a source changed on one day with the records that the hub received, and their
verdicts.

It reads the received topic from that day on and opens the originals, because the keys are sealed. Its memory grows with
one day of the source's keys, not with history.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import NamedTuple

from sqlalchemy import select

from hub.clock import CHINA
from hub.connect.spec import ConnectorInfo
from hub.errors import TamperDetected
from hub.ingest.seen import StoredSeen
from hub.parts import Parts
from hub.pipeline.redrive import read_rejections
from hub.ports import NAMELESS, Batch, LogRecord, RecordLog, Source, Store
from hub.privacy.opening import Opened, Opener, Original
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
    """Number of rows received since that day whose key could not be read. Their keys are among the missing ones."""

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
        return compare(source, parts.connectors.sources[name], day, parts)
    finally:
        source.close()


def compare(source: Source, info: ConnectorInfo, day: date, parts: Parts) -> Reconciliation:
    """Ask ``source`` for its day and look every key up in the log. Raises ``Unavailable`` when the source is away."""
    wanted = source.day(day).keys
    start_ms = int(datetime.combine(day, time(), CHINA).timestamp() * 1000)
    found: dict[str, bytes] = {}
    unreadable = 0
    for records in _received(parts.log, KINDS[info.kind].topic("received"), info.name, start_ms):
        for opened in parts.opener.open([record.value for record in records]):
            key = _source_key(parts.opener, opened)
            unreadable += key.startswith(NAMELESS)
            if key in wanted:
                found[key] = opened.envelope["record_id"]
    verdicts = _verdicts(parts.store, list(found.values()))
    lines = [_line(parts.log, key, found.get(key), verdicts) for key in sorted(wanted)]
    if info.remembers:
        passed = StoredSeen(parts.store, parts.seen_key).passed
        unchanged = passed(info.name, _versions(line.key for line in lines if line.state == MISSING))
        lines = [_unchanged(line, unchanged) for line in lines]
    return Reconciliation(info.name, day, lines, unreadable)


def _unchanged(line: Line, unchanged: frozenset[str]) -> Line:
    again = line.state == MISSING and line.key.rpartition("#")[0] in unchanged
    return line._replace(state=UNCHANGED) if again else line


def _versions(keys: Iterator[str]) -> dict[str, int]:
    """``key#version`` of the source's list, taken apart."""
    split = (key.rpartition("#") for key in keys)
    return {key: int(version) for key, _, version in split if version.isdigit()}


def _received(log: RecordLog, topic: str, name: str, start_ms: int) -> Iterator[Sequence[LogRecord]]:
    came_from = cloudevents.SOURCE, cloudevents.source_path(name).encode()
    for partition in range(log.topics().get(topic, 0)):
        for batch in log.scan(topic, partition, log.offset_at(topic, partition, start_ms)):
            yield [record for record in batch.records if came_from in record.headers]


def _source_key(opener: Opener, opened: Opened) -> str:
    """``key#version`` as the source's own list has it; "" for what cannot be opened any more."""
    if not opened.envelope:
        return ""
    try:
        original: Original | None = opened.original() if opened.record else opener.open_unreadable(opened.envelope)
    except (TamperDetected, KeyError):
        return ""
    return f"{original.key}#{opened.envelope['source']['version']}" if original else ""


def _verdicts(store: Store, ids: Sequence[bytes]) -> dict[bytes, _Verdict]:
    table = tables.record
    found: dict[bytes, _Verdict] = {}
    with store.read() as connection:
        for start in range(0, len(ids), _LOOKED_UP_AT_ONCE):
            query = select(table).where(table.c.record_id.in_(ids[start : start + _LOOKED_UP_AT_ONCE]))
            for row in connection.execute(query):
                found[bytes(row.record_id)] = _Verdict(row.state, row.topic, row.partition, row.offset)
    return found


def _line(log: RecordLog, key: str, record_id: bytes | None, verdicts: dict[bytes, _Verdict]) -> Line:
    if record_id is None:
        return Line(key, MISSING)
    verdict = verdicts.get(record_id)
    if verdict is None:
        return Line(key, PENDING)
    return Line(key, verdict.state, _first_code(log, verdict) if verdict.state == REJECTED else "")


def _first_code(log: RecordLog, verdict: _Verdict) -> str:
    record = log.read(verdict.topic, verdict.partition, verdict.offset)
    found = read_rejections(Batch(verdict.topic, verdict.partition, [record])) if record else ()
    return next((one.reasons[0]["code"] for one, _ in found if one.reasons), "")

"""The places on ``hub.cursors``: cursors of feeds, and positions of groups. The newest record of each key counts.

The key of a feed's cursor is its source's name; that of a group's position is GROUP/TOPIC/PARTITION.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.errors import RecordRejected
from hub.logging import get_logger
from hub.ports import Batch, Cursor, LogRecord, Outgoing, Positions, RecordLog
from hub.stores.outbox import Published
from hub.topics.declared import CURSORS, partition_of

CURSOR_SCHEMA = schema_id("hub.cursor")
log_of = get_logger("cursors")
_PLACE = {"topic", "partition", "next", "mark"}
RELAY = b"relay"
"""The key of how far the outbox is published."""
Slot = tuple[str, int]


class Place(NamedTuple):
    """A remembered position: the next offset to read, and ``mark_of`` the record before ``marked`` (``None`` where it
    is not known)."""

    next: int
    marked: int | None
    mark: bytes | None


def partition_of_source(name: str, partitions: int) -> int:
    """The partition whose owner runs the source: CRC-32 of its name, modulo the count."""
    return zlib.crc32(name.encode()) % partitions


def newest(log: RecordLog, name: str) -> Cursor | None:
    """The last committed cursor of a source; ``None`` when it never had one. Call it only after the earlier owner is
    fenced, otherwise that owner could still commit a newer one. Raises ``Unavailable``."""
    partitions = log.topics()[CURSORS]
    cursor: Cursor | None = None
    for batch in log.scan(CURSORS, partition_of_source(name, partitions)):
        for record in batch.records:
            if record.key == name.encode():
                cursor = _read(record, cursor)
    return cursor


def _read(record: LogRecord, before: Any = None) -> Any:
    """The JSON of a record of the topic; ``before`` for one that is no cursor: another program wrote it, and the newest
    readable one counts."""
    if record.value is None:
        return None
    try:
        schema, value = wire.decode(record.value)
        return json.loads(value["cursor"]) if schema == CURSOR_SCHEMA else before
    except (RecordRejected, ValueError, RecursionError):
        log_of.error("a record of hub.cursors cannot be read; it is passed over", offset=record.offset)
        return before


def ends(log: RecordLog, slots: frozenset[tuple[str, int]]) -> Positions:
    """The end offsets of partitions. A member that only wants to know what it owns starts there."""
    bounds = {topic: log.bounds(topic) for topic in {topic for topic, _ in slots}}
    return {(topic, partition): bounds[topic][partition][1] for topic, partition in slots}


def message(name: str, cursor: Cursor | None, partitions: int, now_ms: int) -> Outgoing:
    """A cursor as a record of ``hub.cursors``; ``None`` means: from the beginning. ``now_ms`` is in ms since the
    epoch."""
    value = {"source": name, "cursor": json.dumps(cursor, separators=(",", ":")), "sealed_at_ms": now_ms}
    partition = partition_of_source(name, partitions)
    return Outgoing(CURSORS, partition, name.encode(), wire.encode(CURSOR_SCHEMA, value), (), now_ms)


def mark_of(record: LogRecord) -> bytes:
    """16 bytes by which a record is recognised: another log has another record at its offset."""
    key, value = record.key or b"", record.value or b""
    head = f"{record.timestamp} {len(key)} {len(value)} ".encode()
    return hashlib.sha256(head + key + value).digest()[:16]


def position_message(group: str, slot: Slot, last: LogRecord, now_ms: int) -> Outgoing:
    """The position of ``group`` after the record ``last`` of ``slot``, for the transaction that moves the group. A
    broker deletes the positions of a group that was empty for a week; these stay."""
    topic, partition = slot
    place = {"topic": topic, "partition": partition, "next": last.offset + 1, "mark": mark_of(last).hex()}
    value = {"source": group, "cursor": json.dumps(place, separators=(",", ":")), "sealed_at_ms": now_ms}
    key = f"{group}/{topic}/{partition}".encode()
    return Outgoing(CURSORS, partition, key, wire.encode(CURSOR_SCHEMA, value), (), now_ms)


def position_messages(group: str, batches: Iterable[Batch], now_ms: int) -> list[Outgoing]:
    """``position_message`` after each partition of ``batches``."""
    last = {(batch.topic, batch.partition): batch.records[-1] for batch in batches}
    return [position_message(group, slot, record, now_ms) for slot, record in last.items()]


def positions(log: RecordLog, group: str) -> dict[Slot, Place]:
    """The newest positions of a group. Raises ``Unavailable``."""
    found: dict[bytes, Any] = {}
    prefix = f"{group}/".encode()
    for partition in range(log.topics()[CURSORS]):
        for batch in log.scan(CURSORS, partition):
            for one in batch.records:
                if one.key and one.key.startswith(prefix):
                    found[one.key] = _read(one, found.get(one.key))
    return dict(_place(said) for said in found.values() if isinstance(said, dict) and said.keys() >= _PLACE)


def forgotten(group: str, slot: Slot, now_ms: int) -> Outgoing:
    """The message that deletes a position of ``group``."""
    topic, partition = slot
    return Outgoing(CURSORS, partition, f"{group}/{topic}/{partition}".encode(), None, (), now_ms)


def _place(said: Any) -> tuple[Slot, Place]:
    return (said["topic"], said["partition"]), Place(said["next"], said["next"], bytes.fromhex(said["mark"]))


def published(log: RecordLog) -> Published:
    """How far the log has the outbox; 0 for nothing."""
    place: dict[str, int] = {}
    for batch in log.scan(CURSORS, partition_of(RELAY, log.topics()[CURSORS])):
        for record in batch.records:
            if record.key == RELAY and record.value is not None:
                place = _read(record, place)
    return Published(place["seq"], place.get("total")) if "seq" in place else Published(0, 0)


def watermark(log: RecordLog) -> int:
    """The number of the last outbox row that is on the log; 0 for none."""
    return published(log).seq

"""The cursors of feeds: records of ``hub.cursors``. The key is the source's name; the newest record of each counts."""

import json
import zlib

from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.ports import Cursor, Outgoing, Positions, RecordLog
from hub.topics.declared import CURSORS

CURSOR_SCHEMA = schema_id("hub.cursor")


def partition_of_source(name: str, partitions: int) -> int:
    """The partition whose owner runs the source: CRC-32 of its name, modulo the count."""
    return zlib.crc32(name.encode()) % partitions


def newest(log: RecordLog, name: str) -> Cursor | None:
    """The last committed cursor of a source; ``None`` when it never had one. Call it only after the earlier owner is
    fenced, otherwise that owner could still commit a newer one. Raises ``Unavailable``."""
    partitions = log.topics()[CURSORS]
    found = None
    for batch in log.scan(CURSORS, partition_of_source(name, partitions)):
        for record in batch.records:
            if record.key == name.encode():
                found = record.value
    if found is None:
        return None
    cursor: Cursor | None = json.loads(wire.decode(found)[1]["cursor"])
    return cursor


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

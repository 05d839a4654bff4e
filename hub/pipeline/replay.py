"""Replay: committed history, record by record, as far as it lies in the open. Constant memory; nothing is opened."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from hub.errors import RecordRejected
from hub.ports import Batch, LogRecord, RecordLog
from hub.records import wire
from hub.records.catalogue import catalogue

_JSON_HEADERS = ("hub_reasons", "hub_cursor")


@dataclass(frozen=True, slots=True)
class Range:
    """Which part of a topic. ``None`` is open; times are milliseconds since the epoch, ``until_ms`` excluded."""

    partition: int | None = None
    from_offset: int = 0
    to_offset: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    key: bytes | None = None


def replay(log: RecordLog, topic: str, wanted: Range) -> Iterator[dict[str, Any]]:
    """Every committed record in ``wanted``, partition by partition, in offset order. Raises ``KeyError`` for no such
    topic."""
    partitions = log.topics()[topic]
    chosen = range(partitions) if wanted.partition is None else [wanted.partition]
    for partition in chosen:
        start = wanted.from_offset
        if wanted.since_ms is not None:
            start = max(start, log.offset_at(topic, partition, wanted.since_ms))
        for batch in log.scan(topic, partition, start, wanted.to_offset):
            yield from (_plain(batch, record) for record in batch.records if _fits(record, wanted))


def _fits(record: LogRecord, wanted: Range) -> bool:
    in_time = (wanted.since_ms is None or record.timestamp >= wanted.since_ms) and (
        wanted.until_ms is None or record.timestamp < wanted.until_ms
    )
    return in_time and wanted.key in (None, record.key)


def _plain(batch: Batch, record: LogRecord) -> dict[str, Any]:
    return {
        "topic": batch.topic,
        "partition": batch.partition,
        "offset": record.offset,
        "time": datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="milliseconds"),
        "key": record.key.hex() if record.key else None,
        "headers": {name: _header(name, value) for name, value in record.headers},
        **_value(record.value),
    }


def _header(name: str, value: bytes) -> Any:
    text = value.decode("utf-8", "replace")
    return json.loads(text) if name in _JSON_HEADERS else text


def _value(value: bytes | None) -> dict[str, Any]:
    """The value by its schema; what is no frame of ours is only measured, because it could be anything."""
    if value is None:
        return {"schema": None, "value": None}
    try:
        schema_id, decoded = wire.decode(value)
    except RecordRejected as rejected:
        return {"schema": None, "value": {"unreadable": rejected.code, "bytes": len(value)}}
    schema = catalogue().by_id(schema_id)
    return {"schema": f"{schema.name}.v{schema.version}", "value": shown(decoded)}


def shown(value: Any) -> Any:
    """A decoded value as JSON: ids and roots as hex, ciphertexts by their length only.

    >>> shown({"record_id": b"\\x01", "ciphertext": b"abc", "links": [b"\\xff"]})
    {'record_id': '01', 'ciphertext': 'sealed, 3 bytes', 'links': ['ff']}
    """
    if isinstance(value, dict):
        return {name: _field(name, one) for name, one in value.items()}
    if isinstance(value, list):
        return [shown(one) for one in value]
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, (date, datetime)) else value


_SEALED = ("ciphertext", "original", "sealed", "query", "sealed_reason")


def _field(name: str, value: Any) -> Any:
    return f"sealed, {len(value)} bytes" if name in _SEALED and isinstance(value, bytes) else shown(value)

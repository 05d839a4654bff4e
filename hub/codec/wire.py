"""Confluent wire format: 0x00, the schema id as int32 big-endian, the Avro body. Any Kafka client with a registry
decodes it."""

import struct
from io import BytesIO
from typing import Any

import fastavro

from hub.codec.catalogue import catalogue
from hub.errors import RecordRejected

MAGIC = 0
HEADER = struct.Struct(">bI")
_read = fastavro.schemaless_reader
_write = fastavro.schemaless_writer
_parsed = {schema.id: schema.parsed for schema in catalogue()}


def encode(schema_id: int, value: dict[str, Any]) -> bytes:
    """Frame ``value`` under a schema of the catalogue. Raises ``ValueError`` or ``TypeError`` when it does not fit:
    our own mistake."""
    out = BytesIO()
    out.write(HEADER.pack(MAGIC, schema_id))
    _write(out, _parsed[schema_id], value)
    return out.getvalue()


def schema_id(frame: bytes) -> int | None:
    """The schema id that a frame names; ``None`` when it is no frame."""
    framed = len(frame) >= HEADER.size and frame[0] == MAGIC
    return int.from_bytes(frame[1:5], "big") if framed else None


def known(schema_id: int) -> bool:
    """Whether the catalogue of this version has it."""
    return schema_id in _parsed


def decode(frame: bytes) -> tuple[int, dict[str, Any]]:
    """Schema id and value of a frame that is read to its last byte.

    Raises ``RecordRejected``: UNREADABLE (no frame, or not this schema's bytes), SCHEMA_UNKNOWN, TRAILING_BYTES.
    """
    found = schema_id(frame)
    if found is None:
        raise RecordRejected("UNREADABLE", detail="not in wire format")
    parsed = _parsed.get(found)
    if parsed is None:
        raise RecordRejected("SCHEMA_UNKNOWN", detail=str(found))
    body = BytesIO(frame)
    body.seek(HEADER.size)
    try:
        value: dict[str, Any] = _read(body, parsed, None)
    except Exception:  # fastavro raises a dozen kinds on hostile bytes
        raise RecordRejected("UNREADABLE", detail=f"not the bytes of schema {found}") from None
    if body.tell() != len(frame):
        raise RecordRejected("TRAILING_BYTES", detail=f"after schema {found}")
    return found, value

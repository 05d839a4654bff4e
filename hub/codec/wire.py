"""Confluent's wire format: 0x00, the schema id as int32 big-endian, the Avro body. A Kafka client with a schema
registry decodes it."""

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
    """``value`` as a frame under a schema of the catalogue.

    Raises ``ValueError`` or ``TypeError`` when it does not fit the schema, which is a defect of the caller.
    """
    out = BytesIO()
    out.write(HEADER.pack(MAGIC, schema_id))
    _write(out, _parsed[schema_id], value)
    return out.getvalue()


def schema_id(frame: bytes) -> int | None:
    """The schema id of a frame; ``None`` when the bytes are not a frame."""
    framed = len(frame) >= HEADER.size and frame[0] == MAGIC
    return int.from_bytes(frame[1:5], "big") if framed else None


def known(schema_id: int) -> bool:
    """Whether this release's catalogue has the id."""
    return schema_id in _parsed


def decode(frame: bytes) -> tuple[int, dict[str, Any]]:
    """(Schema id, value) of a frame, which must end with the value.

    Raises ``RecordRejected``: UNREADABLE (not a frame, or not a value of its schema), SCHEMA_UNKNOWN, TRAILING_BYTES.
    Trusts the lengths in the body: bytes that another program wrote are read with ``avro_body``.
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
    except Exception:  # fastavro raises many kinds of errors on wrong bytes
        raise RecordRejected("UNREADABLE", detail=f"not the bytes of schema {found}") from None
    if body.tell() != len(frame):
        raise RecordRejected("TRAILING_BYTES", detail=f"after schema {found}")
    return found, value

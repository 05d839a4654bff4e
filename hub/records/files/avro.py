"""Reads Avro container files from outside, block by block. Their schemas, counts and sizes are checked, not trusted."""

import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

import fastavro

from hub.codec.avro_body import Body, read_long
from hub.codec.catalogue import fingerprint
from hub.errors import RecordRejected
from hub.records.files.json import RECORD_BYTES_MAX

MAGIC: Final = b"Obj\x01"
SYNC_BYTES: Final = 16
HEADER_BYTES_MAX: Final = 1_048_576
BLOCK_BYTES_MAX: Final = 16_777_216

Row = tuple[int, Any]
"""A record's number in its file, and the record or a ``RecordRejected``."""


def rows(stream: BinaryIO, reader_schema: Any) -> Iterator[Row]:
    """The records of a container file, resolved to ``reader_schema`` (parsed). Memory: one block.

    The end of a record is known only when it can be read. So after a broken record, all others of its block are faults
    too, and reading continues at the next block. Raises ``RecordRejected`` when the file itself cannot be read:
    UNREADABLE, TOO_LARGE, SCHEMA_UNKNOWN.
    """
    source = _Source(stream)
    body, unpack, sync = _header(source, reader_schema)
    number = 0
    while source.more():
        try:
            count, block = _block(source, unpack, sync)
        except RecordRejected as fault:
            number += 1
            yield number, fault
            if not source.skip_past(sync):
                return
            continue
        for row in _records(body, block, count):
            number += 1
            yield number, row


class _Source:
    """A stream with a buffer. Its reads are bounded and complete."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead = b""

    def more(self) -> bool:
        self._ahead = self._ahead or self._stream.read(65_536)
        return bool(self._ahead)

    def take(self, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises ``RecordRejected`` (UNREADABLE) when there are fewer."""
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        if len(taken) < size:
            taken += self._stream.read(size - len(taken))
        if len(taken) < size:
            raise RecordRejected("UNREADABLE", detail="the file ends too early")
        return taken

    def take_long(self) -> int:
        data = b""
        while not data or data[-1] & 0x80:
            if len(data) == 10:
                raise RecordRejected("UNREADABLE", detail="a number does not end")
            data += self.take(1)
        return read_long(data, 0)[0]

    def skip_past(self, mark: bytes) -> bool:
        """Move to the position after the next ``mark``. False when there is none."""
        window = b""
        while self.more():
            window += self._ahead
            self._ahead = b""
            if (found := window.find(mark)) >= 0:
                self._ahead = window[found + len(mark) :]
                return True
            window = window[-len(mark) :]
        return False


def _header(source: _Source, reader_schema: Any) -> tuple[Body, Callable[[bytes], bytes], bytes]:
    if source.take(len(MAGIC)) != MAGIC:
        raise RecordRejected("UNREADABLE", detail="no Avro container file")
    entries = _metadata(source)
    codec = entries.get("avro.codec", b"null")
    if codec not in _CODECS:
        raise RecordRejected("UNREADABLE", detail="the codec is neither null nor deflate")
    body = _body(entries.get("avro.schema", b""), reader_schema)
    return body, _CODECS[codec], source.take(SYNC_BYTES)


def _metadata(source: _Source) -> dict[str, bytes]:
    entries: dict[str, bytes] = {}
    left = HEADER_BYTES_MAX
    while count := source.take_long():
        if count < 0:
            count, _ = -count, source.take_long()
        for _ in range(count):
            key, value = _take_text(source, left), _take_text(source, left)
            left -= len(key) + len(value) + 2
            entries[key.decode("utf-8", "replace")] = value
    return entries


def _take_text(source: _Source, bytes_max: int) -> bytes:
    length = source.take_long()
    if not 0 <= length <= bytes_max:
        raise RecordRejected("TOO_LARGE", detail="the file's header")
    return source.take(length)


def _body(text: bytes, reader_schema: Any) -> Body:
    """A reader for the file's own schema. Raises ``RecordRejected`` (SCHEMA_UNKNOWN) if it is not Avro, or not safe."""
    try:
        writer = fastavro.parse_schema(json.loads(text))
        same = fingerprint(writer) == fingerprint(reader_schema)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError, fastavro.schema.SchemaParseException):
        raise RecordRejected("SCHEMA_UNKNOWN") from None
    return Body(writer, None if same else reader_schema)


def _inflate(data: bytes) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = engine.decompress(data, BLOCK_BYTES_MAX)
    except zlib.error:
        raise RecordRejected("UNREADABLE", detail="a block cannot be inflated") from None
    if engine.unconsumed_tail:
        raise RecordRejected("TOO_LARGE", detail="a block when inflated")
    return plain


_CODECS: Final[dict[bytes, Callable[[bytes], bytes]]] = {b"null": bytes, b"deflate": _inflate}


def _block(source: _Source, unpack: Callable[[bytes], bytes], sync: bytes) -> tuple[int, bytes]:
    """(Count, bytes) of the next block. Its sync marker is checked."""
    count, size = source.take_long(), source.take_long()
    if not 0 <= size <= BLOCK_BYTES_MAX:
        raise RecordRejected("TOO_LARGE", detail="a block")
    packed = source.take(size)
    if source.take(SYNC_BYTES) != sync:
        raise RecordRejected("UNREADABLE", detail="a block does not end with the sync marker")
    block = unpack(packed)
    if not 0 <= count <= len(block):
        raise RecordRejected("UNREADABLE", detail="a block has more records than bytes")
    return count, block


def _records(body: Body, block: bytes, count: int) -> Iterator[Any]:
    at = 0
    for done in range(count):
        try:
            end = body.walk(block, at)
        except RecordRejected as fault:
            yield from (fault for _ in range(count - done))
            return
        yield _record(body, block[at:end])
        at = end
    if at != len(block):
        yield RecordRejected("TRAILING_BYTES")


def _record(body: Body, data: bytes) -> Any:
    if len(data) > RECORD_BYTES_MAX:
        return RecordRejected("TOO_LARGE")
    try:
        return body.build(data)
    except RecordRejected as fault:
        return fault

"""Reads Avro container files from outside, block by block. Their schemas, counts and sizes are checked, not trusted."""

import json
import zlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, BinaryIO, Final, NamedTuple

import fastavro

from hub.codec.avro_body import Body, read_long
from hub.codec.catalogue import fingerprint
from hub.errors import RecordRejected
from hub.records.dates import date_or_none, date_or_same
from hub.records.files.json import RECORD_BYTES_MAX, SKIPPED_BYTES_MAX

MAGIC: Final = b"Obj\x01"
SYNC_BYTES: Final = 16
HEADER_BYTES_MAX: Final = 1_048_576
SCHEMA_BYTES_MAX: Final = 262_144
BLOCK_BYTES_MAX: Final = 16_777_216
INFLATION_MAX: Final = 100
"""Bytes that one byte of the file may become. Zip bombs are told from real files by the same number in Apache POI."""
INFLATED_BYTES_FREE: Final = 262_144
"""So many bytes may be inflated beyond that: a small file of equal records packs better than a large one."""
RECORD_BYTES_MIN: Final = 16
"""Bytes of the smallest record that a block of many may have: its region and its names alone take as many."""
RECORDS_FREE: Final = 100
"""So many records of one block may be smaller."""
STEPS_PER_BYTE_MAX: Final = 16
"""Steps to read a record, for each byte of the smallest one."""

Row = tuple[int, Any]
"""A record's number in its file, and the record or a ``RecordRejected``."""


def rows(stream: BinaryIO, reader_schema: Any) -> Iterator[Row]:
    """The records of a container file, with the fields that ``reader_schema`` (parsed) has too. What the file does not
    have stays missing, dates of another schema stay numbers. Memory: one block.

    The end of a record is known only when it can be read. So after a broken record, all others of its block are faults
    too, and reading continues at the next block. Raises ``RecordRejected`` when the file itself cannot be read:
    UNREADABLE, TOO_LARGE, SCHEMA_UNKNOWN.
    """
    source = _Source(stream)
    reading, unpack, sync = _header(source, reader_schema)
    number = 0
    while source.more():
        try:
            count, packed = _take_block(source, sync)
        except RecordRejected as fault:
            number += 1
            yield number, fault
            if not source.skip_past(sync):
                return
            continue
        for row in _records(reading, unpack, packed, count):
            number += 1
            yield number, row


class _Source:
    """A stream with a buffer. Its reads are bounded and complete."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead = b""
        self._at = 0

    def more(self) -> bool:
        if self._at == len(self._ahead):
            self._ahead, self._at = self._stream.read(65_536), 0
        return bool(self._ahead)

    def take(self, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises ``RecordRejected`` (UNREADABLE) when there are fewer."""
        taken = self._ahead[self._at : self._at + size]
        self._at += len(taken)
        if len(taken) < size and self.more():
            more = self._ahead[: size - len(taken)]
            self._at = len(more)
            taken += more
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
        """Move to the position after the next ``mark``. False when there is none. Raises ``RecordRejected`` (TOO_LARGE)
        when there is none in ``SKIPPED_BYTES_MAX`` bytes."""
        window, skipped = b"", 0
        while self.more():
            window += self._ahead[self._at :]
            if (found := window.find(mark)) >= 0:
                self._ahead, self._at = window, found + len(mark)
                return True
            skipped += len(self._ahead) - self._at
            if skipped > SKIPPED_BYTES_MAX:
                raise RecordRejected("TOO_LARGE", detail="a block that does not end")
            window, self._at = window[-len(mark) :], len(self._ahead)
        return False


class _Reading(NamedTuple):
    """How a file's records are read: their body in the file's schema, and what makes a record of the reader's schema of
    a value. ``quick`` reads records whose schema is the reader's."""

    body: Body
    resolve: Callable[[Any], Any]
    quick: Body | None


def _header(source: _Source, reader_schema: Any) -> tuple[_Reading, Callable[[bytes], bytes], bytes]:
    if source.take(len(MAGIC)) != MAGIC:
        raise RecordRejected("UNREADABLE", detail="no Avro container file")
    entries = _metadata(source)
    codec = entries.get("avro.codec", b"null")
    if codec not in _CODECS:
        raise RecordRejected("UNREADABLE", detail="the codec is neither null nor deflate")
    return _reading(entries.get("avro.schema", b""), reader_schema), _CODECS[codec](), source.take(SYNC_BYTES)


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


# ---- schemas -------------------------------------------------------------------------------------------------------


def _reading(text: bytes, reader_schema: Any) -> _Reading:
    """How a file is read. Raises ``RecordRejected`` (SCHEMA_UNKNOWN) if its schema is not Avro, or not safe."""
    if len(text) > SCHEMA_BYTES_MAX:
        raise RecordRejected("SCHEMA_UNKNOWN", detail="longer than any schema of records")
    try:
        given = json.loads(text)
        same = fingerprint(fastavro.parse_schema(given)) == fingerprint(reader_schema)
        plain = fastavro.parse_schema(_without_logical_types(given))
    except Exception:  # fastavro raises many kinds of errors on a wrong schema
        raise RecordRejected("SCHEMA_UNKNOWN") from None
    body = Body(plain)
    if body.least == 0 or body.steps > STEPS_PER_BYTE_MAX * body.least:
        raise RecordRejected("SCHEMA_UNKNOWN", detail="records that cost more to read than they weigh")
    return _Reading(body, _resolver(reader_schema), Body(reader_schema) if same else None)


def _without_logical_types(node: Any) -> Any:
    """Logical types play no part in resolution (Avro 1.11): values are read as they are stored."""
    if isinstance(node, dict):
        return {key: _without_logical_types(value) for key, value in node.items() if key != "logicalType"}
    return [_without_logical_types(value) for value in node] if isinstance(node, list) else node


def _resolver(schema: Any) -> Callable[[Any], Any]:
    """A function that makes a value of another schema one of ``schema``: by the names of fields. A value that does not
    fit stays as it is; the shape check names it."""
    main = next(branch for branch in schema if branch != "null") if isinstance(schema, list) else schema
    kind = main["type"] if isinstance(main, dict) else main
    if kind == "record":
        inner = {entry["name"]: _resolver(entry["type"]) for entry in main["fields"]}
        return lambda value: (
            {name: resolve(value[name]) for name, resolve in inner.items() if name in value}
            if type(value) is dict
            else value
        )
    if kind == "array":
        item = _resolver(main["items"])
        return lambda value: [item(one) for one in value] if type(value) is list else value
    return {"string": _text, "double": _double}.get(kind, _same)


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    """Bytes may be read as a string (Avro 1.11, schema resolution)."""
    try:
        return value.decode("utf-8") if type(value) is bytes else value
    except UnicodeDecodeError:
        return value


def _double(value: Any) -> Any:
    return float(value) if type(value) is int else value


_EPOCH: Final = date(1970, 1, 1)


def day(value: Any) -> Any:
    """The date of a field of a file: days since 1970-01-01 (Avro 1.11, logical type date), or a text that says it.

    >>> day(18_690), day("2021-03-04"), day(10**9)
    (datetime.date(2021, 3, 4), datetime.date(2021, 3, 4), 1000000000)
    """
    if type(value) is not int:
        return date_or_same(value)
    try:
        return _EPOCH + timedelta(days=value)
    except OverflowError:
        return value


def day_or_none(value: Any) -> Any:
    """Like ``day``; ``None`` for what says that there is no end."""
    found = day(value)
    return found if type(found) is int else date_or_none(found)


# ---- blocks --------------------------------------------------------------------------------------------------------


class _Inflater:
    """Unpacks the blocks of one file, within ``INFLATION_MAX``."""

    def __init__(self) -> None:
        self._left = INFLATED_BYTES_FREE

    def __call__(self, data: bytes) -> bytes:
        self._left += INFLATION_MAX * len(data)
        engine = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            plain = engine.decompress(data, max(1, min(BLOCK_BYTES_MAX, self._left)))
        except zlib.error:
            raise RecordRejected("UNREADABLE", detail="a block cannot be inflated") from None
        self._left -= len(plain)
        if engine.unconsumed_tail:
            raise RecordRejected("TOO_LARGE", detail="a block when inflated")
        return plain


_CODECS: Final[dict[bytes, Callable[[], Callable[[bytes], bytes]]]] = {
    b"null": lambda: bytes,
    b"deflate": _Inflater,
}


def _take_block(source: _Source, sync: bytes) -> tuple[int, bytes]:
    """(Count, packed bytes) of the next block. Its sync marker is checked."""
    count, size = source.take_long(), source.take_long()
    if not 0 <= size <= BLOCK_BYTES_MAX:
        raise RecordRejected("TOO_LARGE", detail="a block")
    packed = source.take(size)
    if source.take(SYNC_BYTES) != sync:
        raise RecordRejected("UNREADABLE", detail="a block does not end with the sync marker")
    return count, packed


def _unpacked(unpack: Callable[[bytes], bytes], packed: bytes, count: int) -> bytes:
    block = unpack(packed)
    if not 0 <= count <= min(len(block), RECORDS_FREE + len(block) // RECORD_BYTES_MIN):
        raise RecordRejected("UNREADABLE", detail="a block has more records than its bytes can be")
    return block


def _records(reading: _Reading, unpack: Callable[[bytes], bytes], packed: bytes, count: int) -> Iterator[Any]:
    """The records of one block, or the one fault of a block that cannot be unpacked."""
    try:
        block = _unpacked(unpack, packed, count)
    except RecordRejected as fault:
        yield fault
        return
    at = 0
    for done in range(count):
        try:
            end = reading.body.walk(block, at)
        except RecordRejected as fault:
            yield from (fault for _ in range(count - done))
            return
        yield _record(reading, block[at:end])
        at = end
    if at != len(block):
        yield RecordRejected("TRAILING_BYTES")


def _record(reading: _Reading, data: bytes) -> Any:
    if len(data) > RECORD_BYTES_MAX:
        return RecordRejected("TOO_LARGE")
    if reading.quick:
        try:
            return reading.quick.build(data)
        except RecordRejected:
            pass  # read again below, so that the shape check names the field
    try:
        return reading.resolve(reading.body.build(data))
    except RecordRejected as fault:
        return fault

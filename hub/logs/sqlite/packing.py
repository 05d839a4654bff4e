"""Records as bytes: the payload of one row of the embedded log, up to a few thousand records of one partition.

A payload is a table of fixed-size heads, then keys, values and headers, all little-endian. One row holds many records,
because SQLite releases the interpreter lock at each row: with one record a row, and one other busy thread, an append
fell from 200,000 to 900 records a second.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from hub.ports import Headers, Outgoing

_HEAD = Struct("<IqiiI")
"""Offset minus the row's first offset; timestamp (ms); lengths of key and value (-1: none) and of the packed headers.
"""
_COUNT = Struct("<I")
_LENGTH = Struct("<I")
RECORDS_MAX = 2_048
BYTES_MAX = 1 << 20


class StoredRecord(NamedTuple):
    """A committed record. ``timestamp`` is in ms. ``packed`` are its headers, unpacked only when they are read."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    packed: bytes

    @property
    def headers(self) -> Headers:
        """The headers, in the order in which they were written."""
        return unpack_headers(self.packed)


class Row(NamedTuple):
    """One row of the log: records with ``base <= offset < stop``. ``high`` is the latest timestamp (ms) of the
    partition up to the end of this row.
    """

    base: int
    stop: int
    high: int
    payload: bytes


def pack(outgoing: Sequence[Outgoing]) -> Iterator[Row]:
    """Rows for ``outgoing`` (records of one partition, in order); the first offset is 0.

    A row has at most ``RECORDS_MAX`` records and ``BYTES_MAX`` bytes of keys and values. A larger record has a row of
    its own.
    """
    start = 0
    while start < len(outgoing):
        stop = _fitting(outgoing, start)
        part = outgoing[start:stop]
        records = (
            (delta, one.timestamp, one.key, one.value, pack_headers(one.headers)) for delta, one in enumerate(part)
        )
        yield Row(start, stop, max(one.timestamp for one in part), _payload(records))
        start = stop


def _fitting(outgoing: Sequence[Outgoing], start: int) -> int:
    """The index after the last record of the row that begins at index ``start``."""
    size = 0
    stop = min(start + RECORDS_MAX, len(outgoing))
    for at in range(start, stop):
        size += len(outgoing[at].value or b"") + len(outgoing[at].key or b"")
        if size > BYTES_MAX:
            return max(at, start + 1)
    return stop


def repack(records: Sequence[StoredRecord], base: int) -> bytes:
    """The payload of the row at ``base`` with only ``records`` in it (after compaction). Their
    offsets do not change.
    """
    return _payload((one.offset - base, one.timestamp, one.key, one.value, one.packed) for one in records)


def _payload(records: Iterable[tuple[int, int, bytes | None, bytes | None, bytes]]) -> bytes:
    heads: list[bytes] = []
    bodies: list[bytes] = []
    pack_head = _HEAD.pack
    for delta, timestamp, key, value, headers in records:
        key_size = -1 if key is None else len(key)
        value_size = -1 if value is None else len(value)
        heads.append(pack_head(delta, timestamp, key_size, value_size, len(headers)))
        bodies += (key or b"", value or b"", headers)
    return b"".join((_COUNT.pack(len(heads)), *heads, *bodies))


def unpack(base: int, payload: bytes) -> list[StoredRecord]:
    """The records of the row at ``base``, in the order of their offsets."""
    (count,) = _COUNT.unpack_from(payload)
    at = _COUNT.size + count * _HEAD.size
    records: list[StoredRecord] = []
    for delta, timestamp, key_size, value_size, headers_size in _HEAD.iter_unpack(payload[_COUNT.size : at]):
        key_end = at + max(key_size, 0)
        value_end = key_end + max(value_size, 0)
        end = value_end + headers_size
        key = payload[at:key_end] if key_size >= 0 else None
        value = payload[key_end:value_end] if value_size >= 0 else None
        records.append(StoredRecord(base + delta, timestamp, key, value, payload[value_end:end]))
        at = end
    return records


def pack_headers(headers: Headers) -> bytes:
    """Headers as bytes: names, lengths of the values, values. The names of each distinct list are packed once.

    >>> unpack_headers(pack_headers([("ce_id", b"1"), ("ce_id", b"")]))
    [('ce_id', b'1'), ('ce_id', b'')]
    """
    if not headers:
        return b""
    names, values = zip(*headers, strict=True)
    prefix, lengths = _packed_names(names)
    return b"".join((prefix, lengths.pack(*map(len, values)), *values))


@lru_cache(maxsize=1024)
def _packed_names(names: tuple[str, ...]) -> tuple[bytes, Struct]:
    texts = [name.encode() for name in names]
    listed = b"".join(_LENGTH.pack(len(text)) + text for text in texts)
    return _LENGTH.pack(len(listed)) + listed, Struct(f"<{len(names)}I")


def unpack_headers(packed: bytes) -> list[tuple[str, bytes]]:
    """The headers that ``pack_headers`` made ``packed`` of: (name, value) in order."""
    if not packed:
        return []
    at = _LENGTH.size + _LENGTH.unpack_from(packed)[0]
    names, lengths = _unpacked_names(packed[_LENGTH.size : at])
    sizes = lengths.unpack_from(packed, at)
    at += lengths.size
    headers = []
    for name, size in zip(names, sizes, strict=True):
        headers.append((name, packed[at : at + size]))
        at += size
    return headers


@lru_cache(maxsize=1024)
def _unpacked_names(listed: bytes) -> tuple[list[str], Struct]:
    names = []
    at = 0
    while at < len(listed):
        end = at + _LENGTH.size + _LENGTH.unpack_from(listed, at)[0]
        names.append(listed[at + _LENGTH.size : end].decode())
        at = end
    return names, Struct(f"<{len(names)}I")

"""Reads JSON from outside safely: duplicate keys, NaN, depth, large numbers and large sizes are rejected with codes."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from hub.errors import RecordRejected

RECORD_BYTES_MAX: Final = 262_144
DEPTH_MAX: Final = 32
SKIPPED_BYTES_MAX: Final = 268_435_456
"""Most bytes of a record that is too large: after so many, what follows is not searched for its end."""
BOM: Final = b"\xef\xbb\xbf"
_CHUNK_BYTES: Final = 65_536
_INTEGER_CHARACTERS_MAX: Final = 20
_LONG: Final = range(-(2**63), 2**63)

# A string, closed or not, or a bracket. No part can be matched in two ways, so a scan takes linear time.
_STRUCTURE: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)

Piece = tuple[int, bytes | None]
"""(The record's number in its file, its bytes); ``None`` instead of the bytes when it is too large."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RecordRejected("DUPLICATE_KEY")
    return found


def _integer(text: str) -> int:
    # int() of a very long text takes quadratic time, so its length is checked first.
    if len(text) > _INTEGER_CHARACTERS_MAX or (value := int(text)) not in _LONG:
        raise RecordRejected("NUMBER_TOO_LARGE")
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise RecordRejected("NUMBER_NOT_FINITE")
    return value


def _constant(_text: str) -> float:
    raise RecordRejected("NUMBER_NOT_FINITE")


_decode = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
).decode


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _STRUCTURE.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def load(data: bytes) -> Any:
    """One JSON value. Raises ``RecordRejected``: TOO_LARGE, TEXT_ENCODING, TOO_DEEP, UNREADABLE, DUPLICATE_KEY,
    NUMBER_NOT_FINITE, NUMBER_TOO_LARGE.

    >>> load(b'{"a": [1, null]}')
    {'a': [1, None]}
    >>> load(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    hub.errors.RecordRejected: DUPLICATE_KEY
    """
    if len(data) > RECORD_BYTES_MAX:
        raise RecordRejected("TOO_LARGE")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise RecordRejected("TEXT_ENCODING") from None
    # Counting brackets is fast. Only with many of them is the depth computed.
    if text.count("{") + text.count("[") > DEPTH_MAX and _depth(text) > DEPTH_MAX:
        raise RecordRejected("TOO_DEEP")
    try:
        return _decode(text)
    except ValueError:
        raise RecordRejected("UNREADABLE") from None


# ---- records in files ----------------------------------------------------------------------------------------------


def lines(stream: BinaryIO) -> Iterator[Piece]:
    """(Line number, bytes) of each line of a JSON Lines file that is not blank. Its memory does not grow.

    A byte order mark before a line is passed over: files are put together from several. Raises ``RecordRejected``
    (TOO_LARGE) for a line of more than ``SKIPPED_BYTES_MAX`` bytes.
    """
    number = 0
    while line := stream.readline(RECORD_BYTES_MAX + 1):
        number += 1
        if len(line) > RECORD_BYTES_MAX:
            _skip_line(stream, line)
            yield number, None
        elif line := line.removeprefix(BOM).strip():
            yield number, line


def _skip_line(stream: BinaryIO, line: bytes) -> None:
    skipped = 0
    while line and not line.endswith(b"\n"):
        line = stream.readline(_CHUNK_BYTES)
        skipped += len(line)
        if skipped > SKIPPED_BYTES_MAX:
            raise RecordRejected("TOO_LARGE", detail="a line that does not end")


def elements(stream: BinaryIO) -> Iterator[Piece]:
    """The records of a JSON file: the elements of its array, or its only value. Its memory does not grow.

    After the last element it raises ``RecordRejected``: UNREADABLE if the array is not closed, TRAILING_BYTES if more
    bytes follow, TOO_LARGE if an element has more than ``SKIPPED_BYTES_MAX`` bytes.
    """
    start = stream.read(_CHUNK_BYTES).removeprefix(BOM).lstrip()
    if start.startswith(b"["):
        yield from _Array(stream, start[1:]).elements()
    else:
        whole = start + stream.read(RECORD_BYTES_MAX + 1 - len(start)) if len(start) <= RECORD_BYTES_MAX else start
        yield 1, None if len(whole) > RECORD_BYTES_MAX else whole


# A string (or its part in this chunk), or a mark of structure. The group is the quote that closes the string.
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:(")|\\?\Z)|[\[\]{},]', re.DOTALL)
_STRING_REST: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*(?:(")|\\?\Z)', re.DOTALL)


class _Array:
    """Cuts a JSON array into its elements without parsing them. Memory: one element and one chunk."""

    def __init__(self, stream: BinaryIO, first: bytes) -> None:
        self._stream = stream
        self._chunk = first
        self._taken: list[bytes] | None = []
        self._taken_bytes = 0
        self._depth = 0
        self._cut = b""  # a string that the last chunk cut: b'"', or b'\\' when it cut an escape too

    def elements(self) -> Iterator[Piece]:
        number = 0
        while True:
            for end, last in self._ends():
                element = self._take(end)
                if not (last and number == 0 and element is not None and not element.strip()):
                    number += 1
                    yield number, element
                if last:
                    self._finish(end + 1)
                    return
            self._chunk = self._stream.read(_CHUNK_BYTES)
            if not self._chunk:
                raise RecordRejected("UNREADABLE", detail="the array is not closed")

    def _ends(self) -> Iterator[tuple[int, bool]]:
        """(Index where an element ends in this chunk, whether the array ends there too)."""
        self._start = 0
        for match in _TOKEN.finditer(self._chunk, self._string_rest()):
            mark = match[0]
            if mark[:1] == b'"':
                if not match[1]:
                    self._cut = b"\\" if self._escape_is_cut(match) else b'"'
            elif mark in b"[{":
                self._depth += 1
            elif mark == b",":
                if self._depth == 0:
                    yield match.start(), False
            elif self._depth:
                self._depth -= 1
            else:
                yield match.start(), True
        self._collect(len(self._chunk))

    def _string_rest(self) -> int:
        """The index after the string that the last chunk cut."""
        if not self._cut:
            return 0
        match = _STRING_REST.match(self._chunk, len(self._cut) if self._cut == b"\\" else 0)
        if match is None or match[1]:
            self._cut = b""
            return match.end() if match else 0
        self._cut = b"\\" if self._escape_is_cut(match) else b'"'
        return len(self._chunk)

    @staticmethod
    def _escape_is_cut(match: re.Match[bytes]) -> bool:
        text = match[0]
        return (len(text) - len(text.rstrip(b"\\"))) % 2 == 1

    def _collect(self, end: int) -> None:
        self._taken_bytes += end - self._start
        if self._taken_bytes > SKIPPED_BYTES_MAX:
            raise RecordRejected("TOO_LARGE", detail="an element that does not end")
        if self._taken_bytes > RECORD_BYTES_MAX:
            self._taken = None
        elif self._taken is not None:
            self._taken.append(self._chunk[self._start : end])
        self._start = end

    def _take(self, end: int) -> bytes | None:
        self._collect(end)
        element = None if self._taken is None else b"".join(self._taken)
        self._taken, self._taken_bytes, self._start = [], 0, end + 1
        return element

    def _finish(self, start: int) -> None:
        rest = self._chunk[start:]
        while rest:
            if not rest.isspace():
                raise RecordRejected("TRAILING_BYTES")
            rest = self._stream.read(_CHUNK_BYTES)

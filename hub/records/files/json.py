"""JSON from outside, read so that no input can hurt: duplicate keys, NaN, depth, huge numbers and sizes have codes."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from hub.errors import RecordRejected

RECORD_BYTES_MAX: Final = 262_144
DEPTH_MAX: Final = 32
_CHUNK_BYTES: Final = 65_536
_INTEGER_CHARACTERS_MAX: Final = 20
_LONG: Final = range(-(2**63), 2**63)

_STRUCTURE: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)

Piece = tuple[int, bytes | None]
"""A record's number in its file, and its bytes, or ``None`` when it is too large to be kept."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RecordRejected("DUPLICATE_KEY")
    return found


def _integer(text: str) -> int:
    # int() of a very long text takes quadratic time, so its length is looked at first.
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
    # Counting brackets is quick; only where there are many is it worth finding out how deep they go.
    if text.count("{") + text.count("[") > DEPTH_MAX and _depth(text) > DEPTH_MAX:
        raise RecordRejected("TOO_DEEP")
    try:
        return _decode(text)
    except ValueError:
        raise RecordRejected("UNREADABLE") from None


# ---- records out of files ------------------------------------------------------------------------------------------


def lines(stream: BinaryIO) -> Iterator[Piece]:
    """The lines of a JSON Lines file that are not blank, with their numbers."""
    number = 0
    while line := stream.readline(RECORD_BYTES_MAX + 1):
        number += 1
        if len(line) > RECORD_BYTES_MAX:
            while line and not line.endswith(b"\n"):
                line = stream.readline(_CHUNK_BYTES)
            yield number, None
        elif not line.isspace():
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def elements(stream: BinaryIO) -> Iterator[Piece]:
    """The records of a JSON file: the elements of its array, however long that is, or the one value that it holds.

    Raises ``RecordRejected`` after the last one of an array that is not closed (UNREADABLE) or followed by something
    else (TRAILING_BYTES).
    """
    start = stream.read(_CHUNK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        yield from _Array(stream, start[1:]).elements()
    else:
        whole = start + stream.read(RECORD_BYTES_MAX + 1 - len(start)) if len(start) <= RECORD_BYTES_MAX else start
        yield 1, None if len(whole) > RECORD_BYTES_MAX else whole


# A string (or as much of it as the chunk has), or a mark of structure. The group is the quote that closes the string.
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:(")|\\?\Z)|[\[\]{},]', re.DOTALL)
_STRING_REST: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*(?:(")|\\?\Z)', re.DOTALL)


class _Array:
    """Cuts a JSON array into its elements without understanding them. Memory: one element and one chunk."""

    def __init__(self, stream: BinaryIO, first: bytes) -> None:
        self._stream = stream
        self._chunk = first
        self._kept: list[bytes] | None = []
        self._kept_bytes = 0
        self._depth = 0
        self._cut = b""  # what the last chunk left of a string: b'"', or b'\\' when an escape was cut too

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
        """Where elements end in this chunk, and whether the array ends there too."""
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
        self._keep(len(self._chunk))

    def _string_rest(self) -> int:
        """Where the string that the last chunk left open ends in this one."""
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

    def _keep(self, end: int) -> None:
        self._kept_bytes += end - self._start
        if self._kept_bytes > RECORD_BYTES_MAX:
            self._kept = None
        elif self._kept is not None:
            self._kept.append(self._chunk[self._start : end])
        self._start = end

    def _take(self, end: int) -> bytes | None:
        self._keep(end)
        element = None if self._kept is None else b"".join(self._kept)
        self._kept, self._kept_bytes, self._start = [], 0, end + 1
        return element

    def _finish(self, start: int) -> None:
        rest = self._chunk[start:]
        while rest:
            if not rest.isspace():
                raise RecordRejected("TRAILING_BYTES")
            rest = self._stream.read(_CHUNK_BYTES)

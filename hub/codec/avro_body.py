"""Reads Avro bodies from outside safely: no input crashes the process or exhausts its memory.

fastavro trusts its input: deep recursion crashes Python, six bytes of ``array<null>`` exhaust the memory, an enum or
union index of -1 counts from the end, bytes after the value are ignored. So a body is first checked without building
anything: every length, count and index is checked, and the value must end where the bytes end. Then it is decoded.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, Final, NamedTuple

import fastavro

from hub.codec.catalogue import Schema
from hub.errors import RecordRejected

BODY_BYTES_MAX: Final = 262_144
SCHEMA_DEPTH_MAX: Final = 32
_VARINT_BYTES_MAX: Final = 10
SCHEMA_STEPS_MAX: Final = 10_000
STEPS_PER_BYTE_MAX: Final = 64
"""Of the items of a list."""

Walk = Callable[[bytes, int], int]
"""(Bytes, index where a value starts) → index after it. Raises ``RecordRejected`` (UNREADABLE) for a wrong value."""


def _unreadable(why: str) -> RecordRejected:
    return RecordRejected("UNREADABLE", detail=why)


def _unsafe(why: str) -> RecordRejected:
    return RecordRejected("SCHEMA_UNKNOWN", detail=why)


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """The zig-zag number at index ``at``, and the index after it. Raises ``RecordRejected`` (UNREADABLE).

    Source: Avro 1.11 specification, binary encoding of int and long.

    >>> read_long(bytes([0x03]), 0), read_long(bytes([0x80, 0x01]), 0)
    ((-2, 1), (64, 2))
    """
    value = shift = 0
    for place in range(at, min(at + _VARINT_BYTES_MAX, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), place + 1
        shift += 7
    raise _unreadable("a number does not end")


def _walk_long(data: bytes, at: int) -> int:
    return read_long(data, at)[1]


def _walk_bytes(data: bytes, at: int) -> int:
    length, at = read_long(data, at)
    if not 0 <= length <= len(data) - at:
        raise _unreadable("a text is longer than the bytes")
    return at + length


def _walk_boolean(data: bytes, at: int) -> int:
    if at >= len(data) or data[at] > 1:
        raise _unreadable("a boolean is neither 0 nor 1")
    return at + 1


def _walk_fixed(size: int) -> Walk:
    def walk(data: bytes, at: int) -> int:
        if at + size > len(data):
            raise _unreadable("the bytes end too early")
        return at + size

    return walk


def _walk_enum(symbols: int) -> Walk:
    def walk(data: bytes, at: int) -> int:
        index, at = read_long(data, at)
        if not 0 <= index < symbols:
            raise _unreadable("an index is outside its enum")
        return at

    return walk


def _walk_union(branches: list[Walk]) -> Walk:
    def walk(data: bytes, at: int) -> int:
        index, at = read_long(data, at)
        if not 0 <= index < len(branches):
            raise _unreadable("an index is outside its union")
        return branches[index](data, at)

    return walk


def _walk_blocks(item: Walk) -> Walk:
    """Arrays and maps. Each item takes at least one byte, so the number of remaining bytes bounds the count."""

    def walk(data: bytes, at: int) -> int:
        while True:
            count, at = read_long(data, at)
            if count == 0:
                return at
            if count < 0:
                count, (size, at) = -count, read_long(data, at)
                if not 0 <= size <= len(data) - at:
                    raise _unreadable("a block is longer than the bytes")
            if count > len(data) - at:
                raise _unreadable("a list has more items than bytes")
            for _ in range(count):
                at = item(data, at)

    return walk


def _walk_record(fields: list[Walk]) -> Walk:
    def walk(data: bytes, at: int) -> int:
        for field in fields:
            at = field(data, at)
        return at

    return walk


class _Built(NamedTuple):
    """A compiled type. ``least``: the smallest number of bytes of a value. ``steps``, ``depth``: the largest number of
    steps and the depth of a walk, without the items of lists."""

    walk: Walk
    least: int
    steps: int = 1
    depth: int = 1


class _Compiler:
    """Builds the walk of one schema. Refuses schemas of which a small body can be costly to read."""

    def __init__(self) -> None:
        self._named: dict[str, _Built | None] = {}

    def compile(self, schema: Any, depth: int = 0) -> _Built:
        built = self._compile(schema, depth)
        if depth + built.depth > SCHEMA_DEPTH_MAX or built.steps > SCHEMA_STEPS_MAX:
            raise _unsafe("too deep or too wide")
        return built

    def _compile(self, schema: Any, depth: int) -> _Built:
        if depth > SCHEMA_DEPTH_MAX:
            raise _unsafe("too deep")
        if isinstance(schema, list):
            branches = [self.compile(branch, depth + 1) for branch in schema]
            least = 1 + min((branch.least for branch in branches), default=0)
            return _around(branches, _walk_union([branch.walk for branch in branches]), least)
        kind = schema["type"] if isinstance(schema, dict) else schema
        if kind in ("record", "error", "enum", "fixed"):
            return self._define(schema, depth)
        if kind in ("array", "map"):
            return self._list(self.compile(schema["items" if kind == "array" else "values"], depth + 1), kind)
        return self._simple(kind)

    def _define(self, schema: Any, depth: int) -> _Built:
        name = schema["name"]
        self._named[name] = None
        if schema["type"] == "enum":
            built = _Built(_walk_enum(_count_symbols(schema)), 1)
        elif schema["type"] == "fixed":
            built = _Built(_walk_fixed(size := _size(schema)), size)
        else:
            fields = [self.compile(entry["type"], depth + 1) for entry in schema["fields"]]
            built = _around(
                fields, _walk_record([field.walk for field in fields]), sum(field.least for field in fields)
            )
        self._named[name] = built
        return built

    def _list(self, item: _Built, kind: str) -> _Built:
        if kind == "map":
            return _around([item], _walk_blocks(lambda data, at: item.walk(data, _walk_bytes(data, at))), 1)
        if item.least == 0:
            raise _unsafe("items of zero bytes")
        if item.steps > STEPS_PER_BYTE_MAX * item.least:
            raise _unsafe("items that cost more to read than they weigh")
        return _around([item], _walk_blocks(item.walk), 1)

    def _simple(self, name: str) -> _Built:
        if not isinstance(name, str):
            raise _unsafe("a type that is not defined")
        if name in self._named:
            built = self._named[name]
            if built is None:
                raise _unsafe("recursive")
            return built
        if name in _SIMPLE:
            return _SIMPLE[name]
        raise _unsafe("a type that is not defined")


def _size(schema: Any) -> int:
    """The size of a fixed. fastavro accepts anything: a negative one would lead the walk back to where it was."""
    size = schema.get("size")
    if type(size) is not int or not 0 <= size <= BODY_BYTES_MAX:
        raise _unsafe("the size of a fixed is no number of bytes")
    return size


def _count_symbols(schema: Any) -> int:
    symbols = schema.get("symbols")
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise _unsafe("the symbols of an enum are no list of names")
    return len(symbols)


def _around(inner: Sequence[_Built], walk: Walk, least: int) -> _Built:
    steps, depth = sum(built.steps for built in inner), max((built.depth for built in inner), default=0)
    return _Built(walk, least, 1 + steps, 1 + depth)


_SIMPLE: Final = {
    "null": _Built(_walk_fixed(0), 0),
    "boolean": _Built(_walk_boolean, 1),
    "int": _Built(_walk_long, 1),
    "long": _Built(_walk_long, 1),
    "float": _Built(_walk_fixed(4), 4),
    "double": _Built(_walk_fixed(8), 8),
    "bytes": _Built(_walk_bytes, 1),
    "string": _Built(_walk_bytes, 1),
}


class Body:
    """Reads bodies of one schema, parsed by fastavro. ``least``: the smallest number of bytes of a body; ``steps``: the
    largest number of steps of a walk, without the items of lists.

    Raises ``RecordRejected`` (SCHEMA_UNKNOWN) for a schema that cannot be read safely.

    >>> Body(fastavro.parse_schema({"type": "array", "items": "int"})).decode(bytes([2, 8, 0]))
    [4]
    >>> Body(fastavro.parse_schema({"type": "array", "items": "null"}))
    Traceback (most recent call last):
    hub.errors.RecordRejected: SCHEMA_UNKNOWN items of zero bytes
    """

    def __init__(self, parsed: Any) -> None:
        self.walk, self.least, self.steps, _ = _Compiler().compile(parsed)
        self._parsed = parsed

    def decode(self, data: bytes, bytes_max: int = BODY_BYTES_MAX) -> Any:
        """The value that ``data`` holds, from its first byte to its last.

        Raises ``RecordRejected``: TOO_LARGE (over ``bytes_max``), UNREADABLE, TRAILING_BYTES, TEXT_ENCODING.
        """
        if len(data) > bytes_max:
            raise RecordRejected("TOO_LARGE")
        if self.walk(data, 0) != len(data):
            raise RecordRejected("TRAILING_BYTES")
        return self.build(data)

    def build(self, data: bytes) -> Any:
        """The value in bytes that ``walk`` has checked. Raises ``RecordRejected``: UNREADABLE for a value outside its
        type (a date that is not in the calendar), TEXT_ENCODING."""
        try:
            return fastavro.schemaless_reader(BytesIO(data), self._parsed, None)
        except UnicodeDecodeError:
            raise RecordRejected("TEXT_ENCODING") from None
        except (ValueError, ArithmeticError, TypeError, LookupError, EOFError):
            raise _unreadable("a value is outside its type") from None


_bodies: Final[dict[str, Body]] = {}


def decode_body(schema: Schema, data: bytes, bytes_max: int = BODY_BYTES_MAX) -> Any:
    """The value of ``schema`` that ``data`` holds: ``Body.decode``. The compiled ``Body`` of a schema is cached."""
    body = _bodies.get(schema.fingerprint)
    if body is None:
        body = _bodies[schema.fingerprint] = Body(schema.parsed)
    return body.decode(data, bytes_max)

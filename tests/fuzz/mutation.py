"""Mutations of bytes and of JSON-like values: what goes wrong in files, and what people who attack write."""

import json
import random
import struct
from copy import deepcopy
from typing import Any

BYTES_MAX = 100_000
TOKENS = [
    b'"', b"\\", b'\\"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"NaN", b"Infinity", b"-1", b"1e999",
    b"9" * 25, b"-0", b"1.5", b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\r", b"\n", b"\r\n", b"\t", b" ", b"\x1b[31m", b"''", b'""', b";", b"holders.0.name", b"holders.999.name",
    b"unit", b"source.version", b"2021-02-30", b"0000-00-00", b"0001-01-01", b"9999-12-31", b"9223372036854775808",
    b"%s", b"\xf4\x90\x80\x80", b"\xc0\x80", b"__class__", "长期".encode(), "１２".encode(), "\u202e".encode(),
    "²".encode(), "\ufffd".encode(), "\ufdfa".encode() * 5,
]  # fmt: skip
RUNS = [b"[", b"{", b'{"a":', b'"', b'\\"', b"a.", b"\xff" * 9 + b"\x01", b"\x80", b"\x00", b","]
NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
VALUES: list[Any] = [
    None, True, False, 0, -1, 2**63, 2**63 - 1, -(2**63), 10**30, 1e308, float("inf"), float("nan"), 1.5, "", " ",
    "长期", "\ud800", "\x00", "\x1b[2J", "１２３", "²", "٣٤", "Ⅷ", "\ufdfa" * 20, "a" * 201, "x" * 5000, "9" * 5000,
    "2021-02-30", "0001-01-01", "20211301", "-" * 50, [], {}, [1], [[[[]]]], {"a": 1}, {"a": {"a": {}}}, [None] * 1001,
    "2/0", "0/0", "1/3", "100%", "120101001001GB00001F00010001", "91110000600037341L", "36042619910101007٣", "X" * 18,
    "\u2028", "天津市" * 60, "号" * 300, "(" * 300, "第十二号楼" * 50, "|" * 20, "甲1-1号院" * 30, "\ufffd", "锟斤拷",
    "\u200b", {"hex": "ff"}, {"hex": "d6d0"}, {"date": "2020-01-01"}, {"decimal": "89.53"}, {"decimal": "NaN"},
    {"moment": "2020-01-01T10:00:00"},
]  # fmt: skip
INSIDE = [
    "\u200b",
    "０",
    "x",
    "X",
    "l",
    "\ud83d",
    "-",
    "(",
    "）",
    "十",
    "号",
    "\n",
    "٣",
    "²",
    "'",
    "\x00",
    "İ",
    "ß",
    "\xa0",
]
KEYS = ["x", "__proto__", "a.b", "", "\ud800", "source", "holders", "unit", "1", "size", "type", "items"]


def mutated(draw: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """``data`` after one mutation or several; a part of another input may be put in."""
    found = bytearray(data)
    for _ in range(1 + min(7, int(draw.expovariate(0.7)))):
        found = _once(draw, found, others)
    return bytes(found[:BYTES_MAX])


def _once(draw: random.Random, data: bytearray, others: list[bytes]) -> bytearray:
    at = draw.randrange(len(data) + 1)
    end = min(len(data), at + draw.randrange(1, 60))
    match draw.randrange(9):
        case 0 if at < len(data):
            data[at] = draw.randrange(256)
        case 1 if at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        case 2:
            data[at:at] = draw.choice(TOKENS)
        case 3:
            del data[at:end]
        case 4:
            data[end:end] = data[at:end] * draw.randrange(1, 5)
        case 5:
            other = draw.choice(others)
            data = data[:at] + other[draw.randrange(len(other) + 1) :]
        case 6:
            del data[at:]
        case 7 if len(data) > at + 4:
            data[at : at + 4] = struct.pack(draw.choice("<>") + "I", draw.choice(NUMBERS))
        case _:
            data[at:at] = draw.choice(RUNS) * draw.choice([1, 2, 33, 200, 1500])
    return data


def mutated_value(draw: random.Random, value: Any) -> Any:
    """A JSON-like value after one mutation, in place where that is possible."""
    if not isinstance(value, (dict, list)) or not value or draw.random() < 0.12:
        return _text(draw, value) if isinstance(value, str) and draw.random() < 0.5 else deepcopy(draw.choice(VALUES))
    if isinstance(value, dict):
        return _object(draw, value)
    at, kind = draw.randrange(len(value)), draw.random()
    if kind < 0.1:
        value.pop(at)
    elif kind < 0.25:
        value.insert(at, deepcopy(value[at]))
    else:
        value[at] = mutated_value(draw, value[at])
    return value


def _object(draw: random.Random, value: dict[str, Any]) -> dict[str, Any]:
    key, kind = draw.choice(list(value)), draw.random()
    if kind < 0.07:
        value.pop(key)
    elif kind < 0.12:
        value[draw.choice(KEYS)] = deepcopy(draw.choice(VALUES))
    else:
        value[key] = mutated_value(draw, value[key])
    return value


def _text(draw: random.Random, text: str) -> str:
    found = list(text)
    for _ in range(draw.randrange(1, 4)):
        at = draw.randrange(len(found) + 1)
        match draw.randrange(4):
            case 1 if at < len(found):
                found.pop(at)
            case 2 if at < len(found):
                found[at] = chr(draw.randrange(1, 0x3000))
            case 3:
                found = found * draw.randrange(1, 4)
            case _:
                found.insert(at, draw.choice(INSIDE))
    return "".join(found)[:20_000]


def as_bytes(value: Any) -> bytes:
    """JSON, with lone surrogates as they are."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")

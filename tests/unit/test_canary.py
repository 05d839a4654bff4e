"""The canary search is itself tested with planted leaks (P5)."""

import base64
import gzip
from hashlib import sha256
from pathlib import Path

import pytest

from tests import canary

NUMBER = "360426199101010071"
ADDRESS = "天津市和平区南京路128号"

LEAKS = {
    "plain": NUMBER.encode(),
    "gbk": ADDRESS.encode("gb18030"),
    "utf-16": ("x" + ADDRESS).encode("utf-16"),
    "hex": NUMBER.encode().hex().encode(),
    "bare hash": sha256(NUMBER.encode()).digest(),
    "bare hash, hex": sha256(NUMBER.encode()).hexdigest().encode(),
    "escaped": ADDRESS.encode("unicode_escape"),
    **{f"base64 at {shift}": base64.b64encode(b"." * shift + NUMBER.encode() + b"!") for shift in range(3)},
    **{f"base64 address at {shift}": base64.b64encode(b"." * shift + ADDRESS.encode() + b"!!") for shift in range(3)},
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_p5_a_planted_leak_is_found_in_every_spelling(tmp_path: Path, leak: bytes) -> None:
    file = tmp_path / "topic.db"
    file.write_bytes(b"\x07" * 9_000_000 + leak + b"\x07" * 100)
    assert canary.search([NUMBER, ADDRESS], [file]) != []


def test_p5_other_bytes_are_no_leak(tmp_path: Path) -> None:
    file = tmp_path / "topic.db"
    file.write_bytes(gzip.compress(NUMBER.encode()) + sha256(b"key" + NUMBER.encode()).digest())
    assert canary.search([NUMBER, ADDRESS], [file]) == []


def test_p5_a_leak_across_two_blocks_is_found(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    file.write_bytes(b"." * ((8 << 20) - 9) + NUMBER.encode())
    assert canary.search([NUMBER], [file]) == [(NUMBER, file)]

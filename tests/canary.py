"""Looks for planted personal values in whatever bytes the hub left behind, in every spelling they could have leaked
in (P5)."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import md5, sha1, sha256
from pathlib import Path

_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_CHUNK = 8 << 20
SHORTEST = 6
"""Values of fewer bytes would be found by chance."""


def spellings(value: str) -> set[bytes]:
    """Every form in which ``value`` would be readable, or could be guessed back from a bare hash."""
    found: set[bytes] = set()
    for encoding in _ENCODINGS:
        raw = value.encode(encoding)
        found |= {raw, raw.hex().encode(), raw.hex().upper().encode(), *_base64_windows(raw)}
    found.add(value.encode("unicode_escape"))
    for digest in (md5, sha1, sha256):
        hashed = digest(value.encode())
        found |= {hashed.digest(), hashed.hexdigest().encode(), base64.b64encode(hashed.digest()).rstrip(b"=")}
    return {form for form in found if len(form) >= SHORTEST}


def _base64_windows(raw: bytes) -> Iterator[bytes]:
    """The part of the base64 text that does not depend on what stands around ``raw``, for each of the three
    alignments."""
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + raw)
        inner = text[4 if shift else 0 : len(text) - (4 if (shift + len(raw)) % 3 else 0)]
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")


def search(values: Iterable[str], files: Iterable[Path]) -> list[tuple[str, Path]]:
    """(value, file) for every planted value that can be read in a file."""
    needles = [(form, value) for value in values for form in spellings(value)]
    overlap = max((len(form) for form, _ in needles), default=0)
    by_start: dict[bytes, list[tuple[bytes, str]]] = {}
    for form, value in needles:
        by_start.setdefault(form[:SHORTEST], []).append((form, value))
    leaks: dict[tuple[str, Path], None] = {}
    for file in files:
        for block in _blocks(file, overlap):
            leaks.update({(value, file): None for value in _found(block, by_start)})
    return list(leaks)


def _found(block: bytes, by_start: Mapping[bytes, Sequence[tuple[bytes, str]]]) -> Iterator[str]:
    """One pass over the block, however many needles there are: thousands would each take one of their own."""
    for at in range(len(block) - SHORTEST + 1):
        for form, value in by_start.get(block[at : at + SHORTEST], ()):
            if block.startswith(form, at):
                yield value


def _blocks(file: Path, overlap: int) -> Iterator[bytes]:
    with file.open("rb") as stream:
        kept = b""
        while fresh := stream.read(_CHUNK):
            yield kept + fresh
            kept = (kept + fresh)[-overlap:]

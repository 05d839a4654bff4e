"""What readers can link: every value that each role sees, in every form that can be computed from it without a secret,
joined role by role (P5)."""

import base64
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import md5, sha1, sha256
from itertools import combinations, permutations, product
from typing import Any

from hub.privacy.references import ALPHABET

_EPOCH_MS = 1_000_000_000_000
"""A number from here on is a time in ms."""
_WORD = re.compile(r"[A-Za-z_.,:/ -]*")
_HEX = re.compile(r"([0-9a-fA-F]{2}){8,}")
_GROUPED = re.compile(r"[0-9A-Z]{5}-[0-9A-Z]{4}-[0-9A-Z]{5}")
_LENGTHS = (13, 14, 16, 20, 24, 32)
"""Lengths to which a hash may be cut, in characters."""
TIME = "time "


@dataclass
class View:
    """What one role sees. ``rare``: a value that occurs in at most so many things of this view names one of them; for
    a reader of topics or tables the things of one case are several."""

    rare: int = 1
    found: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """Form of a value → thing → the fields in which it was seen."""

    def see(self, thing: str, value: Any, name: str = "") -> None:
        """Everything in ``value``, however deep, is seen of ``thing``."""
        if isinstance(value, Mapping):
            for key, inner in value.items():
                self.see(thing, inner, str(key))
        elif isinstance(value, list | tuple | set | frozenset):
            for inner in value:
                self.see(thing, inner, name)
        else:
            for form in forms(value):
                self.found.setdefault(form, {}).setdefault(thing, set()).add(name)

    def see_composed(self, thing: str, value: Mapping[str, Any]) -> None:
        """Hashes over several parts of one message: ids, and the kinds that it names."""
        leaves = list(_leaves(value))
        ids = {leaf for leaf in leaves if isinstance(leaf, bytes) and len(leaf) == 16}
        words = {leaf.encode() for leaf in leaves if isinstance(leaf, str) and _WORD.fullmatch(leaf) and leaf}
        for form in {form for made in _composed(ids, words) for form in _hashes(made)}:
            self.found.setdefault(form, {}).setdefault(thing, set()).add("composed")

    def names(self, form: str) -> set[str]:
        """The fields by which this role knows one thing by ``form``; empty when it occurs in too many."""
        things = self.found.get(form, {})
        return set().union(*things.values()) if len(things) <= self.rare else set()


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _composed(ids: Collection[bytes], words: Collection[bytes]) -> Iterator[bytes]:
    """The concatenations that a key is usually made from: two ids, an id and a word, an id, a word and an id."""
    for between in (b"", b"\0", b":", b"|"):
        for one, two in permutations(ids, 2):
            yield one + between + two
        for one, word in product(ids, words):
            yield one + between + word
            yield one + word + between
            yield from (one + word + between + two for two in ids if two != one)


def forms(value: Any) -> set[str]:
    """A value in every form in which it could be recognised, or nothing for one that names nothing: a short one, a
    small number, a word of our own."""
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, int | float):
        return _of_number(value) if abs(value) >= 10_000_000 else set()
    if isinstance(value, datetime | date):
        value = value.isoformat()
    if isinstance(value, str):
        return _of_text(value)
    return _of_bytes(bytes(value)) if len(value) >= 8 else set()


def _of_number(value: float) -> set[str]:
    if _EPOCH_MS < value < 2 * _EPOCH_MS:
        return {f"{TIME}{int(value)}"}
    return {f"number {value}", *_hashes(str(value).encode())}


def _of_text(text: str) -> set[str]:
    text = text.strip().rstrip("=")
    if len(text) < 6 or (text.isascii() and _WORD.fullmatch(text)):
        return set()
    found = {f"text {text.casefold()}", *_hashes(text.encode())}
    if _GROUPED.fullmatch(text):
        found |= forms(text.replace("-", ""))
    if _HEX.fullmatch(text):
        found |= _of_bytes(bytes.fromhex(text))
    if moment := _moment(text):
        return {f"{TIME}{int(moment.timestamp() * 1000)}"}
    # Ids within a text, as `token:1234abcd` or the ids of a log line.
    found |= {form for part in re.findall(r"[0-9a-fA-F]{16,}", text) if part != text for form in forms(part)}
    return found


def _moment(text: str) -> datetime | None:
    """A time with seconds; one in minutes names nothing."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo and text.count(":") >= 2 + text.count("+") and len(text) > 19 else None


def _of_bytes(value: bytes) -> set[str]:
    return {*_spellings(value), *_hashes(value), *_hashes(value.hex().encode())}


def _hashes(value: bytes) -> set[str]:
    whole = {form for digest in (md5, sha1, sha256) for form in _spellings(digest(value).digest())}
    return whole | {form[: len("text ") + length] for form in whole for length in _LENGTHS}


def _spellings(value: bytes) -> set[str]:
    """Hex, base 64 and Crockford's base 32, whole."""
    bits = int.from_bytes(value[-10:], "big")
    base32 = "".join(ALPHABET[bits >> shift & 31] for shift in range(75, -1, -5))
    texts = (value.hex(), base64.b64encode(value).decode().rstrip("=").casefold(), base32.casefold())
    return {f"text {text}" for text in texts}


def links(views: Mapping[str, View], sinks: Collection[str]) -> dict[tuple[str, str], set[str]]:
    """For each pair of roles the fields of the first by which both know the same thing. Times in milliseconds count
    where one of the two is a sink: what leaves is in minutes, so that it cannot coincide."""
    return {
        (one, two): set(_joined(views[one], views[two], times=bool({one, two} & set(sinks))))
        for one, two in combinations(views, 2)
    }


def _joined(one: View, two: View, times: bool) -> Iterator[str]:
    for form in one.found.keys() & two.found.keys():
        if two.names(form) and (times or not form.startswith(TIME)):
            yield from one.names(form)


def table(found: Mapping[tuple[str, str], Iterable[str]]) -> str:
    """The links as a person reads them, one pair a line."""
    return "\n".join(f"{one} + {two}: {', '.join(sorted(names)) or '–'}" for (one, two), names in found.items())

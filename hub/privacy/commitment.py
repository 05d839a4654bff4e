"""Salted field commitments: one Merkle root binds all fields of a part, so that a single field can be shown later
without the others.

Leaf of field i = SHA-256(0x00 ∥ name ∥ 0x00 ∥ salt_i ∥ value), salt_i = the i-th 16 bytes of SHAKE256(seed) (FIPS
202), fields sorted by name, the tree of RFC 9162 §2.1. The seed is inside the ciphertext. So a reader who cannot open
the part cannot guess a field from the root, although a resident ID number has only about 2^37 possible values.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256, shake_256
from typing import Any, NamedTuple

from hub.codec import merkle
from hub.errors import TamperDetected

SEED_BYTES = 16
SALT_BYTES = 16


class Disclosure(NamedTuple):
    """One field with its proof. ``position``: its index among ``size`` fields. ``path``: siblings from the lowest level
    up. ``salt``: 16 bytes."""

    name: str
    value: Any
    salt: bytes
    position: int
    size: int
    path: Sequence[bytes]


def commit(seed: bytes, part: Mapping[str, Any]) -> bytes:
    """The 32-byte root over all fields of ``part``. ``seed``: 16 secret bytes.

    >>> commit(bytes(16), {"name": "王伟"}) == commit(bytes(16), {"name": "王芳"})
    False
    """
    return merkle.root(_leaves(seed, part))


def of_original(salt: bytes, frame: bytes) -> bytes:
    """The 32-byte commitment to a record's original (``hub.original`` in wire format): SHA-256(0x00 ∥ salt ∥ frame)."""
    return sha256(b"\x00" + salt + frame).digest()


def disclose(seed: bytes, part: Mapping[str, Any], name: str) -> Disclosure:
    """The proof of the field ``name``; it shows no other field. Raises ``KeyError`` when the part has no such field."""
    index = sorted(part).index(name) if name in part else -1
    if index < 0:
        raise KeyError(name)
    path = merkle.paths(_leaves(seed, part))[index]
    return Disclosure(name, part[name], _salts(seed, len(part))[index], index, len(part), path)


def check(root: bytes, shown: Disclosure) -> None:
    """Return when ``shown`` is a field under ``root``, otherwise raise ``TamperDetected``."""
    leaf = _leaf(shown.name, shown.salt, shown.value)
    if merkle.root_from_path(leaf, shown.position, shown.size, shown.path) != root:
        raise TamperDetected(f"field {shown.name} does not belong to this commitment")


def _leaves(seed: bytes, part: Mapping[str, Any]) -> list[bytes]:
    names, salts = sorted(part), _salts(seed, len(part))
    return [_leaf(name, salt, part[name]) for name, salt in zip(names, salts, strict=True)]


def _salts(seed: bytes, count: int) -> list[bytes]:
    stream = shake_256(seed).digest(SALT_BYTES * count)
    return [stream[start : start + SALT_BYTES] for start in range(0, len(stream), SALT_BYTES)]


def _leaf(name: str, salt: bytes, value: Any) -> bytes:
    # A type mark, then text as it is, or JSON with sorted keys: each value has one byte string.
    shown = b"s" + value.encode() if isinstance(value, str) else b"j" + _JSON.encode(value).encode()
    return sha256(b"\x00" + name.encode() + b"\x00" + salt + shown).digest()


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no canonical form for {type(value).__name__}")


_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_iso)

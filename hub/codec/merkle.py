"""Merkle tree hash, inclusion paths and their check (RFC 9162 §2.1: SHA-256, prefix 0x00 for leaves, 0x01 for nodes).

Pure functions on the standard library. Field commitments, page proofs and the ledger use them.
"""

from collections.abc import Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of 0x00 and one leaf's data; 32 bytes (RFC 9162 §2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and the hashes of two children; 32 bytes (RFC 9162 §2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree head over leaf hashes in order; 32 bytes (RFC 9162 §2.1.1). ``EMPTY_ROOT`` for none.

    Hashing level by level, and moving an odd last node up, gives the same tree as the recursive definition.

    >>> root([]) == EMPTY_ROOT
    True
    >>> a, b, c = (leaf_hash(x) for x in (b"a", b"b", b"c"))
    >>> root([a, b, c]) == node_hash(node_hash(a, b), c)
    True
    """
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        level = _fold(level)
    return level[0]


def _fold(level: list[bytes]) -> list[bytes]:
    folded = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
    if len(level) % 2:
        folded.append(level[-1])
    return folded


def paths(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The inclusion path of each leaf hash: its siblings from the lowest level up (RFC 9162 §2.1.3.1)."""
    found: list[list[bytes]] = [[] for _ in leaves]
    level, width = list(leaves), 1
    while len(level) > 1:
        for index, path in enumerate(found):
            sibling = (index // width) ^ 1
            if sibling < len(level):
                path.append(level[sibling])
        level, width = _fold(level), width * 2
    return found


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that ``path`` leads to from leaf ``index`` of ``size`` (RFC 9162 §2.1.3.2), or ``None`` for a path of
    the wrong length.

    >>> leaves = [leaf_hash(bytes([n])) for n in range(5)]
    >>> all(root_from_path(leaves[i], i, 5, p) == root(leaves) for i, p in enumerate(paths(leaves)))
    True
    """
    if not 0 <= index < size:
        return None
    node, last, reached = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if node % 2 or node == last:
            reached = sha256(b"\x01" + sibling + reached).digest()
            while node and not node % 2:
                node, last = node >> 1, last >> 1
        else:
            reached = sha256(b"\x01" + reached + sibling).digest()
        node, last = node >> 1, last >> 1
    return reached if last == 0 else None

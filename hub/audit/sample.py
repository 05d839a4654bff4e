"""A sample that everyone can draw again: who knows the seed and the ids gets the same cases, without the hub.

Each case is ranked by SHA-256 over the seed, a line feed and its id (32 hexadecimal digits); the first ones are drawn.
A case that is added or left out changes the digest of the whole.
"""

import heapq
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

SEED_CHARACTERS_MAX: Final = 200
DRAWN_MAX: Final = 10_000


class Sample(NamedTuple):
    """The drawn ids in the order of their rank. ``of``: how many there were to draw from; ``digest``: SHA-256 over all
    their ids in order, hexadecimal."""

    drawn: list[bytes]
    of: int
    digest: str


def draw(ids: Iterable[bytes], seed: str, count: int) -> Sample:
    """Draw ``count`` ids. ``ids`` are each there once, in ascending order.

    >>> draw([bytes([n]) * 16 for n in range(9)], "2026", 1).drawn[0].hex()[:4]
    '0404'
    """
    whole, number = sha256(), 0

    def ranked() -> Iterable[tuple[bytes, bytes]]:
        nonlocal number
        for one in ids:
            whole.update(one)
            number += 1
            yield rank(seed, one), one

    drawn = [one for _, one in heapq.nsmallest(count, ranked())]
    return Sample(drawn, number, whole.hexdigest())


def rank(seed: str, case_id: bytes) -> bytes:
    """What cases are drawn by: the lowest first."""
    return sha256(f"{seed}\n{case_id.hex()}".encode()).digest()

"""Deterministic numbers: a choice depends on the seed and on names, never on the choices before it."""

from collections.abc import Sequence
from hashlib import blake2b
from math import gcd
from struct import Struct
from typing import TypeVar

Item = TypeVar("Item")
_SIXTEEN = Struct(">16I").unpack


class Draw:
    """A short stream of numbers that depends only on ``seed`` and ``names``.

    >>> Draw(1, "person", 7).below(100) == Draw(1, "person", 7).below(100)
    True
    """

    __slots__ = ("_label", "_turn", "_words")

    def __init__(self, seed: int, *names: object) -> None:
        self._label = f"{seed}:{names}".encode()
        self._turn = 0
        self._words: list[int] = []

    def word(self) -> int:
        """The next number of 32 bits."""
        if not self._words:
            digest = blake2b(self._label, salt=self._turn.to_bytes(8, "big")).digest()
            self._words.extend(_SIXTEEN(digest))
            self._turn += 1
        return self._words.pop()

    def below(self, bound: int) -> int:
        """A number in ``[0, bound)``; the bias is below 2^-32 times ``bound``."""
        return self.word() % bound

    def chance(self, share: float) -> bool:
        """True in ``share`` of all draws."""
        return self.word() < share * 0x1_0000_0000

    def pick(self, items: Sequence[Item]) -> Item:
        """One of ``items``."""
        return items[self.word() % len(items)]


class Shuffle:
    """A permutation of ``[0, size)`` that can be computed in both directions without a table.

    >>> deck = Shuffle(1000, 42, "uscc")
    >>> deck.back(deck.forth(17))
    17
    """

    __slots__ = ("_back", "_factor", "_offset", "size")

    def __init__(self, size: int, seed: int, name: str) -> None:
        draw = Draw(seed, "shuffle", name)
        self.size = size
        self._offset = ((draw.word() << 32) | draw.word()) % size
        # A factor near the golden ratio of the range puts neighbours far apart.
        factor = max(1, int(size * 0.6180339887) + draw.below(997))
        while gcd(factor, size) != 1:
            factor += 1
        self._factor = factor % size if size > 1 else 0
        self._back = pow(self._factor, -1, size) if size > 1 else 0

    def forth(self, index: int) -> int:
        """The image of ``index``."""
        return (index * self._factor + self._offset) % self.size

    def back(self, image: int) -> int:
        """The index whose image is ``image``."""
        return (image - self._offset) * self._back % self.size

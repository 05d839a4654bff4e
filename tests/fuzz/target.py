"""What a target is: a reader of hostile input, with good inputs to begin from."""

import json
import random
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from tests.fuzz.mutation import as_bytes, mutated, mutated_value

ROOT = Path(__file__).parents[2]


class Target(ABC):
    """One reader. ``seeds``: good inputs."""

    seeds: list[bytes]

    def make(self, draw: random.Random) -> bytes:
        """A new input."""
        return mutated(draw, draw.choice(self.seeds), self.seeds)

    @abstractmethod
    def run(self, data: bytes) -> int:
        """Read one input. The number of things in it that were accepted. What it raises is a defect."""


def mutated_json(draw: random.Random, seeds: list[bytes], bytes_share: float = 0.3) -> bytes:
    """One of ``seeds``, which are JSON, after mutations of its values; ``bytes_share`` of them after mutations of its
    bytes too."""
    value: Any = json.loads(draw.choice(seeds))
    for _ in range(draw.randrange(1, 4)):
        value = mutated_value(draw, value)
    data = as_bytes(value)
    return mutated(draw, data, seeds) if draw.random() < bytes_share else data

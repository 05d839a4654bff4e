"""A small hub and the utility's connection system, for the tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.casework import ConnectionSystem, House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sink() -> ConnectionSystem:
    return ConnectionSystem()

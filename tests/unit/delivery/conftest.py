"""A hub's cases in one folder, and a connection system to deliver to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.casework import ConnectionSystem, House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def sink() -> ConnectionSystem:
    return ConnectionSystem()

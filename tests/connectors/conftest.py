"""One sandbox of real servers for all connector tests; each test clears the faults that it arms."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import launch


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    home: Path = tmp_path_factory.mktemp("sandbox")
    with launch.start(5, 600, home, defect_share=0.1) as running:
        yield running


@pytest.fixture
def sandbox(world: launch.Running) -> Iterator[launch.Running]:
    yield world
    for name in ("business_licence", "property_title", "utility_crm"):
        world.clear(name)

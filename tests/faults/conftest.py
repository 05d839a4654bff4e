"""Brokers of their own for the tests that freeze and kill them."""

from collections.abc import Iterator

import pytest

from sandbox.servers.missing import Missing
from tests.faults.arena import Broker


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    yield from _started(tmp_path_factory, 1)


@pytest.fixture(scope="module")
def three_brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    yield from _started(tmp_path_factory, 3)


def _started(tmp_path_factory: pytest.TempPathFactory, count: int) -> Iterator[Broker]:
    try:
        started = Broker(tmp_path_factory.mktemp("faults") / "cluster", count)
    except Missing as missing:
        pytest.skip(str(missing))
    yield started
    started.stop()

"""Fixtures that more than one folder uses."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.broker import kafka
from hub.privacy.vault import DatabaseVault, MasterKey
from hub.stores.database import Database


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[DatabaseVault]:
    vault = DatabaseVault(Database(f"sqlite:///{tmp_path}/vault.db"), MasterKey(bytes(32)))
    yield vault
    vault.close()


@pytest.fixture(scope="session")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real broker: the one that ``HUB_TEST_KAFKA`` names (HOST:PORT), or one of our own for this run."""
    if named := os.environ.get("HUB_TEST_KAFKA"):
        yield f"kafka://{named}"
        return
    try:
        cluster = kafka.start(tmp_path_factory.mktemp("kafka") / "cluster")
    except kafka.Missing as missing:
        pytest.skip(str(missing))
    yield f"kafka://{cluster.bootstrap}"
    cluster.stop()

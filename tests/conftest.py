"""Fixtures that more than one folder uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.privacy.vault import DatabaseVault, MasterKey
from hub.stores.database import Database


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[DatabaseVault]:
    vault = DatabaseVault(Database(f"sqlite:///{tmp_path}/vault.db"), MasterKey(bytes(32)))
    yield vault
    vault.close()

"""One good record of each kind, as files for ``hub check`` and as plain records; a hub whose settings commands find."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub, open_hub
from hub.records.files.parse import rows
from hub.records.kinds import find_kind
from hub.settings import Settings

SAMPLES = Path(__file__).parent / "records" / "samples"


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture
def plain() -> Callable[[str], dict[str, Any]]:
    """``plain("business")``: a fresh good record of the kind."""

    def read(name: str) -> dict[str, Any]:
        kind = find_kind(name)
        assert kind is not None
        with (SAMPLES / f"{name}.json").open("rb") as stream:
            (row,) = rows(kind, stream, "json")
        assert row.record is not None
        return row.record

    return read


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A prepared embedded hub; a command that runs in this process has its settings by the environment."""
    urls = {f"{name}_url": f"sqlite:///{tmp_path / name}.db" for name in ("log", "store", "vault")}
    hub = open_hub(Settings.model_validate({**urls, "master_key_file": tmp_path / "master.key"}))
    for name, url in (*urls.items(), ("master_key_file", str(tmp_path / "master.key"))):
        monkeypatch.setenv(f"HUB_{name.upper()}", url)
    yield hub
    hub.close()

"""One good record of each kind, as files for ``hub check`` and as plain records."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.records.files.parse import rows
from hub.records.kinds import find_kind

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

"""The declared connectors of this repository: lint finds nothing to correct, with the grants of the sandbox."""

from pathlib import Path

import pytest

from hub.connect.declared.lint import lint
from hub.connect.folder import of_package
from sandbox.grants import GRANTS
from tests.clocks import HandClock
from tests.grants import granted

FOLDERS = sorted(path.parent for path in (Path(__file__).parents[2] / "connectors").glob("*/mapping.toml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_nothing_is_to_be_corrected(folder: Path, clock: HandClock) -> None:
    """P3: each field that is mapped is granted; P1: no row is rejected because of the declaration."""
    grant = granted(folder.name) if folder.name in GRANTS else None
    found = lint(of_package(f"connectors.{folder.name}"), clock, grant)
    assert [one for one in found if one.grave] == []

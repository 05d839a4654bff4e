"""What is installed: fixed by hash, above the known holes, under licences that leave the product free."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests import dependencies

PROJECT = tomllib.loads((dependencies.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = [dependencies.ROOT / "requirements" / name for name in ("run.lock", "dev.lock")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_file_has_a_hash_and_no_index_is_named(lock: Path) -> None:
    entries = re.split(r"(?m)^(?=[a-z0-9])", lock.read_text("utf-8"))
    assert all("--hash=sha256:" in entry for entry in entries if entry.strip())
    assert not re.search(r"https?:|--index|--find-links", lock.read_text("utf-8"))


def test_the_lock_agrees_with_the_lower_bounds() -> None:
    locked = dependencies.locked()
    for one in map(Requirement, PROJECT["dependencies"]):
        assert one.specifier.contains(locked[one.name.lower()]), one
        assert one.specifier, f"{one} has no lower bound"


def test_what_runs_here_is_what_is_locked() -> None:
    absent = dependencies.ABSENT
    assert {name: version(name) for name in dependencies.locked() if name not in absent} == {
        name: found for name, found in dependencies.locked().items() if name not in absent
    }


def test_the_page_of_licences_is_up_to_date_and_has_no_gpl() -> None:
    """The LGPL is no GPL: docs/dependencies.md says why it is allowed for a library."""
    page = dependencies.PAGE.read_text("utf-8")
    assert page == dependencies.page(), "python -m tests.dependencies --write"
    table = page.rpartition("|---|---|---|")[2]
    assert not re.search(r"(?<!L)(?<!Lesser )(A?GPL|General Public License)", table.replace("GNU Lesser General", ""))
    assert {row.split("|")[1].strip() for row in table.splitlines() if "LGPL" in row} == {
        "crc32c",
        "psycopg",
        "psycopg-binary",
    }


def test_the_licence_is_in_the_project() -> None:
    assert "Apache License" in (dependencies.ROOT / "LICENSE").read_text("utf-8")
    assert PROJECT["license"] == "Apache-2.0"

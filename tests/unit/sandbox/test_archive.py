"""What other systems of the utility know, with off-system work in it: files that the audit reads."""

from datetime import datetime
from pathlib import Path

from hub.audit import files
from hub.audit.files import Row
from hub.clock import CHINA
from sandbox.demo.audited import SORTS
from sandbox.steps import archive
from sandbox.steps.plans import Case

CASES = [
    (Case({"externalAppNo": f"N{n}", "appNo": f"A{n}7"}, plan, datetime(2026, 3, 2, 10, tzinfo=CHINA), 1.0), 5 - n % 3)
    for n, plan in enumerate(("short", "long", "starred", "short", "long"))
]


def test_every_line_of_the_four_files_can_be_read_by_the_audit(tmp_path: Path) -> None:
    told = archive.cheat(archive.known(CASES))
    paths = told.write(tmp_path / "audit")
    read = {name: list(files.read(path, SORTS[name])) for name, path in paths.items()}
    assert all(isinstance(row, Row) for rows in read.values() for row in rows), read
    assert {name: len(rows) for name, rows in read.items()} == {
        "crm-archive": 6,
        "first-readings": 5,
        "contacts": 5,
        "complaints": 1,
    }
    assert archive.TITLES.keys() == SORTS.keys()


def test_off_system_work_is_only_in_the_copy() -> None:
    true = archive.known(CASES)
    before = repr(true)
    told = archive.cheat(true)
    assert repr(true) == before
    assert not true.planted
    assert told.planted.keys() >= {"NOT_IN_HUB", "ENERGISED_EARLY", "RATING_NOT_MADE"}

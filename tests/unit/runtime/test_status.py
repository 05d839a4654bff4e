"""Every process tells how its stages stand, and any process reads all of it."""

from pathlib import Path

import pytest

from hub.runtime.runner import Progress
from hub.runtime.status import FORGOTTEN_MS, GONE, SILENT_MS, Report, StageReports
from tests.casework import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_reports_of_several_processes_are_read_together(house: House) -> None:
    reports = StageReports(house.store, house.clock)
    now_s = house.clock.monotonic_s()
    reports.put("hub-1.1", [Progress("verify", records=5, last_step_s=now_s)])
    reports.put("hub-1.2", [Progress("verify", records=3, failures=2, trouble="away", last_step_s=now_s)])
    assert [(one.worker, one.state, one.records) for one in reports.all()] == [
        ("hub-1.1", "RUNNING", 5),
        ("hub-1.2", "RESTARTING", 3),
    ]


def test_a_process_that_died_is_gone_and_forgotten_in_the_end(house: House) -> None:
    reports = StageReports(house.store, house.clock)
    reports.put("dead", [Progress("verify")])
    house.clock.pass_s(SILENT_MS / 1000 + 1)
    assert [one.state for one in reports.all()] == [GONE]
    house.clock.pass_s(FORGOTTEN_MS / 1000)
    reports.put("alive", [Progress("verify", last_step_s=house.clock.monotonic_s())])
    assert [one.worker for one in reports.all()] == ["alive"]


def test_a_process_that_stops_says_so(house: House) -> None:
    reports = StageReports(house.store, house.clock)
    report = Report(reports, "hub-1", lambda: [Progress("verify")])
    report.step()
    assert len(reports.all()) == 1
    report.close()
    assert reports.all() == []

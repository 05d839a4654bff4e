"""What is in trouble now, and what ``hub doctor`` says of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.bootstrap import Hub
from hub.cli import cli
from hub.errors import Misconfigured, Unavailable
from hub.ingest.control import FAILED, PAUSED, RUNNING, Report, Reports
from hub.operate import troubles
from hub.runtime.runner import Progress
from hub.runtime.status import StageReports
from tests.casework import ConnectionSystem, House, body

WHY = "the source refuses the token — correct connectors.x.token"


def put(hub: Hub, **changes: object) -> None:
    Reports(hub.store, hub.clock).put(Report("x", worker="hub-1", **changes))  # type: ignore[arg-type]


def sources(hub: Hub) -> list[str]:
    return [one.told for one in troubles.of_sources(hub.store, hub.clock)]


def doctor() -> tuple[int, list[dict[str, object]]]:
    done = CliRunner().invoke(cli, ["doctor", "--json"])
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return done.exit_code, [one for one in found if one["what"] == "running"]


def test_a_feed_that_fails_is_in_trouble_and_one_that_works_or_waits_is_not(hub: Hub) -> None:
    put(hub, state=RUNNING, fetched_ms=hub.clock.process_ms())
    assert sources(hub) == []
    put(hub, state=PAUSED)
    assert sources(hub) == []
    put(hub, state=RUNNING, failures=2, trouble=WHY)
    assert sources(hub) == [f"source x 2 failures in a row: {WHY}"]
    put(hub, state=FAILED, failures=1, trouble=WHY)
    assert sources(hub) == [f"source x FAILED: {WHY}"]


def test_a_feed_that_hangs_is_in_trouble_without_a_word_of_its_own(hub: Hub) -> None:
    put(hub, state=RUNNING, fetched_ms=hub.clock.process_ms() - 61_000)
    assert sources(hub) == ["source x RUNNING"]


def test_doctor_says_why_a_feed_fails_and_what_to_do(hub: Hub) -> None:
    assert doctor() == (0, [finding("no stage, no feed and no sink is in trouble")])
    put(hub, state=FAILED, failures=1, trouble=WHY, last_trouble=WHY, last_trouble_ms=1_700_000_000_000)
    code, (told,) = doctor()
    assert code == 1
    assert (told["detail"], told["remedy"]) == (
        "source x FAILED: the source refuses the token",
        "correct connectors.x.token",
    )
    put(hub, state=RUNNING, fetched_ms=hub.clock.process_ms())
    code, (told,) = doctor()
    assert code == 0
    assert f"x at 2023-11-15 06:13:20 (China), {WHY}" in str(told["detail"])


def test_doctor_says_why_a_stage_fails(hub: Hub) -> None:
    failing = Progress("project", failures=1, last_step_s=hub.clock.monotonic_s(), trouble="store: the disk is full")
    StageReports(hub.store, hub.clock).put("hub-1", [failing])
    code, (told,) = doctor()
    assert (code, told["detail"]) == (1, "stage project of hub-1 RESTARTING: store: the disk is full")


def test_a_sink_that_does_not_take_pieces_is_in_trouble_with_its_newest_reason(house: House) -> None:
    sink = ConnectionSystem()
    house.submit(body())
    house.submit(body("A-2"))
    assert troubles.of_sinks(house.store, house.clock) == []
    sink.failures = [Unavailable("utility_crm: no route"), Misconfigured("the token is refused", "correct the token")]
    house.deliver(sink)
    house.clock.pass_s(1)
    (told,) = troubles.of_sinks(house.store, house.clock)
    assert (told.part, told.state) == ("sink utility_crm", "2 pieces not delivered")
    assert told.words in ("utility_crm: no route", "the token is refused — correct the token")
    house.clock.pass_s(3_600)
    for _ in range(3):
        house.deliver(sink)
        house.clock.pass_s(3_600)
    assert troubles.of_sinks(house.store, house.clock) == []


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def finding(detail: str) -> dict[str, object]:
    return {"what": "running", "sound": True, "detail": detail, "remedy": ""}

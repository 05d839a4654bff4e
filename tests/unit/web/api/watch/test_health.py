"""Alive is not ready: an outage elsewhere makes a hub unready, never dead."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from hub.errors import Misconfigured, Unavailable
from hub.ingest.control import RUNNING, Report, Reports
from hub.runtime.runner import Progress
from hub.runtime.status import StageReports
from hub.web.api.app import create
from hub.web.api.watch import health
from hub.web.api.watch.health import Readiness
from tests.casework import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def client(house: House) -> TestClient:
    routes = health.router(Readiness(house.log, house.store, house.clock, "hub-1"))
    return TestClient(create(house.clock, routes))


def report(house: House, worker: str, *stages: str, failures: int = 0) -> None:
    progress = [Progress(one, failures=failures, last_step_s=house.clock.monotonic_s()) for one in stages]
    StageReports(house.store, house.clock).put(worker, progress)


def stages(client: TestClient, house: House) -> str:
    house.clock.pass_s(1)
    said: str = client.get("/ready").json()["parts"]["stages"]
    return said


def test_ready_when_what_it_stands_on_answers_and_its_stages_get_on(house: House, client: TestClient) -> None:
    report(house, "hub-1", "verify", "project")
    answer = client.get("/ready")
    parts = {"log": "ok", "store": "ok", "stages": "ok"}
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "parts": parts})


def test_a_hub_is_not_ready_before_its_stages_speak_or_when_they_fail(house: House, client: TestClient) -> None:
    assert stages(client, house) == "hub-1 says nothing"
    report(house, "hub-1", "verify", failures=3)
    assert stages(client, house) == "hub-1 verify RESTARTING"
    house.clock.pass_s(60)
    assert stages(client, house) == "hub-1 verify GONE"


def test_a_stage_that_fails_says_why(house: House, client: TestClient) -> None:
    progress = Progress("project", failures=1, last_step_s=house.clock.monotonic_s(), trouble="store: the disk is full")
    StageReports(house.store, house.clock).put("hub-1", [progress])
    assert stages(client, house) == "hub-1 project RESTARTING: store: the disk is full"


def test_the_cause_is_told_and_other_errors_only_as_away(
    house: House, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P5: the text of an error that is not the hub's own may have anything in it."""
    causes: list[tuple[Exception, str]] = [
        (Misconfigured("the store refuses the password", "correct store_url"), "correct store_url"),
        (ValueError("360426199101010071"), "away"),
    ]
    for error, told in causes:
        monkeypatch.setattr(house.log, "topics", partial(_fail, error))
        house.clock.pass_s(1)
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert told in answer.json()["parts"]["log"]
        assert "3604" not in answer.text


def _fail(error: Exception) -> None:
    raise error


def test_a_source_in_trouble_is_told_and_leaves_the_hub_ready(house: House, client: TestClient) -> None:
    report(house, "hub-1", "verify")
    feed = Report("business_licence", RUNNING, "hub-1", failures=3, trouble="business_licence: no route")
    Reports(house.store, house.clock).put(feed)
    answer = client.get("/ready")
    assert answer.status_code == 200
    (told,) = answer.json()["troubles"]
    assert told == "source business_licence 3 failures in a row: business_licence: no route"


def test_a_hub_answers_for_its_own_workers_and_for_nobody_elses(house: House, client: TestClient) -> None:
    report(house, "hub-1", "worker.1")
    report(house, "hub-10", "verify", failures=1)
    report(house, "hub-1.7", "verify", failures=1)
    assert stages(client, house) == "hub-1.1 says nothing"
    report(house, "hub-1.1", "verify")
    assert stages(client, house) == "ok"


def test_a_store_that_is_away_is_named(house: House, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def away() -> Iterator[None]:
        raise Unavailable("away")
        yield

    monkeypatch.setattr(house.store, "read", away)
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["parts"]) == (503, {"log": "ok", "store": "away", "stages": "away"})
    assert client.get("/health").json() == {"status": "ok"}


def test_a_log_that_hangs_does_not_hang_the_answer(
    house: House, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(house.log, "topics", lambda: gate.wait(30))
    monkeypatch.setattr(health, "WAIT_S", 0.1)
    try:
        answer = client.get("/ready")
        assert (answer.status_code, answer.json()["parts"]["log"]) == (503, "no answer")
    finally:
        gate.set()

"""The figures: the same from every process, bounded in time, and nobody's data in a label (P5)."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from hub.errors import NotSent, Unavailable
from hub.grants.grant import today
from hub.ingest.control import Report, Reports
from hub.ingest.dropped import DroppedColumns
from hub.runtime.runner import Progress
from hub.runtime.status import StageReports
from hub.web.api.app import create
from hub.web.api.watch import metrics
from hub.web.api.watch.metrics import Metrics
from hub.web.auth.access import Access
from hub.web.auth.tokens import Tokens
from tests import samples
from tests.callers import token
from tests.casework import BY, ConnectionSystem, House, body
from tests.grants import granted

LABELS = {"part", "sink", "source", "kind", "code", "state", "group", "topic", "partition", "connector", "le"}
LABELS |= {"worker", "stage", "column"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def client(house: House, *scopes: str) -> TestClient:
    tokens = Tokens(house.store, house.clock)
    text = token(house.store, house.clock, "prometheus", scopes=scopes or ("metrics",))
    figures = Metrics(house.log, house.store, house.clock, ["business_licence"])
    app = create(house.clock, metrics.router(figures, Access(tokens, house.clock)))
    return TestClient(app, headers={"Authorization": f"Bearer {text}"}, raise_server_exceptions=False)


Samples = dict[tuple[str, tuple[str, ...]], float]


def scrape(client: TestClient) -> Samples:
    """(name, label values in the order of the label names) → value."""
    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found[sample.name, tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def delivered(house: House) -> None:
    """One application, registered and with its licence delivered five seconds later."""
    house.submit(body())
    house.verified(samples.business())
    house.rejected(samples.business("B2"))
    house.project()
    house.clock.pass_s(5)
    house.deliver(ConnectionSystem())
    house.relay()


def test_a_sink_that_fails_says_so_and_when_it_last_did(house: House) -> None:
    house.submit(body())
    sink = ConnectionSystem()
    sink.failures = [NotSent("the connection is refused")]
    house.deliver(sink)
    found = scrape(client(house))
    assert found["hub_sink_failing_pieces", ("utility_crm",)] == 1
    failed_s = found["hub_sink_trouble_timestamp_seconds", ("utility_crm",)]
    assert failed_s == house.clock.process_ms() / 1000
    house.clock.pass_s(10)
    house.deliver(sink)
    found = scrape(client(house))
    assert found["hub_sink_failing_pieces", ("utility_crm",)] == 0
    assert found["hub_sink_trouble_timestamp_seconds", ("utility_crm",)] == failed_s


def test_every_process_tells_what_is_durable(house: House) -> None:
    delivered(house)
    first, second = scrape(client(house)), scrape(client(house))
    assert first == second
    line = ("licence.business", "business_licence")
    assert first["hub_received_total", line] == 2
    assert first["hub_judged_total", line] == 2
    assert first["hub_verified_records", line] == first["hub_rejected_records", line] == 1
    assert first["hub_rejected_total", ("EXPIRED", *line)] == 1
    assert first["hub_pending_records", line] == 0
    assert first["hub_deliveries", ("utility_crm", "acknowledged")] == 2
    assert first["hub_applications_waiting", ()] == 1
    assert first["hub_up", ("log",)] == first["hub_up", ("store",)] == 1


def test_a_mended_record_does_not_make_a_counter_fall(house: House) -> None:
    row = house.rejected(samples.business())[0]
    house.project()
    before = scrape(client(house))
    house.again(row, "verified", 2)
    house.project()
    after = scrape(client(house))
    line = ("licence.business", "business_licence")
    assert (before["hub_rejected_records", line], after["hub_rejected_records", line]) == (1, 0)
    assert all(after[key] >= value for key, value in before.items() if key[0].endswith("_total"))


def test_a_worse_reading_does_not_make_a_counter_fall(house: House) -> None:
    row = house.verified(samples.business())[0]
    house.project()
    before = scrape(client(house))
    house.again(house.seal(samples.business(), reading=1), "rejected", 1)
    house.project()
    after = scrape(client(house))
    line = ("licence.business", "business_licence")
    assert (before["hub_verified_records", line], after["hub_verified_records", line]) == (1, 0)
    assert all(after[key] >= value for key, value in before.items() if key[0].endswith("_total"))
    assert row.record_id == house.seal(samples.business(), reading=1).record_id


def test_latency_is_of_what_was_acknowledged_lately(house: House) -> None:
    delivered(house)
    found = scrape(client(house))
    assert found["hub_delivery_latency_seconds_bucket", ("2.5",)] == 0
    assert found["hub_delivery_latency_seconds_bucket", ("5.0",)] == 2
    assert found["hub_delivery_latency_seconds_bucket", ("+Inf",)] == 2
    house.clock.pass_s(3_600)
    assert scrape(client(house))["hub_delivery_latency_seconds_bucket", ("+Inf",)] == 0


def test_what_waits_is_counted_and_timed(house: House) -> None:
    delivered(house)
    assert scrape(client(house))["hub_outbox_rows", ()] == 0
    house.submit(body("A-2"))
    house.clock.pass_s(40)
    found = scrape(client(house))
    assert found["hub_outbox_rows", ()] >= 1 and found["hub_outbox_age_seconds", ()] == 40
    assert found["hub_delivery_oldest_seconds", ("utility_crm",)] == 40


def test_a_held_application_wakes_nobody(house: House) -> None:
    held = house.submit(body()).case_id
    house.applications.hold(held, BY)
    house.clock.pass_s(600)
    assert scrape(client(house))["hub_delivery_oldest_seconds", ("utility_crm",)] == 0


def test_lag_is_what_a_group_has_yet_to_read(house: House) -> None:
    house.verified(samples.business())
    before = scrape(client(house))

    def lag(found: Samples, group: str) -> float:
        return sum(value for (name, labels), value in found.items() if name == "hub_lag_records" and labels[0] == group)

    assert (lag(before, "project"), lag(before, "verify")) == (2, 1)
    house.project()
    assert lag(scrape(client(house)), "project") == 0


def test_a_connector_without_a_hub_is_unassigned(house: House) -> None:
    assert scrape(client(house))["hub_connector_state", ("business_licence", "UNASSIGNED")] == 1
    now_ms = house.clock.now_ms()
    report = Report("business_licence", "RUNNING", fetched_ms=now_ms, behind_ms=now_ms - 30_000, quota_left=7)
    report.last_trouble, report.last_trouble_ms = "no route", 1_700_000_000_000
    Reports(house.store, house.clock).put(report)
    found = scrape(client(house))
    assert found["hub_connector_state", ("business_licence", "RUNNING")] == 1
    assert found["hub_connector_behind_seconds", ("business_licence",)] == 30
    assert found["hub_connector_quota_left", ("business_licence",)] == 7
    assert found["hub_connector_trouble_timestamp_seconds", ("business_licence",)] == 1_700_000_000


def test_a_stage_is_as_old_as_its_last_step(house: House) -> None:
    progress = Progress("verify", records=9, last_step_s=house.clock.monotonic_s())
    StageReports(house.store, house.clock).put("hub-1", [progress])
    house.clock.pass_s(30)
    found = scrape(client(house))
    assert found["hub_stage_records_total", ("verify", "hub-1")] == 9
    assert 30 <= found["hub_stage_age_seconds", ("verify", "hub-1")] < 31
    assert found["hub_stage_state", ("verify", "GONE", "hub-1")] == 1


def test_a_log_that_is_away_or_hangs_leaves_the_rest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered(house)
    caller, gate = client(house), threading.Event()
    asked = []

    def hang(topic: str) -> Any:
        asked.append(topic)
        gate.wait(30)
        raise Unavailable("away")

    monkeypatch.setattr(house.log, "bounds", hang)
    monkeypatch.setattr(metrics, "WAIT_S", 1.0)
    try:
        for _ in range(3):
            found = scrape(caller)
            assert (found["hub_up", ("log",)], found["hub_up", ("store",)]) == (0, 1)
            assert found["hub_deliveries", ("utility_crm", "acknowledged")] == 2
            house.clock.pass_s(60)
    finally:
        gate.set()
    assert len(asked) == 1


def test_a_store_that_is_away_is_told_to_whoever_was_let_in_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = client(house)
    scrape(caller)

    @contextmanager
    def away() -> Iterator[None]:
        raise Unavailable("away")
        yield

    monkeypatch.setattr(house.store, "read", away)
    house.clock.pass_s(60)
    assert (scrape(caller)["hub_up", ("store",)], scrape(caller)["hub_up", ("log",)]) == (0, 1)
    assert caller.get("/metrics", headers={"Authorization": "Bearer oct_0_0"}).status_code == 503


def test_two_scrapers_do_not_double_the_load(house: House) -> None:
    caller = client(house)
    scrape(caller)
    house.verified(samples.business())
    house.project()
    assert ("hub_received_total", ("licence.business", "business_licence")) not in scrape(caller)
    house.clock.pass_s(metrics.MAX_AGE_S)
    assert ("hub_received_total", ("licence.business", "business_licence")) in scrape(caller)


def test_p5_no_label_names_a_person_or_an_application(house: House) -> None:
    application = house.submit(body()).case_id.hex()
    delivered(house)
    text = client(house).get("/metrics").text
    names = {name for line in text.splitlines() if line[0] != "#" for name in re.findall(r'(\w+)="', line)}
    assert names <= LABELS
    for value in (application, samples.USCC, samples.PERSON, samples.UNIT_NO):
        assert value not in text


def test_figures_want_their_own_scope(house: House) -> None:
    assert client(house, "operate").get("/metrics").status_code == 403
    assert TestClient(client(house).app).get("/metrics").status_code == 401


def test_a_grant_that_ends_and_what_was_dropped_are_figures(tmp_path: Path) -> None:
    house, registry = House(tmp_path), CollectorRegistry()
    grants = {"property_title": granted("property_title", until=str(today(house.clock)))}
    DroppedColumns(house.store).add("property_title", {"lxdh": 3})
    registry.register(Metrics(house.log, house.store, house.clock, [], grants))
    text = generate_latest(registry).decode()
    assert 'hub_grant_days_left{source="property_title"} 1.0' in text
    assert 'hub_grant_dropped_rows_total{column="lxdh",source="property_title"} 3.0' in text
    house.close()

"""Business time and process time: a demonstration that runs fast moves nothing that machines wait by."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cases.procedure import LookupSource
from hub.cases.tables import case
from hub.clock import SystemClock
from hub.connect.host.circuit import OPEN, Circuit
from hub.connect.host.quota import DailyQuota, Rate
from hub.connect.rest.signing import NationalSigner
from hub.delivery.claims import LEASE_S, Claims
from hub.errors import Unavailable
from hub.ingest.control import RUNNING, Report, Reports
from hub.ingest.throttle import HOLD_MAX_S, LOOK_EVERY_S, Throttle
from hub.runtime.runner import Progress
from hub.runtime.status import StageReports
from hub.stores.database import Database
from hub.stores.migrate import STORE
from hub.stores.tables import outbox
from tests.casework import ConnectionSystem, House, body
from tests.clocks import HandClock

DAY_S = 86_400.0
YEAR_S = 365 * DAY_S


def test_the_machines_own_clock_has_one_time() -> None:
    clock = SystemClock()
    assert abs(clock.now_ms() - clock.process_ms()) < 1_000
    assert abs(clock.now().timestamp() * 1000 - clock.process_ms()) < 1_000


def test_a_clock_at_speed_moves_business_time_only() -> None:
    clock = HandClock(speed=60)
    business_ms, process_ms, s = clock.now_ms(), clock.process_ms(), clock.monotonic_s()
    clock.pass_s(10)
    assert clock.now_ms() - business_ms == 600_000
    assert clock.process_ms() - process_ms == 10_000
    assert clock.monotonic_s() - s == 10


def test_a_year_of_business_time_ends_no_rest_and_refills_nothing() -> None:
    clock = HandClock()
    circuit, rate, quota = Circuit("s", clock), Rate(1.0, 1, clock), DailyQuota("s", 2, clock, None)
    circuit.failed(retry_after_s=30)
    rate.take(0)
    quota.take()
    clock.hurry_s(YEAR_S)
    assert circuit.state == OPEN
    assert rate.take(5) == 1.0
    assert quota.left() == 1


def test_a_signed_call_carries_process_time_so_that_its_nonce_is_accepted() -> None:
    clock = HandClock()
    signer = NationalSigner("r", "s", "secret", clock)
    before = signer.headers("GET", "/", b"")["gjgxjhpt_rtime"]
    clock.hurry_s(YEAR_S)
    assert signer.headers("GET", "/", b"")["gjgxjhpt_rtime"] == before == str(clock.process_ms())


def test_a_throttled_feed_waits_in_process_time() -> None:
    clock = HandClock()
    throttle = Throttle(clock, lambda: 10_000, lambda: False)
    assert throttle.hold_s() == LOOK_EVERY_S
    clock.hurry_s(YEAR_S)
    assert throttle.hold_s() == LOOK_EVERY_S
    clock.pass_s(HOLD_MAX_S)
    assert throttle.hold_s() == 0.0


def test_reports_age_in_process_time(store: Database) -> None:
    clock = HandClock()
    with store.write() as connection:
        STORE.upgrade_connection(connection)
    stages, connectors = StageReports(store, clock), Reports(store, clock)
    stages.put("hub-1", [Progress("verify", last_step_s=clock.monotonic_s())])
    connectors.put(Report("titles", state=RUNNING, fetched_ms=clock.process_ms()))
    clock.hurry_s(YEAR_S)
    report = connectors.get("titles")
    assert [one.state for one in stages.all()] == [RUNNING]
    assert report is not None
    assert report.state == RUNNING
    assert not connectors.stale(report)


# ---- cases and deliveries ------------------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, (LookupSource("gateway", "licence.business", frozenset({"uscc"})),))
    yield house
    house.close()


def test_a_lease_ends_in_process_time(house: House) -> None:
    house.submit(body())
    mine, other = (Claims(house.store, "utility_crm", name) for name in ("hub-1", "hub-2"))
    assert len(mine.claim(9, house.clock.process_ms())) == 1
    house.clock.hurry_s(YEAR_S)
    assert other.claim(9, house.clock.process_ms()) == []
    house.clock.pass_s(LEASE_S + 1)
    assert len(other.claim(9, house.clock.process_ms())) == 1


def test_a_delivery_is_tried_again_in_process_time(house: House) -> None:
    house.submit(body())
    sink = ConnectionSystem()
    sink.failures.append(Unavailable("away", retry_after_s=60))
    house.deliver(sink)
    house.clock.hurry_s(YEAR_S)
    house.deliver(sink)
    assert (sink.pushed, sink.asked) == (1, 0)
    house.clock.pass_s(62)
    house.deliver(sink)
    assert (sink.pushed, sink.asked) == (1, 1), "asked for, and not pushed while its outcome may still settle"
    house.clock.pass_s(62)
    house.deliver(sink)
    assert (sink.pushed, sink.asked) == (2, 2)


def test_a_source_is_asked_again_in_process_time(house: House) -> None:
    house.submit(body())
    assert house.due()
    asked = len(house.rows(outbox))
    house.clock.hurry_s(YEAR_S)
    house.due()
    assert len(house.rows(outbox)) == asked
    house.clock.pass_s(DAY_S)
    house.due()
    assert len(house.rows(outbox)) > asked


def test_events_and_deadlines_are_of_business_time(house: House) -> None:
    house.clock.hurry_s(YEAR_S)
    now_ms = house.clock.now_ms()
    house.submit(body())
    (opened,) = house.rows(case)
    assert opened.opened_ms >= now_ms
    assert house.rows(outbox)[0].timestamp_ms >= now_ms

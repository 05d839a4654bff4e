"""What operators see of each sink: its stage, what waits, and what failed last, also when that is over."""

from hub.delivery.status import SinkStatus, statuses
from hub.errors import Misconfigured, NotSent
from hub.runtime.runner import Progress
from hub.runtime.status import SILENT_MS, StageReports
from tests.casework import BY, ConnectionSystem, House, body


def status(house: House, *configured: str) -> SinkStatus:
    (one,) = statuses(house.store, house.clock, configured)
    return one


def test_the_last_trouble_of_a_sink_names_the_application_and_stays(house: House) -> None:
    case_id, sink = house.submit(body()).case_id.hex(), ConnectionSystem()
    sink.failures = [Misconfigured("HTTP 404: it does not know the call", "compare the url")]
    house.deliver(sink)
    failed_ms = house.clock.process_ms()
    told = SinkStatus(
        "utility_crm", waiting=1, failing=1, trouble="HTTP 404: it does not know the call", remedy="compare the url",
        trouble_ms=failed_ms, case_id=case_id,
    )  # fmt: skip
    assert status(house, "utility_crm") == told
    house.clock.pass_s(10)
    house.deliver(sink)
    assert status(house, "utility_crm") == told._replace(waiting=0, failing=0)


def test_a_sink_is_what_its_stage_is(house: House) -> None:
    assert status(house, "utility_crm").state == "UNASSIGNED"
    reports = StageReports(house.store, house.clock)
    now_s = house.clock.monotonic_s()
    wrong = "connectors.utility_crm.token is missing — set it"
    reports.put("hub-1", [Progress("deliver.utility_crm", failures=3, last_step_s=now_s, trouble=wrong)])
    assert status(house, "utility_crm")[1:3] == ("RESTARTING", "hub-1")
    assert status(house, "utility_crm").stage_trouble == wrong
    reports.put("hub-2", [Progress("deliver.utility_crm", last_step_s=now_s)])
    assert status(house, "utility_crm")[1:3] == ("RUNNING", "hub-2"), "one process that works is enough"
    house.clock.pass_s(SILENT_MS / 1000 + 1)
    assert status(house, "utility_crm").state == "UNASSIGNED"


def test_a_sink_that_is_not_in_the_settings_says_how_many_pieces_wait(house: House) -> None:
    house.submit(body())
    assert status(house)[1:4] == ("ABSENT", "", 1)


def test_the_newest_trouble_counts(house: House) -> None:
    first = house.submit(body()).case_id
    second = house.submit(body("A-2")).case_id.hex()
    sink = ConnectionSystem()
    sink.failures = [NotSent("first"), NotSent("second")]
    house.deliver(sink)
    assert status(house).failing == 2
    house.clock.pass_s(10)
    house.applications.hold(first, BY)
    sink.failures = [NotSent("third")]
    house.deliver(sink)
    assert (status(house).trouble, status(house).case_id) == ("third", second)

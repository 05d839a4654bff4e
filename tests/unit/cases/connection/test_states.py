"""What an operator looks for among applications: each state is found, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cases.connection.states import STATES, STUCK_AFTER_S
from hub.cases.procedure import LookupSource
from hub.cases.tables import case
from hub.errors import RecordRejected, Unavailable
from hub.ports import Refused
from tests import samples
from tests.casework import BY, ConnectionSystem, House, body

DAY_S = 86_400
SOURCES = (
    LookupSource("business_licence", "licence.business", frozenset({"uscc"})),
    LookupSource("property_title", "licence.property-title", frozenset({"unit-no"})),
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sources=SOURCES)
    yield house
    house.close()


def found(house: House) -> dict[str, list[str]]:
    """State → numbers of the applications in it, as the list gives them. Each summary says the same."""
    by_state = {state: [one["external_no"] for one in house.applications.list(state=state)] for state in STATES}
    for one in house.applications.list():
        said = [state for state in STATES if one["external_no"] in by_state[state]]
        assert one["states"] == said == house.applications.show(bytes.fromhex(one["application_id"]))["states"]
    return {state: numbers for state, numbers in by_state.items() if numbers}


def complete(house: House) -> None:
    """The records that the evidence of ``body`` needs."""
    house.verified(samples.title(), samples.business())
    house.project()


def test_an_application_that_lacks_evidence_waits_until_the_record_is_there(house: House) -> None:
    house.submit(body())
    assert found(house) == {"waiting": ["A-1"]}
    complete(house)
    house.due()
    assert found(house) == {}


def test_what_is_not_looked_for_after_the_end_of_the_case_does_not_wait(house: House) -> None:
    complete(house)
    case_id = house.submit(body()).case_id
    house.due()
    house.deliver(ConnectionSystem())
    house.verified(samples.business(version=house.clock.now_ms()) | {"status": "REVOKED"})
    house.project()
    assert found(house) == {"waiting": ["A-1"]}
    house.electricity_on(case_id)
    house.clock.pass_s(DAY_S)
    house.due()
    needs = house.applications.show(case_id)["evidence"]
    assert [one["reason"] for one in needs if one["state"] == "open"] == ["CASE_OVER"]
    assert "waiting" not in found(house)


def test_a_piece_without_an_acknowledgement_is_stuck_after_an_hour_and_not_before(house: House) -> None:
    complete(house)
    house.submit(body())
    house.due()
    house.clock.pass_s(STUCK_AFTER_S - 1)
    assert found(house) == {}
    house.clock.pass_s(1)
    assert found(house) == {"stuck": ["A-1"]}
    house.deliver(ConnectionSystem())
    assert found(house) == {}


def test_a_held_application_is_not_stuck(house: House) -> None:
    complete(house)
    made = house.submit(body())
    house.submit(body("A-2"))
    house.due()
    house.applications.hold(made.case_id, BY)
    house.clock.pass_s(STUCK_AFTER_S)
    assert found(house) == {"held": ["A-1"], "stuck": ["A-2"]}
    house.applications.release(made.case_id, BY)
    # Two of one second are in any order.
    assert {state: sorted(numbers) for state, numbers in found(house).items()} == {"stuck": ["A-1", "A-2"]}


def test_a_refused_piece_is_found_until_it_is_released(house: House) -> None:
    complete(house)
    made = house.submit(body())
    house.due()
    sink = ConnectionSystem()
    sink.failures = [Refused("E1", "no")]
    house.deliver(sink)
    assert found(house)["refused"] == ["A-1"]
    house.applications.release(made.case_id, BY)
    assert "refused" not in found(house)


def test_a_piece_that_must_not_be_sent_is_found_with_the_refused_ones(house: House) -> None:
    made = house.submit(body())
    (row,) = house.rows(case)
    house.vault.erase(bytes(row.subject_id))
    house.deliver(ConnectionSystem())
    assert [one["application_id"] for one in house.applications.list(state="refused")] == [made.case_id.hex()]


def test_an_application_is_late_the_day_after_its_last_day_in_china(house: House) -> None:
    """Due on 2026-03-11 by China's calendar; the clock begins on 2026-03-02 at 09:00 China time."""
    house.submit(body())
    house.clock.pass_s(9 * DAY_S + 15 * 3_600 - 1)  # 2026-03-11 23:59:59 in China
    assert "late" not in found(house)
    house.clock.pass_s(1)
    assert found(house)["late"] == ["A-1"]


def test_an_application_with_nothing_open_is_not_late(house: House) -> None:
    complete(house)
    house.submit(body())
    house.due()
    house.deliver(ConnectionSystem())
    house.clock.pass_s(30 * DAY_S)
    assert found(house) == {}


def test_an_outage_of_the_sink_is_stuck_and_later_late(house: House) -> None:
    complete(house)
    house.submit(body())
    house.due()
    sink = ConnectionSystem()
    sink.failures = [Unavailable("away")] * 5
    house.deliver(sink)
    house.clock.pass_s(30 * DAY_S)
    assert found(house) == {"stuck": ["A-1"], "late": ["A-1"]}


def test_a_state_or_channel_that_there_is_not_is_refused_with_those_that_there_are(house: House) -> None:
    for name, value, code in (("state", "stcuk", "FIELD_INVALID"), ("channel", "countre", "CHANNEL_UNKNOWN")):
        with pytest.raises(RecordRejected) as caught:
            house.applications.list(**{name: value})
        assert (caught.value.code, caught.value.field) == (code, name)
        assert caught.value.allowed


def test_pages_of_a_state_continue_after_the_last(house: House) -> None:
    for number in range(5):
        house.submit(body(f"A-{number}"))
        house.clock.pass_s(1)
    first = house.applications.list(limit=2, state="waiting")
    rest = house.applications.list(after=bytes.fromhex(first[-1]["application_id"]), state="waiting")
    assert [one["external_no"] for one in (*first, *rest)] == ["A-4", "A-3", "A-2", "A-1", "A-0"]

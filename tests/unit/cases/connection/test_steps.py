"""P1, P2, P4: what the utility reports reaches its case by any number that it names, in any order, once; and the tables
can be made again from the topics."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cases.connection.tables import application
from hub.cases.steps.tables import step
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import ConnectionSystem, House, body

MINUTE, HOUR = 60_000, 3_600_000
HIGH = {"voltage": "HIGH_10KV", "sanling": False, "important": True}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, kinds=frozenset())
    yield made
    made.close()


def number(case_id: bytes, sink: str = "utility_crm") -> str:
    return References(MasterKey(bytes(32)), sink).hub_number(case_id)


def registered(house: House, external_no: str = "A-1", **changes: Any) -> bytes:
    """An application that the connection system has."""
    case_id = house.submit(body(external_no, **changes)).case_id
    house.due()
    house.deliver(ConnectionSystem())
    return case_id


def whole(house: House, case_id: bytes, **named: Any) -> list[dict[str, Any]]:
    """The steps of a high-voltage case, from acceptance to electricity on."""
    named = named or {"application_no": number(case_id)}
    begun = house.clock.now_ms() + MINUTE
    told = [
        ("END", "acceptance", {}),
        ("END", "supply-plan", {}),
        ("END", "design-review", {"requested_at_ms": begun + 2 * HOUR + MINUTE}),
        ("END", "mid-inspection", {"requested_at_ms": begun + 3 * HOUR + MINUTE}),
        ("START", "completion", {}),
        ("END", "completion", {}),
    ]
    return [
        samples.step(f"E-{n}", action, segment, begun + n * HOUR, **named, **more)
        for n, (action, segment, more) in enumerate(told)
    ]


def test_a_case_lives_from_acceptance_to_electricity_on(house: House) -> None:
    case_id = registered(house, **HIGH)
    told = whole(house, case_id)
    house.clock.pass_s(86_400)
    house.verified(*told)
    house.project()
    rows = house.rows(step)
    assert [(row.state, row.why) for row in rows] == [("COUNTED", None)] * 6
    (row,) = house.rows(application)
    assert row.ended == "END"
    assert row.ended_ms == told[-1]["step"]["occurred_at_ms"]
    house.relay()
    assert all(one.equal for one in house.remade().values())

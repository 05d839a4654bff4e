"""What the steps of the utility change about materials, money and questions (P6): the kind in force, and charges."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cases.connection import views
from hub.cases.connection.materials.service import Materials
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import ConnectionSystem, House, body

MINUTE, HOUR = 60_000, 3_600_000
BECOMES = {
    "becomes_class": "NON_RESIDENT",
    "becomes_voltage": "HIGH_35KV",
    "becomes_sanling": False,
    "becomes_sources": 1,
    "becomes_important": False,
    "becomes_capacity_kw": "100",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, kinds=frozenset())
    yield made
    made.close()


def reported(house: House, case_id: bytes, *told: tuple[str, str, dict[str, Any]]) -> None:
    number = References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id)
    begun = house.clock.now_ms() + MINUTE
    house.clock.pass_s(86_400)
    house.verified(
        *(
            samples.step(f"E-{n}", action, segment, begun + n * HOUR, application_no=number, **more)
            for n, (action, segment, more) in enumerate(told)
        )
    )
    house.project()


def submitted(house: House) -> bytes:
    """A 三零 application that the connection system has."""
    case_id = house.submit(body()).case_id
    house.due()
    house.deliver(ConnectionSystem())
    return case_id


CHANGE = ("CHANGE", "", {"reason": "more capacity", "approver": "x", **BECOMES})
CHARGE = ("CHARGE", "", {"charge_item": "勘查费", "charge_amount": "100.00"})


def test_p6_a_charge_on_a_sanling_case_is_shown_also_after_its_kind_was_changed(house: House) -> None:
    case_id = submitted(house)
    materials = Materials(house.store, house.opener, house.journal)
    assert materials.show(case_id)["charges"] == []
    reported(house, case_id, CHANGE, CHARGE)
    shown = materials.show(case_id)
    assert [one["clause"] for one in shown["charges"]] == ["津工信电力〔2021〕8号 §9"]
    assert (shown["case_type"], shown["fee"]["free"]) == ("high-single", True)


def test_p6_the_list_is_that_of_the_kind_in_force_and_the_change_is_a_question(house: House) -> None:
    case_id = submitted(house)
    materials = Materials(house.store, house.opener, house.journal)
    assert "design-review" not in [one["segment"] for one in materials.show(case_id)["segments"]]
    assert house.applications.show(case_id)["questions"] == []
    reported(house, case_id, CHANGE)
    assert "design-review" in [one["segment"] for one in materials.show(case_id)["segments"]]
    (asked,) = house.applications.show(case_id)["questions"]
    assert asked["code"] == "SANLING_AT_HIGH_VOLTAGE"


def test_an_application_that_has_ended_is_not_among_the_open_ones(house: House) -> None:
    case_id = submitted(house)
    with house.store.read() as connection:
        assert len(list(views.open_cases(connection))) == 1
    reported(house, case_id, ("TERMINATE", "", {"reason": "the customer withdrew"}))
    with house.store.read() as connection:
        assert list(views.open_cases(connection)) == []

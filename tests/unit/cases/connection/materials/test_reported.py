"""P6: a step by which the utility asks for materials (补正) is held against the list like every other request."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from hub.audit import refused
from hub.cases.connection.materials.command import ITEMS_MAX
from hub.cases.connection.materials.service import Materials
from hub.cases.connection.materials.tables import request
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import canary, samples
from tests.casework import BY, ConnectionSystem, House, body

MINUTE = 60_000
HIGH = {"voltage": "HIGH_10KV", "important": True, "sanling": False, "capacity_kw": 800}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


class Matter:
    """An application that the utility has, and reports steps of."""

    def __init__(self, house: House, **changes: Any) -> None:
        self.house = house
        self.case_id = house.submit(body(**HIGH | changes)).case_id
        house.deliver(ConnectionSystem())
        house.due()
        self.number = References(MasterKey(bytes(32)), "utility_crm").hub_number(self.case_id)
        self.begun_ms = house.clock.now_ms()
        house.clock.pass_s(3600)
        self.materials = Materials(house.store, house.opener, house.journal)

    def step(self, event_id: str, *names: str, minute: int = 1, action: str = "CORRECTION_START", **more: Any) -> Any:
        given = {"application_no": self.number, "materials": list(names)} | more
        return samples.step(event_id, action, given.pop("segment", ""), self.begun_ms + minute * MINUTE, **given)

    def told(self, *steps: Any) -> None:
        for one in steps:
            self.house.verified(one)
            self.house.project()

    def shown(self) -> Any:
        return self.materials.show(self.case_id)

    def found(self) -> tuple[list[str], list[str]]:
        """What an auditor sees: requests beyond the list, and second rounds."""
        of = [self.case_id], self.house.clock.now_ms(), self.house.opener
        with self.house.store.read() as connection:
            both = refused.requests(connection, *of), refused.second_rounds(connection, *of)
        first, second = ([shown.told for shown in one.get(self.case_id, ())] for one in both)
        return first, second


@pytest.fixture
def matter(house: House) -> Matter:
    return Matter(house)


def test_what_the_list_has_is_told_to_the_customer_at_once_with_all_that_is_missing(matter: Matter) -> None:
    matter.told(matter.step("C-1", "用电工程项目批准文件", segment="acceptance"))
    (told,) = matter.house.customers.progress(matter.case_id)["notices"]
    assert [one["material"] for one in told["items"]] == ["project"]
    (notice,) = matter.shown()["notices"]
    assert (notice["asked_by"], notice["client"]) == ("CONNECTION_SYSTEM", "utility_steps")
    assert matter.found() == ([], [])


def test_beyond_the_list_it_is_refused_recorded_and_told_to_nobody(matter: Matter, tmp_path: Path) -> None:
    named = "王小明的施工许可证"
    matter.told(matter.step("C-1", "project", named, segment="acceptance"))
    assert matter.house.customers.progress(matter.case_id)["notices"] == []
    (kept,) = matter.shown()["refused"]
    assert (kept["code"], kept["names"]) == ("MATERIAL_NOT_LISTED", [named, "project"])
    ((seen,), again) = matter.found()
    assert all(part in seen for part in ("MATERIAL_NOT_LISTED", "utility_steps", named, "§5"))
    assert again == []
    matter.house.relay()
    assert canary.search([named, "C-1"], [path for path in tmp_path.rglob("*") if path.is_file()]) == []


def test_what_the_hub_fetched_or_looks_for_is_not_asked_of_the_customer(matter: Matter) -> None:
    matter.told(matter.step("C-1", "identity", segment="acceptance"))
    matter.house.verified(samples.business())
    matter.house.project()
    matter.told(matter.step("C-2", "identity", segment="acceptance", minute=2))
    assert [one["code"] for one in matter.shown()["refused"]] == ["MATERIAL_AWAITED", "MATERIAL_FETCHED"]


def test_a_second_round_is_a_finding_in_any_order_of_arrival(tmp_path: Path) -> None:
    for place, order in enumerate(permutations(("C-1", "C-2", "C-3"))):
        (tmp_path / str(place)).mkdir()
        house = House(tmp_path / str(place))
        matter = Matter(house)
        named = {"C-1": "design", "C-2": "designer-qualification", "C-3": "施工许可证"}
        steps = [matter.step(one, named[one], segment="design-review", minute=int(one[-1])) for one in order]
        matter.told(*steps)
        first, second = matter.found()
        assert (len(matter.shown()["notices"]), len(first), len(second)) == (1, 1, 1), order
        house.close()


def test_several_rounds_that_are_heard_together_are_judged_one_after_the_other(matter: Matter) -> None:
    matter.house.verified(
        matter.step("C-2", "designer-qualification", segment="design-review", minute=2),
        matter.step("C-1", "design", segment="design-review"),
    )
    matter.house.project()
    (notice,) = matter.shown()["notices"]
    assert notice["items"][0]["material"] == "design", "the earlier one by its own time"
    assert len(matter.found()[1]) == 1


def test_a_round_about_what_was_handed_in_since_is_no_finding(matter: Matter) -> None:
    matter.told(matter.step("C-1", "design", segment="design-review"))
    matter.materials.hand_in(matter.case_id, {"material": "design", "reference": "r", "sha256": "ab" * 32}, BY)
    matter.told(matter.step("C-2", "design", segment="design-review", minute=2, action="RETURN"))
    assert [one["items"][0]["defect"] for one in matter.shown()["notices"]] == ["MISSING", "INCOMPLETE"]
    assert matter.found() == ([], [])


def test_p2_the_same_step_over_two_ways_asks_once(matter: Matter) -> None:
    one = matter.step("C-1", "施工许可证", segment="acceptance")
    other = {**one, "source": {**one["source"], "system": "utility_steps_2", "version": 2}}
    matter.told(one, one, other)
    assert len(matter.house.rows(request)) == 1


def test_a_step_without_a_segment_is_about_the_one_that_ran(matter: Matter) -> None:
    matter.told(
        matter.step("E-1", action="END", segment="acceptance", minute=1),
        matter.step("C-1", "design", minute=2),
    )
    (kept,) = matter.shown()["refused"]
    assert (kept["segment"], kept["code"]) == ("supply-plan", "MATERIAL_NOT_LISTED")


def test_of_very_many_materials_those_beyond_the_list_are_recorded_first(matter: Matter) -> None:
    listed = ["identity", "property", "project", *(f"材料{n}" for n in range(30)), "施工许可证"]
    matter.told(matter.step("C-1", *listed, segment="acceptance"))
    (kept,) = matter.shown()["refused"]
    assert (len(kept["names"]), kept["names"][0]) == (ITEMS_MAX, "施工许可证")
    assert not {"identity", "property", "project"} & set(kept["names"])


def test_a_step_without_materials_asks_for_nothing(matter: Matter) -> None:
    matter.told(matter.step("C-1"), matter.step("E-1", action="END", segment="acceptance", minute=2))
    assert matter.house.rows(request) == []


def test_p4_what_steps_asked_for_is_the_same_after_a_rebuild(matter: Matter) -> None:
    matter.told(
        matter.step("C-1", "design", segment="design-review"),
        matter.step("C-2", "施工许可证", segment="acceptance", minute=2),
    )
    matter.house.relay()
    before = matter.shown()
    assert {name: one.differences for name, one in matter.house.remade(replacing=True).items() if not one.equal} == {}
    assert matter.shown() == before

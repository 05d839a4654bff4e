"""A title that passed on to others after the utility was asked for the transfer by it is no correction of that one,
however the registry writes it down and in whichever order it is heard (P2, P4). On the embedded engine: the tables are
read as in ``test_histories``."""

from collections.abc import Iterator
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.casework import House
from tests.transfers import HEIR, NEW, Town, body, matter, sinks

DAY = date(2026, 3, 10)
TO_HEIR = matter(old_holders=[NEW], new_holders=[{**HEIR, "confirmed": True}])


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def told_by(town: Town, said: str) -> bytes:
    """The utility was asked for the transfer by the title in row R, and said this."""
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(NEW, key="R")
    town.told(one, said, 1)
    town.house.clock.pass_s(7 * 86_400)
    return one


def replaced(town: Town) -> dict[str, Any]:
    return town.title(NEW, key="R") | {"status": "SUPERSEDED"}


def notices(town: Town) -> list[tuple[str, Any]]:
    """Day and reason of each notice, when the days to declare are over; what is said again changes nothing."""
    for _ in range(2):
        town.house.clock.pass_s(30 * 86_400)
        town.house.due()
        town.settle()
    before = [(one["registeredOn"], one.get("reason")) for one in town.bodies("notice")]
    town.again()
    assert len(town.bodies("notice")) == len(before)
    town.house.relay()
    assert [name for name, one in town.house.remade().items() if not one.equal] == []
    return before


@pytest.mark.parametrize("order", permutations(["new", "old", "done"]))
def test_a_resale_that_was_declared_recalls_nothing(town: Town, order: tuple[str, ...]) -> None:
    one = told_by(town, "APPLIED")
    (two,) = town.submit(body(TO_HEIR, number="T-2"))
    town.told(two, "CLEAR", 1)
    acts = {
        "new": lambda: town.entered(HEIR, key="R3", issued_on=DAY),
        "old": lambda: town.heard(replaced(town)),
        "done": lambda: town.told(one, "DONE", 1),
    }
    for name in order:
        acts[name]()
    town.told(two, "DONE", 1)
    assert notices(town) == [] and town.states() == ["done", "done"]


@pytest.mark.parametrize("old_first", [True, False])
def test_a_resale_that_nobody_declared_is_told_as_such_alone(town: Town, old_first: bool) -> None:
    told_by(town, "DONE")
    said = [replaced(town), town.title(HEIR, key="R3", issued_on=DAY)]
    for record in said if old_first else reversed(said):
        town.heard(record)
    assert notices(town) == [("2026-03-10", None)]


@pytest.mark.parametrize("said", ["APPLIED", "DONE"])
def test_a_resale_in_the_same_row_recalls_nothing_before_or_after_the_end(town: Town, said: str) -> None:
    told_by(town, said)
    town.entered(HEIR, key="R", issued_on=DAY)
    assert notices(town) == [("2026-03-10", None)]


@pytest.mark.parametrize("old_first", [True, False])
@pytest.mark.parametrize("changes", [{"registration_type": "500"}, {"registration_type": "500", "issued_on": DAY}])
def test_a_correction_in_another_row_is_told(town: Town, old_first: bool, changes: dict[str, Any]) -> None:
    told_by(town, "DONE")
    said = [replaced(town), town.title(HEIR, key="R3", **changes)]
    for record in said if old_first else reversed(said):
        town.heard(record)
    assert notices(town) == [("2026-03-03", "NOT_CURRENT")]


@pytest.mark.parametrize("status", ["CANCELLED", "REVOKED"])
def test_a_title_that_was_cancelled_is_told_although_others_have_a_later_one(town: Town, status: str) -> None:
    told_by(town, "DONE")
    town.entered(HEIR, key="R3", issued_on=DAY)
    town.heard(replaced(town) | {"status": status})
    assert sorted(notices(town), key=str) == [("2026-03-03", "NOT_CURRENT"), ("2026-03-10", None)]

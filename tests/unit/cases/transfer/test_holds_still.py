"""A later title that names one who has the account is no undeclared change of hands (P3, P4). On the embedded engine:
the tables are read as in ``test_histories``."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.casework import House
from tests.transfers import CO_OWNER, DEVELOPER, HEIR, NEW, OLD, Town, body, matter, sinks

DAY = date(2026, 3, 10)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def noticed(town: Town) -> list[str]:
    """The days of which the utility was told, when the days to declare are over; what is said again changes nothing."""
    for _ in range(2):
        town.house.clock.pass_s(30 * 86_400)
        town.house.due()
        town.settle()
    before = [one["registeredOn"] for one in town.bodies("notice")]
    town.again()
    assert len(town.bodies("notice")) == len(before) and town.house.due() == 0
    town.house.relay()
    assert [name for name, one in town.house.remade().items() if not one.equal] == []
    return before


def test_the_developers_own_first_registration_is_before_that_of_the_buyer(town: Town) -> None:
    (one,) = town.submit(body(matter(old_holders=[DEVELOPER]), reason="FIRST_REGISTRATION"))
    town.told(one, "CLEAR", 1)
    town.entered(DEVELOPER, registration_type="100")
    assert noticed(town) == [] and town.states() == ["ready"]
    town.entered(NEW, issued_on=date(2026, 3, 20))
    assert town.states() == ["transferring"]


@pytest.mark.parametrize("holders", [(OLD,), (OLD, CO_OWNER)])
@pytest.mark.parametrize("end", ["", "cancel", "FAILED"])
def test_the_old_holder_has_the_title_and_the_account_still(
    town: Town, holders: tuple[dict[str, str]], end: str
) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    if end == "FAILED":
        town.entered()
        town.told(one, end, 1)
    if end == "cancel":
        town.cancel(one)
    town.entered(*holders, issued_on=DAY)
    assert noticed(town) == []


@pytest.mark.parametrize("said", ["APPLIED", "DONE"])
def test_a_spouse_who_is_added_later_takes_the_account_from_no_one(town: Town, said: str) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, said, 1)
    town.entered(NEW, CO_OWNER, issued_on=DAY)
    assert noticed(town) == []


@pytest.mark.parametrize("first", ["title", "done"])
@pytest.mark.parametrize("holders", [(OLD,), (HEIR, OLD)])
def test_a_title_that_goes_back_after_the_entry_is_told(town: Town, first: str, holders: tuple[dict[str, str]]) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    acts = {"title": lambda: town.entered(*holders, issued_on=DAY), "done": lambda: town.told(one, "DONE", 1)}
    acts.pop(first)()
    next(iter(acts.values()))()
    assert noticed(town) == ["2026-03-10"]

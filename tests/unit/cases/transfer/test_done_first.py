"""The utility tells that the account is transferred before the registry has entered the title: it is shown, nothing
goes on by it, and the entry is heard when it comes (domain-cases §6: nothing goes on without the entry's date)."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.errors import RecordRejected
from tests.casework import BY, House
from tests.transfers import CO_OWNER, HEIR, NEW, Town, body, matter, sinks


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def same_again(town: Town) -> None:
    before = town.states(), town.kinds()
    town.again()
    town.house.clock.pass_s(90 * 86_400)
    assert town.house.due() == 0
    town.settle()
    assert (town.states(), town.kinds()) == before
    town.house.relay()
    assert all(table.equal for table in town.house.remade().values())


@pytest.mark.parametrize("until", [None, "CLEAR", "ARREARS", "NO_ACCOUNT"])
def test_p4_done_before_the_entry_is_shown_so_and_ends_with_its_date(town: Town, until: str | None) -> None:
    (one,) = town.submit(body())
    if until:
        town.told(one, until, 1)
    town.told(one, "DONE")
    shown = town.service.show(one)
    assert (shown["state"], shown["registered_on"], shown["done_without_entry"]) == ("done", None, True)
    assert "尚未登簿" in shown["state_zh"] and shown["reports"][-1]["counted"]
    pieces = town.kinds()
    town.entered()
    shown = town.service.show(one)
    assert (shown["state"], shown["registered_on"], shown["done_without_entry"]) == ("done", "2026-03-03", False)
    assert [title["what"] for title in shown["titles"]] == ["ENTERED"]
    assert town.kinds() == pieces, "the utility has the account: it is asked nothing, and told of no other hands"
    same_again(town)


def test_p4_it_is_not_the_entry_of_others_and_the_utility_is_told_of_it(town: Town) -> None:
    (one,) = town.submit(body())
    town.told(one, "DONE")
    town.entered(HEIR)
    assert [sent["registeredOn"] for sent in town.bodies("notice")] == ["2026-03-03"]
    assert town.service.show(one)["done_without_entry"]
    town.entered(issued_on=date(2026, 3, 5))
    assert town.service.show(one)["registered_on"] == "2026-03-05"
    same_again(town)


def test_p4_co_owners_titles_of_one_day_are_awaited(town: Town) -> None:
    both = [{**NEW, "confirmed": True}, {**CO_OWNER, "confirmed": True}]
    (one,) = town.submit(body(matter(new_holders=both)))
    town.told(one, "DONE")
    town.entered(NEW)
    assert town.service.show(one)["done_without_entry"] and not town.bodies("notice")
    town.entered(CO_OWNER)
    assert town.service.show(one)["registered_on"] == "2026-03-03"
    same_again(town)


def test_p4_what_was_told_of_a_cancelled_one_stays_when_it_is_done_after_all(town: Town) -> None:
    (one,) = town.submit(body())
    town.cancel(one)
    town.entered()
    town.told(one, "DONE")
    shown = town.service.show(one)
    assert (shown["state"], shown["registered_on"]) == ("done", "2026-03-03")
    assert [sent["registeredOn"] for sent in town.bodies("notice")] == ["2026-03-03"]
    with pytest.raises(RecordRejected, match="TRANSFER_ENDED"):
        town.service.cancel(one, BY)
    same_again(town)

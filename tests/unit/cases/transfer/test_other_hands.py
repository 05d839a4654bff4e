"""A title that goes to others while a transfer is open, or is ended: the utility is told once that the account did not
change hands, by the timer where a transfer may still be declared; the order of arrival changes nothing (P2, P4)."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.cases.transfer.tables import transfer, transfer_title
from tests.casework import BY, House
from tests.transfers import CO_OWNER, HEIR, NEW, Town, body, matter, sinks

MONTH_S = 30 * 86_400
TO_HEIR = matter(old_holders=[NEW], new_holders=[{**HEIR, "confirmed": True}])


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def pass_time(town: Town, seconds: int = MONTH_S) -> int:
    town.house.clock.pass_s(seconds)
    found = town.house.due()
    town.settle()
    return found


def noticed(town: Town) -> list[str]:
    """The entries that the utility was told of, and nothing of it changes when all is delivered again or made again."""
    before = sorted(sent["registeredOn"] for sent in town.bodies("notice"))
    town.again()
    assert pass_time(town) == 0, "what is told, or is for another, is due no more"
    town.house.relay()
    assert [name for name, one in town.house.remade().items() if not one.equal] == []
    assert sorted(sent["registeredOn"] for sent in town.bodies("notice")) == before
    return before


@pytest.mark.parametrize("until", ["CLEAR", "ARREARS", None])
def test_p4_an_open_transfer_tells_when_the_title_went_to_others_and_none_is_declared(
    town: Town, until: str | None
) -> None:
    (one,) = town.submit(body())
    if until:
        town.told(one, until, 1)
    town.entered(HEIR)
    assert not town.bodies("notice") and town.house.due() == 0, "a transfer may still be declared"
    (shown,) = town.service.show(one)["titles"]
    assert (shown["what"], shown["notice_on"]) == ("OTHER_HOLDERS", "2026-03-17")
    assert pass_time(town, 16 * 86_400) == 1
    (sent,) = town.bodies("notice")
    assert (sent["registeredOn"], "takesBack" in sent) == ("2026-03-03", False) and "holders" not in sent["fields"]
    assert noticed(town) == ["2026-03-03"]
    assert town.states() == [{"CLEAR": "ready", "ARREARS": "arrears", None: "checking"}[until]], "it stays open"


def test_p4_one_that_is_entered_tells_of_a_later_change_of_hands_too(town: Town) -> None:
    (one,) = town.submit(body())
    town.told(one, "ARREARS", 1)
    town.entered()
    town.entered(HEIR, issued_on=date(2026, 3, 10))
    assert not town.bodies("notice")
    pass_time(town)
    assert noticed(town) == ["2026-03-10"] and town.states() == ["owing"]


@pytest.mark.parametrize("first", ["title", "done"])
def test_p4_done_before_or_after_the_title_went_on_is_the_same_end(town: Town, first: str) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    acts = {
        "done": lambda: town.told(one, "DONE", 1),
        "title": lambda: town.entered(HEIR, issued_on=date(2026, 3, 10)),
    }
    acts.pop(first)()
    next(iter(acts.values()))()
    pass_time(town)
    assert noticed(town) == ["2026-03-10"] and town.states() == ["done"]


@pytest.mark.parametrize("first", ["title", "submission"])
def test_p4_a_transfer_that_is_declared_in_time_is_no_notice(town: Town, first: str) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.house.clock.pass_s(86_400)
    if first == "title":
        town.entered(HEIR)
    (two,) = town.submit(body(TO_HEIR, number="T-2"))
    if first != "title":
        town.entered(HEIR)
    town.told(two, "CLEAR", 1)
    pass_time(town)
    town.told(two, "DONE", 1)
    assert noticed(town) == [] and sorted(town.states()) == ["done", "ready"]


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("first", ["title", "answer"])
def test_p4_one_declared_for_an_account_that_is_none_is_none_in_either_order(
    town: Town, first: str, done: bool
) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    if done:
        town.entered()
        town.told(one, "DONE", 1)
    town.house.clock.pass_s(86_400)
    (two,) = town.submit(body(TO_HEIR, number="T-2"))
    acts = {
        "answer": lambda: town.told(two, "NO_ACCOUNT", 1),
        "title": lambda: town.entered(HEIR, issued_on=date(2026, 3, 10)),
    }
    acts.pop(first)()
    next(iter(acts.values()))()
    pass_time(town)
    assert noticed(town) == ["2026-03-10"]


def test_p2_of_several_transfers_of_an_account_one_tells(town: Town) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, "DONE", 1)
    town.house.clock.pass_s(86_400)
    (two,) = town.submit(body(TO_HEIR, number="T-2"))
    town.told(two, "CLEAR", 1)
    town.entered(HEIR, issued_on=date(2026, 3, 10))
    town.told(two, "FAILED", 1)
    town.entered(CO_OWNER, issued_on=date(2026, 3, 20))
    pass_time(town)
    assert noticed(town) == ["2026-03-20"], "not of the first one's, and of the last one once"


def test_p4_a_title_that_is_cancelled_in_time_is_no_notice(town: Town) -> None:
    (one,) = town.submit(body())
    town.entered(HEIR, key="same")
    town.heard(town.title(HEIR, key="same") | {"status": "CANCELLED"})
    pass_time(town)
    assert noticed(town) == []
    town.heard(town.title(HEIR, key="same"))  # it is in force again
    pass_time(town)
    assert noticed(town) == ["2026-03-03"]
    town.told(one, "CLEAR", 1)
    town.entered(issued_on=date(2026, 5, 4))
    assert [sent["registeredOn"] for sent in town.bodies("transfer")] == ["2026-05-04"], "it went on to the new holder"


def test_p4_particulars_that_change_while_it_waits_change_nothing(town: Town) -> None:
    town.submit(body())
    town.entered(HEIR, key="same")
    town.heard(town.title(HEIR, key="same", registration_type="300", issued_on=date(2026, 3, 10)))
    pass_time(town)
    assert noticed(town) == ["2026-03-03"]


@pytest.mark.parametrize("first", ["cancel", "title"])
def test_p4_cancelled_before_or_after_the_title_went_to_others_is_the_same_end(town: Town, first: str) -> None:
    (one,) = town.submit(body())
    if first == "title":
        town.entered(NEW, CO_OWNER)
    town.cancel(one)
    if first == "cancel":
        town.entered(NEW, CO_OWNER)
    pass_time(town)
    assert noticed(town) == ["2026-03-03"] and town.states() == ["cancelled"]


def test_p2_a_notice_whose_title_changes_before_it_leaves_is_sent_of_the_title_as_it_is(town: Town) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(HEIR, key="same")
    town.house.clock.pass_s(MONTH_S)
    town.house.due()
    town.house.verified(town.title(HEIR, key="same", mortgaged=True))
    for _ in range(3):
        town.settle()
        town.house.due()
    assert noticed(town) == ["2026-03-03"] and town.states() == ["ready"]
    town.entered(issued_on=date(2026, 5, 4))
    assert town.service.show(one)["registered_on"] == "2026-05-04"


def test_p2_a_notice_that_waits_is_sent_also_when_the_transfer_is_cancelled(town: Town) -> None:
    (one,) = town.submit(body())
    town.entered(HEIR)
    town.house.clock.pass_s(MONTH_S)
    town.house.due()
    town.service.cancel(one, BY)
    town.settle()
    assert noticed(town) == ["2026-03-03"] and len(town.bodies("cancellation")) == 1


def test_p5_the_tables_say_which_transfer_is_about_it(town: Town) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.house.clock.pass_s(86_400)
    (two,) = town.submit(body(TO_HEIR, number="T-2"))
    town.entered(HEIR)
    assert {bytes(row.case_id): row.registered_on for row in town.house.rows(transfer)} == {
        one: None,
        two: "2026-03-03",
    }
    (row,) = [row for row in town.house.rows(transfer_title) if bytes(row.case_id) == one]
    assert (row.what, bytes(row.declared_by)) == ("OTHER_TRANSFER", two)

"""Each holder of a joint transfer is sealed under the own key: erasing one erases nothing of another (PIPL art. 47)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cases.tables import case
from hub.cases.transfer.command import NEW as NEW_SIDE
from hub.cases.transfer.command import OLD as OLD_SIDE
from hub.cases.transfer.tables import transfer, transfer_person
from hub.ports import Fault
from tests.casework import BY, House
from tests.transfers import ACCOUNT, CO_OWNER, HEIR, NEW, OLD, Town, body, matter, sinks

CONFIRMED = [{**NEW, "confirmed": True}, {**CO_OWNER, "confirmed": True}]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def erase(town: Town, side: str, place: int) -> None:
    (row,) = [one for one in town.house.rows(transfer_person) if (one.side, one.place) == (side, place)]
    assert town.house.vault.erase(bytes(row.subject_id))


def test_no_holder_is_under_the_key_of_another(town: Town) -> None:
    town.submit(body(matter(old_holders=[OLD, HEIR], new_holders=CONFIRMED)))
    rows, (whole,), (case_,) = (town.house.rows(one) for one in (transfer_person, transfer, case))
    assert [(row.side, row.place) for row in rows] == [(NEW_SIDE, 0), (NEW_SIDE, 1), (OLD_SIDE, 0), (OLD_SIDE, 1)]
    assert len({bytes(row.subject_id) for row in rows}) == 4
    (text,) = town.house.opener.open_values([(bytes(case_.subject_id), bytes(whole.sealed))])
    assert isinstance(text, bytes) and not [one for one in (NEW, CO_OWNER, OLD, HEIR) if one["name"] in text.decode()]
    opened = town.house.opener.open_values([(bytes(row.subject_id), bytes(row.sealed)) for row in rows])
    names = (NEW, CO_OWNER, OLD, HEIR)
    assert all(one["name"] in text.decode() for one, text in zip(names, opened, strict=True) if isinstance(text, bytes))
    crossed = town.house.opener.open_values([(bytes(rows[0].subject_id), bytes(row.sealed)) for row in rows[1:]])
    assert all(isinstance(one, Fault) for one in crossed)


def test_an_old_holder_who_is_erased_is_left_out_and_the_matter_goes_on(town: Town) -> None:
    (one,) = town.service.submit(body(matter(old_holders=[OLD, HEIR], new_holders=CONFIRMED)), BY).case_ids
    erase(town, OLD_SIDE, 0)
    town.settle()
    (asked,) = town.bodies("check")
    assert [holder["name"] for holder in asked["oldHolders"]] == [HEIR["name"]]
    town.told(one, "CLEAR", 1)
    town.entered(NEW, CO_OWNER)
    (sent,) = town.bodies("transfer")
    assert [holder["name"] for holder in sent["newHolders"]] == [NEW["name"], CO_OWNER["name"]]
    assert OLD["name"] not in str(sent)


def test_nothing_is_asked_about_holders_who_are_all_erased(town: Town) -> None:
    (one,) = town.service.submit(body(), BY).case_ids
    erase(town, OLD_SIDE, 0)
    town.settle()
    assert town.kinds() == ["registration"]
    (piece,) = [piece for piece in town.service.show(one)["deliveries"] if piece["kind"] == "check"]
    assert (piece["state"], piece["reason"]) == ("stopped", "ERASED")


def test_p2_the_same_submission_again_is_the_same_also_after_an_old_holder_was_erased(town: Town) -> None:
    first = town.service.submit(body(), BY)
    erase(town, OLD_SIDE, 0)
    again = town.service.submit(body(), BY)
    assert (again.case_ids, again.created) == (first.case_ids, False)
    town.service.cancel(first.case_ids[0], BY)
    assert town.service.submit(body(number="T-2"), BY).created
    old = {bytes(row.subject_id) for row in town.house.rows(transfer_person) if row.side == OLD_SIDE}
    assert len(old) == 2, "a new matter of the same person is under a new key"


def test_the_matter_is_also_the_other_new_holder_s_when_the_first_one_was_erased(town: Town) -> None:
    mandate = {"form": "DECLARATION", "reference": "W-17"}
    (one,) = town.service.submit(body(matter(new_holders=CONFIRMED, mandate=mandate)), BY).case_ids
    erase(town, NEW_SIDE, 0)
    town.settle()
    town.told(one, "ARREARS", 1)
    town.told(one, "PAID")
    town.cancel(one)
    assert town.kinds() == ["registration", "check", "check", "cancellation"]
    assert town.bodies("registration")[0]["consNo"] == ACCOUNT
    (copy,) = [row for row in town.house.rows(transfer_person) if (row.side, row.place) == (NEW_SIDE, 1)]
    (text,) = town.house.opener.open_values([(bytes(copy.subject_id), bytes(copy.sealed))])
    assert isinstance(text, bytes) and "W-17" not in text.decode() and NEW["name"] not in text.decode()


def test_nothing_leaves_of_a_matter_whose_new_holders_are_all_erased(town: Town) -> None:
    town.service.submit(body(matter(new_holders=CONFIRMED)), BY)
    erase(town, NEW_SIDE, 0)
    erase(town, NEW_SIDE, 1)
    town.settle()
    assert town.kinds() == []

"""P3: a title that a higher authority has ended is no entry of a transfer and no change of hands, however a lower one
has it; a lower one ends nothing. On the embedded engine: the tables are read as in ``test_histories``."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests import samples
from tests.casework import House
from tests.transfers import NEW, OLD, Town, body, sinks
from tests.unit.cases.connection.test_handed import connected, days_pass, notices, same_again

CITY, DISTRICT = "property_title", "district_files"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def says(town: Town, system: str, key: str, status: str = "CURRENT", **changes: Any) -> None:
    """One authority has this title of the new holder."""
    record = town.title(NEW, key=key, **changes) | {"status": status}
    record["source"]["system"] = system
    town.heard(record)


def checked(town: Town) -> bytes:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    return one


def test_a_title_that_a_higher_authority_has_ended_is_no_entry(town: Town) -> None:
    checked(town)
    says(town, CITY, "C", "REVOKED")
    says(town, DISTRICT, "D")
    assert town.states() == ["ready"] and not town.bodies("transfer")
    says(town, CITY, "C2")
    assert town.states() == ["transferring"]
    (sent,) = town.bodies("transfer")
    assert sent["fields"]["unit"]["title_no"].endswith(f"{1_000_000 + town.versions}号"), "the city's own title"


@pytest.mark.parametrize(("has", "ends"), [(CITY, DISTRICT), (DISTRICT, DISTRICT), (CITY, CITY)])
def test_neither_a_lower_authority_nor_another_row_of_the_same_one_ends_an_entry(
    town: Town, has: str, ends: str
) -> None:
    checked(town)
    says(town, has, "ONE")
    says(town, ends, "OTHER", "REVOKED")
    assert town.states() == ["transferring"]
    assert len(town.bodies("transfer")) == 1 and not town.bodies("notice")


def test_an_entry_that_a_higher_authority_ends_before_its_question_left_is_looked_for_again(town: Town) -> None:
    (one,) = town.submit(body())
    town.told(one, "ARREARS", 1)
    says(town, DISTRICT, "D")
    assert town.states() == ["owing"]
    says(town, CITY, "C", "CANCELLED")
    town.told(one, "PAID")
    assert not town.bodies("transfer") and town.states() == ["checking"]


def test_a_question_that_waits_does_not_leave_with_it(town: Town) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    title = town.title(NEW, key="D")
    title["source"]["system"] = DISTRICT
    town.house.verified(title)
    town.house.project()
    ended = town.title(NEW, key="C") | {"status": "REVOKED"}
    town.heard(ended)
    assert town.states() == ["ready"] and not town.bodies("transfer")


def test_the_utility_is_told_once_where_a_higher_authority_ends_what_it_was_asked_by(town: Town) -> None:
    one = checked(town)
    says(town, DISTRICT, "D")
    town.told(one, "DONE", 1)
    for _ in range(2):
        says(town, CITY, "C", "REVOKED")
    (told,) = town.bodies("notice")
    assert (told["takesBack"], told["reason"]) == (1, "NOT_CURRENT")
    town.again()
    assert len(town.bodies("notice")) == 1
    town.house.relay()
    assert not [name for name, compared in town.house.remade().items() if not compared.equal]


def test_a_title_that_is_in_force_again_is_told_too(town: Town) -> None:
    """解封, 恢复: the utility believes the last word that it has."""
    one = checked(town)
    says(town, CITY, "C")
    told = town.bodies("transfer")[0]["fields"]["unit"]["title_no"]
    town.told(one, "DONE", 1)
    for status in ("SUSPENDED", "REVOKED", "CURRENT"):
        says(town, CITY, "C", status, title_no=told)
    assert [sent["reason"] for sent in town.bodies("notice")] == ["NOT_CURRENT", "SUPERSEDED"]
    town.again()
    assert len(town.bodies("notice")) == 2


@pytest.mark.parametrize("ended", [True, False])
def test_a_change_of_hands_that_a_higher_authority_has_ended_is_none(town: Town, ended: bool) -> None:
    case_id = connected(town)
    if ended:
        says(town, CITY, "own", "SUPERSEDED", issued_on=date(2020, 5, 6))
    says(town, DISTRICT, "D")
    assert len(town.house.applications.show(case_id)["handovers"]) == (0 if ended else 1)
    days_pass(town)
    assert len(notices(town)) == (0 if ended else 1)
    same_again(town)


def test_a_notice_that_waits_is_not_sent_when_a_higher_authority_has_ended_the_title(town: Town) -> None:
    connected(town, {"name": "津门电气有限公司", "uscc": samples.USCC})
    says(town, DISTRICT, "D")
    town.house.clock.pass_s(30 * 86_400)
    town.house.due()
    town.house.verified(town.title(OLD, key="own", issued_on=date(2020, 5, 6)) | {"status": "CANCELLED"})
    town.settle()
    assert not notices(town)

"""P2, P3: a record that only the key of the address found, and that is of another door, never leaves the hub."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cases import reasons
from hub.cases.connection.placed.service import Places
from hub.cases.tables import piece
from hub.privacy.purposes import shipped
from hub.records.address import address_key, parse_to_fit
from tests import samples
from tests.casework import BY, ConnectionSystem, House, body

GATE = "天津市南开区长江道12号"
TITLE, PROJECT = "licence.property-title", "project.approval"
BESIDE = [("A座1F", "A座-1F"), ("1F101", "-1F101"), ("3号楼2F", "3号楼-2F")]
"""Neighbours that have one key in every version of the hub."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, kinds=frozenset((TITLE, PROJECT)))
    yield house
    house.close()


STRANGER = {"name": "王伟", "id_type": "RESIDENT_ID", "id_number": samples.OTHER_PERSON, "share": None}
APPLICANT = {"name": "津门电气有限公司", "id_type": "USCC", "id_number": samples.USCC, "share": None}


def titled(house: House, address: str, holder: dict[str, Any] = STRANGER) -> None:
    record = samples.title()
    record["unit"]["address"] = parse_to_fit(address)
    record["holders"] = [holder]
    house.verified(record)
    house.project()
    house.due()


def evidence(house: House, case_id: bytes, kind: str = TITLE) -> tuple[str, str]:
    (one,) = (each for each in house.applications.show(case_id)["evidence"] if each["kind"] == kind)
    return one["state"], one["reason"]


def delivered(house: House) -> list[str]:
    sink = ConnectionSystem()
    house.deliver(sink)
    return [one["kind"] for (one,) in sink.effects.values()]


@pytest.mark.parametrize(("site", "title"), BESIDE)
@pytest.mark.parametrize("first", ["title", "application"])
def test_another_floor_meets_no_need_in_either_order(house: House, site: str, title: str, first: str) -> None:
    assert address_key(GATE + site) == address_key(GATE + title) != ""
    if first == "title":
        titled(house, GATE + title)
    case_id = house.submit(body(site={"address": GATE + site})).case_id
    house.due()
    if first == "application":
        titled(house, GATE + title)
    assert evidence(house, case_id) == ("open", reasons.OTHER_SITE)
    assert TITLE not in delivered(house)
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_what_is_heard_again_changes_nothing(house: House) -> None:
    site, title = BESIDE[0]
    case_id = house.submit(body(site={"address": GATE + site})).case_id
    house.due()
    titled(house, GATE + title)
    before = house.applications.show(case_id)
    for _ in range(2):
        titled(house, GATE + title)
    assert house.applications.show(case_id)["evidence"] == before["evidence"]
    assert not [row for row in house.rows(piece) if row.kind == TITLE]


def test_the_door_itself_is_sent(house: House) -> None:
    titled(house, GATE + "A座1F")
    case_id = house.submit(body(site={"address": GATE + "A座1F"})).case_id
    house.due()
    assert evidence(house, case_id)[0] == "met"
    assert TITLE in delivered(house)


def test_a_person_is_asked_about_the_applicants_own_title_and_a_yes_sends_it(house: House) -> None:
    site, title = BESIDE[1]
    case_id = house.submit(body(site={"address": GATE + site})).case_id
    house.due()
    titled(house, GATE + title, APPLICANT)
    assert evidence(house, case_id) == ("open", reasons.OTHER_SITE)
    (asked,) = house.applications.show(case_id)["places"]
    assert (asked["verdict"], asked["question"]) == ("ASK", "SAME_SITE")
    places = Places(house.store, house.log, house.opener, shipped(), house.journal)
    places.answer(case_id, asked["nth"], {"answer": "YES", "person": "李明"}, BY)
    house.due()
    assert evidence(house, case_id)[0] == "met"


@pytest.mark.parametrize(("floor", "state"), [("A座1F", "met"), ("A座-1F", "open")])
def test_a_project_at_another_floor_is_not_sent(house: House, floor: str, state: str) -> None:
    record = samples.approval()
    record["project"]["site"] = parse_to_fit(GATE + floor)
    house.verified(record)
    house.project()
    given = body(site={"address": GATE + "A座1F"}, voltage="HIGH_10KV", sanling=False)
    case_id = house.submit(given).case_id
    house.due()
    assert evidence(house, case_id, PROJECT)[0] == state

"""P2, P3: a person's later no takes back what a yes sent: withdrawn before the end of the case, told of after it."""

from typing import Any

import pytest

from hub.cases.connection.placed.service import Places
from hub.privacy.purposes import shipped
from hub.records.address import parse_to_fit
from tests import samples
from tests.casework import BY, ConnectionSystem, House, body

SITE = "天津市南开区长江道12号3号楼2门501室"
BUILDING = "天津市南开区长江道12号3号楼"
TITLE = "licence.property-title"
OTHER_UNIT = samples.UNIT_NO[:-1] + "7"


@pytest.fixture
def places(house: House) -> Places:
    return Places(house.store, house.log, house.opener, shipped(), house.journal)


def titled(house: House, version: int = 1, unit_no: str = OTHER_UNIT, status: str = "CURRENT") -> None:
    record = samples.title("T9", version, unit_no=unit_no)
    record["unit"]["address"] = parse_to_fit(BUILDING)
    house.verified(record | {"status": status})
    house.project()
    house.due()


@pytest.fixture
def matched(house: House, places: Places) -> bytes:
    """An application whose title rests on a person's yes."""
    case_id = house.submit(body(site={"address": SITE})).case_id
    house.due()
    titled(house)
    say(house, places, case_id, "YES")
    assert state(house, case_id)[0] == "met"
    return case_id


def say(house: House, places: Places, case_id: bytes, answer: str) -> None:
    places.answer(case_id, 1, {"answer": answer, "person": "李明"}, BY)
    house.due()


def state(house: House, case_id: bytes) -> tuple[str, str]:
    (found,) = [one for one in house.applications.show(case_id)["evidence"] if one["kind"] == TITLE]
    return found["state"], found["reason"]


def sent(sink: ConnectionSystem, field: str) -> list[dict[str, Any]]:
    return [one for (one,) in sink.effects.values() if field in one and one["kind"] == TITLE]


def test_before_the_end_a_no_withdraws_it_once(
    house: House, places: Places, sink: ConnectionSystem, matched: bytes
) -> None:
    house.deliver(sink)
    for _ in range(3):
        say(house, places, matched, "NO")
        house.deliver(sink)
    (evidence,), (taken,) = sent(sink, "fields"), sent(sink, "withdrawnAt")
    assert (taken["recordId"], taken["reason"], taken["changedAt"]) == (evidence["recordId"], "NOT_CURRENT", None)
    assert state(house, matched)[0] == "open"
    (shown,) = house.applications.show(matched)["recalls"]
    assert (shown["reason"], shown["after_the_end"]) == ("NOT_OF_SITE", False)
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_what_was_not_delivered_yet_does_not_leave(
    house: House, places: Places, sink: ConnectionSystem, matched: bytes
) -> None:
    say(house, places, matched, "NO")
    house.deliver(sink)
    assert (sent(sink, "fields"), sent(sink, "withdrawnAt")) == ([], [])


def test_after_the_end_the_sinks_are_told_once(
    house: House, places: Places, sink: ConnectionSystem, matched: bytes
) -> None:
    house.connected(matched, sink)
    for _ in range(2):
        say(house, places, matched, "NO")
        house.deliver(sink)
    (told,) = sent(sink, "learnedAt")
    assert (told["noticeNo"], told["reason"], told["changedAt"]) == (1, "NOT_CURRENT", None)
    assert (sent(sink, "withdrawnAt"), state(house, matched)[0]) == ([], "met")
    titled(house, 2, status="REVOKED")
    house.deliver(sink)
    assert len(sent(sink, "learnedAt")) == 1  # what becomes of another site's title is not the utility's
    house.relay()
    assert all(one.equal for one in house.remade().values())


@pytest.mark.parametrize("answer", ["UNKNOWN", "YES"])
def test_only_a_no_takes_it_back(
    house: House, places: Places, sink: ConnectionSystem, matched: bytes, answer: str
) -> None:
    house.deliver(sink)
    say(house, places, matched, answer)
    house.deliver(sink)
    assert (sent(sink, "withdrawnAt"), state(house, matched)[0]) == ([], "met")


def test_a_title_that_an_id_of_the_site_finds_does_not_rest_on_an_answer(
    house: House, places: Places, sink: ConnectionSystem
) -> None:
    """Its address is asked about, and it was matched without a yes."""
    vague = "天津市南开区天拖里"
    record = samples.title("T9", unit_no=OTHER_UNIT)
    record["unit"]["address"] = parse_to_fit(vague)
    house.verified(record)
    house.project()
    case_id = house.submit(body(site={"address": vague})).case_id
    house.due()
    house.deliver(sink)
    for answer in ("YES", "NO"):
        say(house, places, case_id, answer)
        house.deliver(sink)
    assert (sent(sink, "withdrawnAt"), state(house, case_id)[0]) == ([], "met")

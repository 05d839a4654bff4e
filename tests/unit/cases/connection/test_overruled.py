"""P3: a title that one source has is taken back when a higher authority says that it is not in force, and never when a
lower one says so."""

from typing import Any

import pytest

from hub.cases.connection.recall.tables import recall
from hub.cases.evidence import over
from hub.records.authorities import shipped
from tests import samples
from tests.casework import ConnectionSystem, House, body

TITLE = "licence.property-title"
CITY, DISTRICT, UNRANKED = "property_title", "district_files", "archive"
HOUR_S = 3_600


def title(system: str, key: str, version: int = 1, status: str = "CURRENT") -> dict[str, Any]:
    found = samples.title(key, version)
    found["source"]["system"] = system
    return found | {"status": status}


def submitted(house: House, system: str, number: str = "A-1") -> bytes:
    house.live(samples.business(), title(system, "OURS"))
    case_id = house.submit(body(number)).case_id
    house.due()
    return case_id


def state(house: House, case_id: bytes) -> tuple[str, str]:
    (found,) = [one for one in house.applications.show(case_id)["evidence"] if one["kind"] == TITLE]
    return found["state"], found["reason"]


def sent(sink: ConnectionSystem, field: str) -> list[dict[str, Any]]:
    return [one for (one,) in sink.effects.values() if field in one and one["kind"] == TITLE]


def spoken(house: House, system: str, status: str = "REVOKED", key: str = "THEIRS") -> None:
    """Another source says that the unit's title is not in force, an hour before the hub hears of it."""
    version = house.clock.now_ms()
    house.clock.pass_s(HOUR_S)
    house.live(title(system, key, version, status))


@pytest.mark.parametrize("status", ["REVOKED", "CANCELLED", "SUPERSEDED"])
def test_before_the_end_the_higher_word_takes_it_back_with_both_times(
    house: House, sink: ConnectionSystem, status: str
) -> None:
    case_id = submitted(house, DISTRICT)
    house.deliver(sink)
    spoken(house, CITY, status)
    house.deliver(sink)
    (taken,) = sent(sink, "withdrawnAt")
    (evidence,) = sent(sink, "fields")
    assert (taken["recordId"], taken["reason"]) == (evidence["recordId"], "NOT_CURRENT")
    assert taken["changedAt"] < taken["withdrawnAt"]
    assert state(house, case_id)[0] == "open"
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_after_the_end_the_utility_is_told_once(house: House, sink: ConnectionSystem) -> None:
    case_id = submitted(house, DISTRICT)
    house.connected(case_id, sink)
    spoken(house, CITY)
    for _ in range(2):
        house.live(title(DISTRICT, "OURS"), title(CITY, "THEIRS", house.clock.now_ms() - HOUR_S * 1000, "REVOKED"))
        house.deliver(sink)
    (told,) = sent(sink, "learnedAt")
    assert (told["reason"], told["noticeNo"]) == ("NOT_CURRENT", 1)
    assert (sent(sink, "withdrawnAt"), state(house, case_id)[0]) == ([], "met")


def test_after_the_end_what_ends_again_is_no_news_and_what_is_in_force_again_is(
    house: House, sink: ConnectionSystem
) -> None:
    """解封, 恢复: the utility believes the last word that it has, so a word that changes nothing of it is noise."""
    case_id = submitted(house, DISTRICT)
    house.connected(case_id, sink)
    for status in ("SUSPENDED", "REVOKED", "CURRENT", "CURRENT", "CANCELLED"):
        spoken(house, CITY, status)
        house.deliver(sink)
    told = sent(sink, "learnedAt")
    assert [(one["noticeNo"], one["reason"]) for one in told] == [
        (1, "NOT_CURRENT"), (2, "SUPERSEDED"), (3, "NOT_CURRENT"),
    ]  # fmt: skip
    assert all(one["changedAt"] < one["learnedAt"] for one in told)
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_after_the_end_the_higher_word_counts_also_of_a_title_that_was_mortgaged_in_between(
    house: House, sink: ConnectionSystem
) -> None:
    case_id = submitted(house, DISTRICT)
    house.connected(case_id, sink)
    mortgaged = title(DISTRICT, "OURS", 2)
    mortgaged["unit"]["mortgaged"] = True
    house.live(mortgaged)
    spoken(house, CITY)
    spoken(house, CITY, "CURRENT")
    house.deliver(sink)
    told = {one["noticeNo"]: one["reason"] for one in sent(sink, "learnedAt")}
    assert told == {1: "SUPERSEDED", 2: "NOT_CURRENT", 3: "SUPERSEDED"}


@pytest.mark.parametrize("delivered", [True, False])
def test_an_open_application_and_a_new_one_say_the_same_of_the_unit(
    house: House, sink: ConnectionSystem, delivered: bool
) -> None:
    """Also where the evidence was on its way: what a higher authority has ended does not leave."""
    case_id = submitted(house, DISTRICT)
    if delivered:
        house.deliver(sink)
    spoken(house, CITY)
    house.deliver(sink)
    new = house.submit(body("A-2")).case_id
    house.due()
    assert state(house, case_id) == state(house, new) == ("open", "NOT_CURRENT")
    assert (len(sent(sink, "fields")), len(sent(sink, "withdrawnAt"))) == ((1, 1) if delivered else (0, 0))


@pytest.mark.parametrize(
    ("delivered", "says"),
    [(CITY, DISTRICT), (CITY, UNRANKED), (DISTRICT, UNRANKED), (DISTRICT, DISTRICT), (CITY, CITY)],
)
def test_neither_a_lower_authority_nor_another_row_of_the_same_takes_anything_back(
    house: House, sink: ConnectionSystem, delivered: str, says: str
) -> None:
    case_id = submitted(house, delivered)
    house.deliver(sink)
    spoken(house, says)
    house.deliver(sink)
    assert state(house, case_id)[0] == "met"
    assert (sent(sink, "withdrawnAt"), house.rows(recall)) == ([], [])


def test_a_row_that_a_higher_authority_ends_beside_one_in_force_takes_nothing_back(
    house: House, sink: ConnectionSystem
) -> None:
    """A registry has a row for each co-owner; the last one that ends counts."""
    case_id = submitted(house, DISTRICT)
    house.live(title(CITY, "CO-OWNER"))
    house.deliver(sink)
    spoken(house, CITY)
    house.deliver(sink)
    assert sent(sink, "withdrawnAt") == []
    spoken(house, CITY, "CANCELLED", "CO-OWNER")
    house.deliver(sink)
    assert len(sent(sink, "withdrawnAt")) == 1 and state(house, case_id)[0] == "open"


def test_what_is_in_force_again_is_found_and_its_withdrawal_is_not_sent(house: House, sink: ConnectionSystem) -> None:
    case_id = submitted(house, DISTRICT)
    house.deliver(sink)
    spoken(house, CITY)
    house.live(title(CITY, "THEIRS", house.clock.now_ms()))
    house.deliver(sink)
    assert sent(sink, "withdrawnAt") == []
    assert state(house, case_id)[0] == "met"


def test_after_a_restore_every_record_is_looked_at(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its word was verified, and no case has heard of it."""
    case_id = submitted(house, DISTRICT)
    house.live(title(UNRANKED, "IN-FORCE"))
    with house.store.read() as connection:
        assert over.all_replaced(connection) == []
    monkeypatch.setattr(over, "displaced", lambda *_: [])
    spoken(house, CITY)
    assert state(house, case_id)[0] == "met"
    with house.store.read() as connection:
        assert over.all_replaced(connection) == [(case_id, TITLE)]
        ((one,),) = over.over(connection, {case_id: {TITLE}}, shipped(), {}).values()
    assert (one.need.kind, one.now.reason) == (TITLE, "NOT_CURRENT")

"""P4, P5: what the certificates of an application say of each other, as events and for people. It refuses nothing."""

from datetime import date
from typing import Any

import pytest

from hub.cases.agreement.agree import About
from hub.cases.agreement.parties import Result, Why
from hub.cases.connection.agreed.events import Agreed
from hub.cases.connection.agreed.shown import ABOUT, RESULTS, WHY
from hub.cases.procedure import installed
from hub.errors import RecordRejected
from hub.stores.tables import outbox
from tests import samples
from tests.canary import search
from tests.casework import ConnectionSystem, House, body

AGENT = {
    "name": "李娜",
    "resident_id": samples.OTHER_PERSON,
    "authorisation": {"form": "DECLARATION", "reference": "D-1"},
}


def found(house: House, case_id: bytes) -> dict[str, tuple[str, str]]:
    shown = house.applications.show(case_id)["agreement"]
    return {one["about"]: (one["result"], one["why"]) for one in shown}


def events(house: House) -> list[Agreed]:
    """The findings that wait to be published, in order."""
    told = []
    for row in house.rows(outbox):
        try:
            event = installed().types.read(bytes(row.value)).event
        except RecordRejected:
            continue
        told += [event] if isinstance(event, Agreed) else []
    return told


def submitted(house: House, **changes: Any) -> bytes:
    case_id = house.submit(body(**changes)).case_id
    house.due()
    return case_id


def test_a_holder_and_an_enterprise_are_compared_by_their_numbers(house: House) -> None:
    house.live(samples.business(), samples.title())
    case_id = submitted(house)
    assert found(house, case_id) == {
        "APPLICANT_LICENCE": ("AGREES", "NUMBER"), "APPLICANT_HOLDER": ("AGREES", "NUMBER"),
        "REPRESENTATIVE_HOLDER": ("DIFFERS", "NUMBER"),
    }  # fmt: skip
    assert all(one["record_ids"] for one in house.applications.show(case_id)["agreement"])


def test_a_tenants_case_says_that_the_holder_is_another_and_no_name(house: House) -> None:
    title = samples.title()
    title["unit"]["co_ownership"] = "SOLE"
    person = next(one for one in title["holders"] if one["id_type"] == "RESIDENT_ID")
    title["holders"] = [person | {"share": None}]
    house.live(samples.business(), title)
    case_id, sink = submitted(house), ConnectionSystem()
    house.deliver(sink)
    assert found(house, case_id)["APPLICANT_HOLDER"] == ("DIFFERS", "SORT")
    assert person["name"] not in str(house.applications.show(case_id)["agreement"])
    (sent,) = [one for (one,) in sink.effects.values() if one["kind"] == "licence.property-title"]
    assert sent["holderRelation"] == "OTHER"
    assert person["name"] not in str(sent)


def sole(*, id_number: str | None) -> dict[str, Any]:
    """The title of one person, of the name of the licence's legal representative."""
    title = samples.title()
    title["unit"]["co_ownership"] = "SOLE"
    name = samples.business()["legal_representative"]["name"]
    title["holders"] = [{"name": name, "id_type": "RESIDENT_ID", "id_number": id_number, "share": None}]
    return title


@pytest.mark.parametrize(
    ("id_number", "said"),
    [
        (samples.OTHER_PERSON, ("AGREES", "NUMBER")),
        (samples.PERSON, ("DIFFERS", "NUMBER")),
        (None, ("UNKNOWN", "NAME_ONLY")),
    ],
)
@pytest.mark.parametrize("title_first", [False, True])
def test_an_enterprise_in_a_unit_of_its_representative_is_told_so(
    house: House, id_number: str | None, said: tuple[str, str], title_first: bool
) -> None:
    """P1: the applicant is another than the holder, and the representative is the holder, of a namesake it is not; in
    either order of the two."""
    title, licence = sole(id_number=id_number), samples.business()
    house.live(*([title] if title_first else [licence]))
    case_id = submitted(house)
    assert "REPRESENTATIVE_HOLDER" not in found(house, case_id)
    house.live(*([licence] if title_first else [title]))
    assert found(house, case_id)["REPRESENTATIVE_HOLDER"] == said
    assert found(house, case_id)["APPLICANT_HOLDER"][0] != "AGREES"
    (told,) = [one for one in house.applications.show(case_id)["agreement"] if one["about"] == "REPRESENTATIVE_HOLDER"]
    assert len({*told["record_ids"]}) == 2


def test_a_former_name_is_explained_by_a_licence_that_comes_later(house: House) -> None:
    title = samples.title()
    next(one for one in title["holders"] if one["id_type"] == "USCC")["name"] = "津门电器厂"
    house.live(title)
    case_id = submitted(house)
    assert found(house, case_id)["APPLICANT_HOLDER"] == ("UNKNOWN", "NAME_DIFFERS")
    licence = samples.business()
    licence["enterprise"]["former_names"] = ["津门电器厂"]
    house.live(licence)
    assert found(house, case_id)["APPLICANT_HOLDER"] == ("AGREES", "FORMER_NAME")
    assert [one.why for one in events(house) if one.about == "APPLICANT_HOLDER"] == ["NAME_DIFFERS", "FORMER_NAME"]


def test_a_representative_who_changed_is_told_with_both_versions(house: House) -> None:
    first, now = samples.business(), samples.business(version=2)
    now["legal_representative"] = {"name": "赵六", "id_type": "RESIDENT_ID", "id_number": samples.PERSON}
    house.live(first)
    case_id = submitted(house, agent=AGENT)
    assert found(house, case_id)["AGENT_REPRESENTATIVE"] == ("AGREES", "NUMBER")
    assert "REPRESENTATIVE_BEFORE" not in found(house, case_id)
    house.live(now)
    assert found(house, case_id)["AGENT_REPRESENTATIVE"] == ("DIFFERS", "NUMBER")
    assert found(house, case_id)["REPRESENTATIVE_BEFORE"] == ("DIFFERS", "NUMBER")
    (told,) = [one for one in house.applications.show(case_id)["agreement"] if one["about"] == "REPRESENTATIVE_BEFORE"]
    assert len({*told["record_ids"]}) == 2


def version(number: int, issued: str, representative: str) -> dict[str, Any]:
    """A version of the licence, with its date of issue and who represents the enterprise since."""
    found = samples.business(version=number)
    found["enterprise"]["issued_on"] = date.fromisoformat(issued)
    found["legal_representative"] = {"name": "赵六", "id_type": "RESIDENT_ID", "id_number": representative}
    return found


A, B = samples.OTHER_PERSON, samples.PERSON


@pytest.mark.parametrize(
    ("issued", "signed_on", "said"),
    [
        ((("2018-03-01", A), ("2024-05-06", B)), "2023-01-01", ("DIFFERS", "NUMBER")),
        ((("2018-03-01", A), ("2024-05-06", B)), "2024-05-07", ("AGREES", "SAME_VERSION")),
        ((("2018-03-01", A), ("2024-05-06", B)), "2024-05-06", ("UNKNOWN", "NO_VERSION")),
        ((("2018-03-01", A), ("2024-05-06", B)), "2017-01-01", ("UNKNOWN", "NO_VERSION")),
        ((("2018-03-01", A), ("2018-03-01", B)), "2023-01-01", ("UNKNOWN", "NO_VERSION")),
        ((("2018-03-01", A), ("2018-03-01", A)), "2023-01-01", ("AGREES", "NUMBER")),
        ((("2024-05-06", A), ("2018-03-01", B)), "2025-01-01", ("UNKNOWN", "NO_VERSION")),
        ((("2018-03-01", B), ("2020-01-01", A), ("2024-05-06", B)), "2019-01-01", ("AGREES", "NUMBER")),
        ((("2018-03-01", B), ("2020-01-01", A), ("2024-05-06", B)), "2021-01-01", ("DIFFERS", "NUMBER")),
    ],
    ids=["before", "after", "that day", "too old", "one date", "one date, no change", "back", "returned", "between"],
)
def test_the_day_of_a_mandate_is_compared_with_the_licence_of_that_day(
    house: House, issued: tuple[tuple[str, str], ...], signed_on: str, said: tuple[str, str]
) -> None:
    """By the dates of issue, and where these leave it open it is not guessed."""
    for number, (day, representative) in enumerate(issued, 1):
        house.live(version(number, day, representative))
    dated = AGENT | {"authorisation": {"form": "DECLARATION", "reference": "D-1", "signed_on": signed_on}}
    case_id = submitted(house, agent=dated)
    assert found(house, case_id)["REPRESENTATIVE_AT_MANDATE"] == said


def test_a_mandate_without_a_day_is_not_given_one(house: House) -> None:
    house.live(version(1, "2018-03-01", A), version(2, "2024-05-06", B))
    case_id = submitted(house, agent=AGENT)
    assert "REPRESENTATIVE_AT_MANDATE" not in found(house, case_id)
    assert found(house, case_id)["REPRESENTATIVE_BEFORE"] == ("DIFFERS", "NUMBER")


def test_p5_no_name_and_no_number_of_who_was_compared_is_in_a_piece_an_event_or_a_table(house: House) -> None:
    """The holder is another, and a former representative too: names and numbers that no one else has."""
    canaries = "欧阳观澜", "司徒望舒", samples.PERSON, samples.OTHER_PERSON
    title, licence = samples.title(), samples.business()
    title["unit"]["co_ownership"] = "SOLE"
    holder = {"name": canaries[0], "id_type": "RESIDENT_ID", "id_number": samples.PERSON, "share": None}
    title["holders"] = [holder]
    licence["legal_representative"] |= {"name": canaries[1]}
    later = samples.business(version=2)
    later["legal_representative"] = {"name": canaries[0], "id_type": "RESIDENT_ID", "id_number": samples.PERSON}
    house.live(licence, title)
    house.live(later)
    case_id, sink = submitted(house, agent=AGENT | {"name": "代办"}), ConnectionSystem()
    house.deliver(sink)
    results = {result for result, _ in found(house, case_id).values()}
    assert "DIFFERS" in results
    pieces = [one for (one,) in sink.effects.values() if "fields" in one]
    assert len(pieces) == 2 and not [one for one in canaries if one in str(pieces)]
    assert not [one for one in canaries if one in str(house.applications.show(case_id))]
    house.relay()
    assert search(canaries, house.folder.glob("*.db*")) == []


def test_a_mandate_of_tomorrow_is_refused(house: House) -> None:
    dated = AGENT | {"authorisation": {"form": "DECLARATION", "reference": "D-1", "signed_on": "2026-03-03"}}
    with pytest.raises(RecordRejected) as told:
        house.submit(body(agent=dated))
    assert (told.value.code, told.value.field) == ("DATE_FUTURE", "agent.authorisation.signed_on")


def test_p4_each_finding_is_told_once_and_the_tables_can_be_made_again(house: House) -> None:
    house.live(samples.business(), samples.title())
    submitted(house, agent=AGENT)
    before = events(house)
    for _ in range(2):
        house.live(samples.title())
    assert events(house) == before
    assert len({one.about for one in before}) == len(before) > 2
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_every_code_has_words() -> None:
    assert (ABOUT.keys(), RESULTS.keys(), WHY.keys()) == ({*About}, {*Result}, {*Why})

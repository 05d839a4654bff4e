"""The titles that a person holds: with a ticket only, masked, written nowhere, and the chosen one is fetched (P2, P3,
P5)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cases.connection.tables import application
from hub.cases.evidence.tables import need
from hub.cases.identity.choices import Choices
from hub.cases.procedure import LookupSource
from hub.errors import RecordRejected, Unavailable
from hub.ports import LookupQuery, Page, Plain, SourceRow
from hub.stores.tables import outbox
from tests import samples
from tests.casework import BY, LEGAL_BASIS, House, body
from tests.tickets import KEYS, ticket

UNIT = "120101001001GB00001F00010001"
OTHER_UNIT = "120101001001GB00001F00010002"
SOURCES = (LookupSource("property_title", "licence.property-title", frozenset({"unit-no", "resident-id"})),)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sources=SOURCES, identity_keys=KEYS)
    yield house
    house.close()


def held(house: House, *records: Plain) -> list[LookupQuery]:
    """The source holds these records. Returns the questions that it will be asked."""
    asked: list[LookupQuery] = []

    def ask(name: str, query: LookupQuery) -> Page:
        assert name == "property_title"
        asked.append(query)
        return Page([SourceRow(one["source"]["key"], 1, b"raw", one) for one in records], {}, False)

    house.ask = ask
    return asked


def enquiry(house: House, **changes: Any) -> dict[str, Any]:
    return {
        "external_no": "A-1",
        "channel": "gov-platform",
        "applicant": {"resident_id": samples.PERSON},
        "ticket": ticket(house.clock),
        "purpose": "connection-application",
        "legal_basis": LEGAL_BASIS,
    } | changes


def refused(house: House, **changes: Any) -> str:
    with pytest.raises(RecordRejected) as caught:
        house.holdings.titles(enquiry(house, **changes), BY)
    return caught.value.code


def others() -> Plain:
    title = samples.title("T3", unit_no="120101001001GB00001F00010003")
    title["holders"] = [holder | {"id_number": samples.OTHER_PERSON} for holder in title["holders"][:1]]
    return title


def test_p5_titles_are_listed_masked_and_nothing_of_them_is_written(house: House) -> None:
    asked = held(house, samples.title(), samples.title("T2", unit_no=OTHER_UNIT), others())
    found = house.holdings.titles(enquiry(house), BY)
    assert [one["unit_no"] for one in found] == ["120101" + "*" * 18 + "0001", "120101" + "*" * 18 + "0002"]
    text = json.dumps(found, ensure_ascii=False)
    assert all(word not in text for word in (UNIT, samples.PERSON, "王伟", "南京路128号1号楼2单元301室", "1000001"))
    assert [(one.by, one.value, one.purpose, one.business_number) for one in asked] == [
        ("resident-id", samples.PERSON, "connection-application", "A-1")
    ]
    assert house.rows(outbox) == house.rows(application) == house.rows(need) == []
    assert house.asked_by == [{"principal": "cli:test", "client": "", "channel": "gov-platform"}], "P4: who asked"


def test_the_chosen_title_and_no_other_is_looked_for(house: House) -> None:
    held(house, samples.title(), samples.title("T2", unit_no=OTHER_UNIT))
    choice = house.holdings.titles(enquiry(house), BY)[1]["choice"]
    person = {"applicant": {"resident_id": samples.PERSON}, "customer_class": "RESIDENT"}
    submitted = house.submit(body(**person, site={"choice": choice}, ticket=ticket(house.clock)))
    assert submitted == house.submit(body(**person, site={"choice": choice}))._replace(created=True)
    assert house.submit(body(**person, site={"unit_no": OTHER_UNIT})).created is False
    house.verified(samples.title("T2", unit_no=OTHER_UNIT), samples.title())
    house.project()
    house.due()
    deliveries = house.applications.show(submitted.case_id)["deliveries"]
    assert [one["kind"] for one in deliveries] == ["registration", "licence.property-title"]


def test_p2_a_choice_is_of_no_use_to_another_application(house: House) -> None:
    held(house, samples.title())
    choice = house.holdings.titles(enquiry(house), BY)[0]["choice"]
    for document in (body("A-2", site={"choice": choice}), body(site={"choice": choice[:-4] + "AAAA"})):
        with pytest.raises(RecordRejected) as caught:
            house.submit(document)
        assert (caught.value.code, caught.value.field) == ("CHOICE_INVALID", "site.choice")
    with pytest.raises(RecordRejected) as caught:
        house.submit(body(site={"choice": choice, "unit_no": UNIT}))
    assert caught.value.code == "NOT_ASKED"


@pytest.mark.parametrize("text", ["", "a", "ä", "====", "A" * 200])
def test_any_other_text_is_no_choice(text: str) -> None:
    with pytest.raises(RecordRejected):
        Choices(bytes(32)).open(text, "c", "n")


def test_p3_without_a_good_ticket_no_source_is_asked(house: House) -> None:
    asked = held(house, samples.title())
    assert refused(house, ticket="no ticket") == "TICKET_FORM"
    assert refused(house, ticket=ticket(house.clock, "A-2")) == "TICKET_OTHER_APPLICATION"
    assert refused(house, ticket=ticket(house.clock, person=samples.OTHER_PERSON)) == "TICKET_OTHER_PERSON"
    assert refused(house, applicant={"uscc": samples.USCC}) == "FIELD_MISSING"
    assert refused(house, purpose="marketing") == "PURPOSE_UNKNOWN"
    assert refused(house, channel="somewhere") == "CHANNEL_UNKNOWN"
    assert refused(house, photo="…") == "NOT_ASKED"
    without = {name: value for name, value in enquiry(house).items() if name != "ticket"}
    with pytest.raises(RecordRejected) as caught:
        house.holdings.titles(without, BY)
    assert (caught.value.code, caught.value.field) == ("FIELD_MISSING", "ticket")
    assert asked == []


def test_p1_a_source_that_is_away_is_said_and_the_application_needs_no_list(house: House) -> None:
    def ask(name: str, query: LookupQuery) -> Page:
        raise Unavailable("away")

    house.ask = ask
    with pytest.raises(Unavailable):
        house.holdings.titles(enquiry(house), BY)
    assert house.submit(body()).created

"""P3: each sort of question about a site comes from an application and is answered over the API; none is waited for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.cases.connection.placed.service import Places
from hub.cases.procedure import LookupSource
from hub.privacy.purposes import shipped
from hub.records.address import parse_to_fit
from hub.web.api import places
from hub.web.api.app import create
from hub.web.auth.access import Access
from hub.web.auth.tokens import Tokens
from tests import samples
from tests.callers import token
from tests.casework import House, body
from tests.unit.pipeline.test_due import TITLE, answer, title_question

SITE = "天津市南开区长江道12号3号楼2门501室"
OTHER_UNIT = samples.UNIT_NO[:-1] + "9"
RESIDENT = {
    "applicant": {"resident_id": samples.PERSON, "name": "王伟"},
    "customer_class": "RESIDENT",
    "sanling": False,
    "capacity_kw": 8,
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sources=(LookupSource("property_title", TITLE, frozenset({"unit-no"})),))
    yield house
    house.close()


@pytest.fixture
def caller(house: House) -> TestClient:
    access = Access(Tokens(house.store, house.clock), house.clock)
    service = Places(house.store, house.log, house.opener, shipped(), house.journal)
    client = TestClient(create(house.clock, places.router(service, access)), raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {token(house.store, house.clock, scopes=('operate',))}"
    return client


def titled(house: House, address: str, key: str = "T9", unit_no: str = OTHER_UNIT) -> None:
    record = samples.title(key, unit_no=unit_no)
    record["unit"]["address"] = parse_to_fit(address)
    house.verified(record)
    house.project()


def evidence(house: House, case_id: bytes) -> str:
    (state,) = {one["state"] for one in house.applications.show(case_id)["evidence"] if one["kind"] == TITLE}
    return str(state)


def answered(caller: TestClient, case_id: bytes, question: str, said: str) -> None:
    """The question is the only one, and is answered."""
    url = f"/applications/{case_id.hex()}/places"
    (asked,) = caller.post(url, json={"person": "李明"}).json()["items"]
    assert (asked["question"], asked["answer"]) == (question, None)
    (item,) = caller.post(f"{url}/1", json={"answer": said, "person": "李明"}).json()["items"]
    assert (item["question"], item["answer"], item["person"]) == (question, said, "李明")


@pytest.mark.parametrize("applicant", [RESIDENT, {}], ids=["a home", "a shop"])
def test_public_housing_without_a_title(house: House, caller: TestClient, applicant: dict[str, Any]) -> None:
    case_id = house.submit(body(**applicant)).case_id
    house.due()
    answer(house, title_question(house), "NOT_FOUND")
    answered(caller, case_id, "PUBLIC_HOUSING_NO_TITLE", "YES")
    house.due()
    shown = house.applications.show(case_id)
    assert evidence(house, case_id) == "open"
    assert [one["kind"] for one in shown["deliveries"]] == ["registration"]
    house.clock.pass_s(3600)
    house.due()
    answer(house, title_question(house), "NOT_FOUND")
    assert len(house.applications.show(case_id)["places"]) == 1, "asked once"


@pytest.mark.parametrize(("said", "state"), [("YES", "met"), ("NO", "open")])
def test_several_sites_in_one_title(house: House, caller: TestClient, said: str, state: str) -> None:
    case_id = house.submit(body(site={"address": SITE})).case_id
    house.due()
    titled(house, "天津市南开区长江道12号3号楼2门501室、502室")
    answered(caller, case_id, "SEVERAL_SITES_ONE_TITLE", said)
    house.due()
    assert evidence(house, case_id) == state


def test_several_titles_on_one_site(house: House, caller: TestClient) -> None:
    titled(house, SITE, "T1", samples.UNIT_NO)
    titled(house, SITE, "T2")
    case_id = house.submit(body(site={"address": SITE})).case_id
    house.due()
    answered(caller, case_id, "SEVERAL_TITLES_ONE_SITE", "UNKNOWN")
    assert evidence(house, case_id) == "open"


def test_the_answers_are_the_same_when_the_tables_are_made_again(house: House, caller: TestClient) -> None:
    test_public_housing_without_a_title(house, caller, RESIDENT)
    house.relay()
    assert all(one.equal for one in house.remade().values())

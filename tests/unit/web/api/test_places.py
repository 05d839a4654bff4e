"""P3: both texts of a question about a site are shown only to who may decide, and a named person's answer is taken."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.cases.connection.placed.service import Places
from hub.privacy.purposes import shipped
from hub.records.address import parse_to_fit
from hub.web.api import places
from hub.web.api.app import create
from hub.web.api.shapes.places import PlacesShown
from hub.web.auth.access import Access
from hub.web.auth.tokens import Tokens
from tests import samples
from tests.callers import token
from tests.casework import House, body

VAGUE = "天津市南开区天拖里"
LOOKS = {"person": "李明"}
SAID = {"answer": "YES", "person": "李明"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def caller(house: House) -> TestClient:
    access = Access(Tokens(house.store, house.clock), house.clock)
    service = Places(house.store, house.log, house.opener, shipped(), house.journal)
    return TestClient(create(house.clock, places.router(service, access)), raise_server_exceptions=False)


@pytest.fixture
def one(house: House) -> str:
    record = samples.title()
    record["unit"]["address"] = parse_to_fit(VAGUE)
    house.verified(record)
    house.project()
    case_id = house.submit(body(site={"address": VAGUE})).case_id
    house.due()
    return f"/applications/{case_id.hex()}/places"


def headers(house: House, *scopes: str, **more: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(house.store, house.clock, scopes=scopes, **more)}"}


def test_an_operator_sees_both_texts_and_answers(caller: TestClient, house: House, one: str) -> None:
    operator = headers(house, "operate")
    shown = caller.post(one, json=LOOKS, headers=operator)
    (item,) = PlacesShown.model_validate(shown.json(), strict=True).items
    assert (item.question, item.site.address, item.title.address) == ("SAME_SITE", VAGUE, VAGUE)
    answered = caller.post(f"{one}/1", json=SAID, headers=operator)
    (item,) = PlacesShown.model_validate(answered.json(), strict=True).items
    assert (answered.status_code, item.answer, item.person) == (200, "YES", "李明")


@pytest.mark.parametrize("scopes", [("applications:read",), ("applications:write",)])
def test_who_may_read_or_submit_sees_no_text(
    caller: TestClient, house: House, one: str, scopes: tuple[str, ...]
) -> None:
    for answer in (caller.post(one, json=LOOKS, headers=headers(house, *scopes)), caller.post(one, json=LOOKS)):
        assert answer.status_code in (401, 403) and VAGUE not in answer.text


def test_another_channel_gets_the_answer_of_an_unknown_one(caller: TestClient, house: House, one: str) -> None:
    other = headers(house, "operate", name="other", channels=("counter",))
    unknown = caller.post(f"/applications/{'0' * 32}/places", json=LOOKS, headers=other).json()
    assert caller.post(one, json=LOOKS, headers=other).json() == unknown
    assert caller.post(f"{one}/1", json=SAID, headers=other).status_code == 404


def test_nobody_sees_both_texts_without_a_name(caller: TestClient, house: House, one: str) -> None:
    operator = headers(house, "operate")
    for answer in (caller.get(one, headers=operator), caller.post(one, json={}, headers=operator)):
        assert answer.status_code in (400, 405, 422) and VAGUE not in answer.text


@pytest.mark.parametrize("nth", ["2", "0", "x", "99999", "²"])
def test_a_question_that_is_not_there(caller: TestClient, house: House, one: str, nth: str) -> None:
    found = caller.post(f"{one}/{nth}", json=SAID, headers=headers(house, "operate"))
    assert (found.status_code, found.json()["error_code"]) == (404, "NO_SUCH_QUESTION")

"""The routes for customers: each answers its own customer only, at a bounded rate, and a rating that no customer made
is refused and recorded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.cases.ratings.tables import rating, rating_refusal
from hub.cases.steps.tables import segment_request
from hub.web.api import applications, customers
from hub.web.api.app import create
from hub.web.auth import applicants
from hub.web.auth.access import Access
from hub.web.auth.applicants import Applicants
from hub.web.auth.refusals import Refusals
from hub.web.auth.tokens import Tokens
from tests import samples
from tests.callers import token
from tests.casework import ConnectionSystem, House, body


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def caller(house: House) -> TestClient:
    return served(house)


def served(house: House) -> TestClient:
    access = Access(Tokens(house.store, house.clock), house.clock)
    app = create(
        house.clock,
        applications.router(
            house.applications, house.holdings, house.tokens, access, Refusals(house.store, house.clock)
        ),
        customers.router(house.customers, house.applications, access, Applicants(house.tokens.opens, house.clock)),
    )
    return TestClient(app, raise_server_exceptions=False)


class Customer:
    """The customer of one application, and the client of its channel."""

    def __init__(self, caller: TestClient, house: House, number: str = "A-1") -> None:
        self.client = {"Authorization": f"Bearer {token(house.store, house.clock)}"}
        shown = caller.post("/applications", json=body(number), headers=self.client).json()
        self.application_id, self.token = shown["application_id"], shown["application_token"]
        self.one = f"/applications/{self.application_id}"
        self.own = {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def customer(caller: TestClient, house: House) -> Customer:
    return Customer(caller, house)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def test_the_token_is_in_the_answer_to_the_submission_only(caller: TestClient, customer: Customer) -> None:
    assert customer.token.startswith("oca_")
    again = caller.post("/applications", json=body(), headers=customer.client)
    assert again.json()["application_token"] == customer.token, "P2: the same answer, if the first was lost"
    for path in (customer.one, "/applications", "/applications?channel=gov-platform&external_no=A-1"):
        assert customer.token not in caller.get(path, headers=customer.client).text
    assert customer.token not in caller.post(f"{customer.one}/hold", headers=customer.client).text


def test_progress_needs_the_token_of_this_application(caller: TestClient, house: House, customer: Customer) -> None:
    other = Customer(caller, house, "A-2")
    shown = caller.get(f"{customer.one}/progress", headers=customer.own)
    assert (shown.status_code, shown.json()["turn"]) == (200, "UTILITY")
    for headers in ({}, other.own, customer.client, {"Authorization": "Basic x"}):
        assert code(caller.get(f"{customer.one}/progress", headers=headers)) == (401, "UNAUTHORISED")
    assert code(caller.get(f"/applications/{'0' * 32}/progress", headers=customer.own)) == (401, "UNAUTHORISED")
    assert code(caller.get(f"{customer.one}/progress?x=1", headers=customer.own)) == (422, "QUERY_UNKNOWN")
    for method, path in (("GET", ""), ("POST", "/hold"), ("POST", "/follow-up")):
        assert code(caller.request(method, customer.one + path, headers=customer.own)) == (401, "UNAUTHORISED"), path


def test_wrong_tokens_are_bounded_and_never_shut_the_customer_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applicants, "WRONG_BURST", 4)
    caller, wrong = served(house), {"Authorization": "Bearer oca_x"}
    customer = Customer(caller, house)
    found = [caller.get(f"{customer.one}/progress", headers=wrong).status_code for _ in range(6)]
    assert found == [401] * 4 + [429] * 2
    assert caller.get(f"{customer.one}/progress", headers=customer.own).status_code == 200


def test_a_request_needs_the_applications_token_or_the_right_of_its_channel(
    caller: TestClient, house: House, customer: Customer
) -> None:
    other = Customer(caller, house, "A-2")
    asks = f"{customer.one}/requests"
    document = {"segment": "completion"}
    for headers in (customer.own, customer.client):
        refused = caller.post(asks, json=document, headers=headers)
        assert code(refused) == (409, "REQUEST_NOT_NEXT"), "before acceptance"
        assert "附件2" in refused.json()["message"]
    reader = {"Authorization": f"Bearer {token(house.store, house.clock, scopes=['applications:read'])}"}
    assert code(caller.post(asks, json=document, headers=reader)) == (403, "FORBIDDEN")
    elsewhere = token(house.store, house.clock, "elsewhere", ("counter",))
    assert code(caller.post(asks, json=document, headers={"Authorization": f"Bearer {elsewhere}"}))[0] == 404
    for headers in ({}, other.own, {"Authorization": "Bearer oca_x"}):
        assert code(caller.post(asks, json=document, headers=headers)) == (401, "UNAUTHORISED")
    assert code(caller.post(f"{asks}?x=1", json=document, headers=customer.own)) == (422, "QUERY_UNKNOWN")
    assert code(caller.post(asks, json={"segment": "permit"}, headers=customer.own)) == (422, "FIELD_INVALID")
    assert [row.refused for row in house.rows(segment_request)] == ["REQUEST_NOT_NEXT"]


def test_a_rating_without_the_applications_token_is_refused_and_recorded(
    caller: TestClient, house: House, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One real product had a screen to give a grade 5 by hand: here no client and no operator can."""
    house.connected(bytes.fromhex(customer.application_id), ConnectionSystem())
    for headers in (customer.client, {}):
        answer = caller.post(f"{customer.one}/rating", json={"grade": 5}, headers=headers)
        assert code(answer) == (401, "RATING_NO_EVIDENCE")
        assert answer.headers["www-authenticate"] == "Bearer"
    client, unknown = house.rows(rating_refusal)
    assert client.principal.startswith("token:") and unknown.principal == "unknown"
    assert house.rows(rating) == []
    rated = caller.post(f"{customer.one}/rating", json={"grade": 4}, headers=customer.own)
    assert (rated.status_code, rated.json()["rating"]["grade"]) == (200, 4)
    assert code(caller.post(f"{customer.one}/rating", json={"grade": 5}, headers=customer.own)) == (409, "RATING_GIVEN")


def test_a_rating_before_the_end_is_refused(caller: TestClient, customer: Customer) -> None:
    answer = caller.post(f"{customer.one}/rating", json={"grade": 4}, headers=customer.own)
    assert code(answer) == (409, "RATING_EARLY")


def test_a_follow_up_is_an_operators_and_of_the_clients_channel(
    caller: TestClient, house: House, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.connected(bytes.fromhex(customer.application_id), ConnectionSystem())
    caller.post(f"{customer.one}/rating", json={"grade": 1, "text": "等了很久"}, headers=customer.own)
    said, path = {"outcome": "CORRECTED"}, f"{customer.one}/follow-up"
    other = {"Authorization": f"Bearer {token(house.store, house.clock, 'other', ('counter',))}"}
    assert code(caller.post(path, json=said, headers=other)) == (404, "NO_SUCH_APPLICATION")
    assert caller.post(path, json=said, headers=customer.client).json()["rating"]["follow_up"] == "CORRECTED"
    assert code(caller.post(path, json=said, headers=customer.client)) == (409, "NO_FOLLOW_UP")


QUESTION = {"channel": "gov-platform", "external_no": "A-1", "last": samples.USCC[-4:]}


def test_a_look_up_needs_no_token_and_shows_step_and_dates_only(caller: TestClient, customer: Customer) -> None:
    shown = caller.post("/progress", json=QUESTION)
    assert shown.status_code == 200
    assert customer.application_id not in shown.text and "evidence" not in shown.json()


def test_guesses_at_one_number_end_after_a_few_from_all_peers(
    caller: TestClient, house: House, customer: Customer
) -> None:
    wrong = QUESTION | {"last": "0000"}
    found = [code(caller.post("/progress", json=wrong)) for _ in range(applicants.GUESSES_BURST)]
    assert set(found) == {(404, "NO_SUCH_APPLICATION")}
    assert code(caller.post("/progress", json=QUESTION)) == (429, "TOO_MANY_REQUESTS"), "also the right one"
    assert code(caller.post("/progress", json=QUESTION | {"external_no": "B"})) == (404, "NO_SUCH_APPLICATION")
    house.clock.pass_s(601)
    assert caller.post("/progress", json=QUESTION).status_code == 200


@pytest.mark.parametrize("last", ["", "071", "00710", "王伟00", "00 1", 1234])
def test_p5_a_look_up_that_cannot_be_read_repeats_nothing(caller: TestClient, last: Any) -> None:
    answer = caller.post("/progress", json=QUESTION | {"last": last})
    assert answer.status_code == 422 and "王伟" not in answer.text

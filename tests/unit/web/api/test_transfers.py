"""P3: joint transfers over HTTP, with the scopes, channels, purposes and divisions of a client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.cases.transfer.command import MATTERS_MAX
from hub.web.api import transfers
from hub.web.api.app import create
from hub.web.api.shapes import transfers as shapes
from hub.web.auth.access import Access
from hub.web.auth.refusals import Refusals
from hub.web.auth.tokens import Tokens
from tests.callers import token
from tests.casework import House
from tests.transfers import ACCOUNT, SECOND_ACCOUNT, Town, body, matter, sinks, unit


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def caller(town: Town, *scopes: str, **owned: Any) -> TestClient:
    house = town.house
    owned = {"purposes": ["joint-transfer"], "scopes": scopes or ("transfers:read", "transfers:write")} | owned
    access = Access(Tokens(house.store, house.clock), house.clock)
    app = create(house.clock, transfers.router(town.service, access, Refusals(house.store, house.clock)))
    text = token(house.store, house.clock, **owned)
    return TestClient(app, headers={"Authorization": f"Bearer {text}"}, raise_server_exceptions=False)


def test_a_developer_submits_as_many_matters_as_are_allowed_in_one_call(town: Town) -> None:
    matters = [matter(unit_no=unit(nth), accounts=[f"13{nth:08d}"]) for nth in range(1, MATTERS_MAX + 1)]
    answer = caller(town).post("/transfers", json=body(*matters, reason="FIRST_REGISTRATION"))
    assert answer.status_code == 201 and len(answer.json()["items"]) == MATTERS_MAX
    larger = b" " * (transfers.SUBMISSION_BYTES_MAX + 1)
    assert caller(town).post("/transfers", content=larger).status_code == 413


def test_one_or_many_are_submitted_shown_listed_told_and_cancelled(town: Town) -> None:
    client = caller(town)
    sent = body(matter(accounts=[ACCOUNT, SECOND_ACCOUNT]), matter(unit_no=unit(2)))
    first, again = (client.post("/transfers", json=sent) for _ in range(2))
    assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
    items = shapes.TransfersSubmitted.model_validate(first.json()).items
    assert [(one.place, one.account_tail) for one in items] == [(0, "5678"), (1, "5679"), (2, "5678")]
    town.settle()
    town.told(bytes.fromhex(items[0].transfer_id), "ARREARS", 1)
    one = f"/transfers/{items[0].transfer_id}"
    shown = shapes.TransferShown.model_validate(client.get(one).json())
    assert (shown.state, [report.result for report in shown.reports]) == ("arrears", ["ARREARS"])
    story = shapes.TransferStory.model_validate(client.get(f"{one}/story").json()).items
    assert story[0].what == "submitted" and "report.ARREARS" in [line.what for line in story]
    numbered = client.get("/transfers", params={"channel": "gov-platform", "external_no": "T-1"}).json()
    assert [each["transfer_id"] for each in numbered["items"]] == [each.transfer_id for each in items]
    page = shapes.TransfersPage.model_validate(client.get("/transfers", params={"limit": 2}).json())
    rest = client.get("/transfers", params={"limit": 2, "after": page.next}).json()
    assert {each.transfer_id for each in page.items} | {each["transfer_id"] for each in rest["items"]} == {
        each.transfer_id for each in items
    }
    assert client.post(f"{one}/cancel").json()["state"] == "cancelled"
    assert [each["transfer_id"] for each in client.get("/transfers?state=cancelled").json()["items"]] == [
        items[0].transfer_id
    ]
    town.told(bytes.fromhex(items[1].transfer_id), "NO_ACCOUNT", 1)
    ended = client.post(f"/transfers/{items[1].transfer_id}/cancel")
    assert (ended.status_code, ended.json()["error_code"]) == (409, "TRANSFER_ENDED")


@pytest.mark.parametrize(
    ("owned", "code"),
    [
        ({"purposes": ["connection-application"]}, "PURPOSE_NOT_YOURS"),
        ({"divisions": ["120104"]}, "DIVISION_NOT_YOURS"),
        ({"channels": ["counter"]}, "CHANNEL_NOT_YOURS"),
        ({"scopes": ["applications:write"]}, "FORBIDDEN"),
        ({"scopes": ["transfers:read"]}, "FORBIDDEN"),
    ],
)
def test_what_a_client_is_not_registered_for_is_refused_and_nothing_is_registered(
    town: Town, owned: dict[str, Any], code: str
) -> None:
    refused = caller(town, **owned).post("/transfers", json=body())
    assert (refused.status_code, refused.json()["error_code"]) == (403, code)
    assert town.states() == []


def test_p2_a_second_number_for_an_open_transfer_is_answered_with_the_first_one(town: Town) -> None:
    client, both = caller(town), caller(town, name="other", channels=("counter",))
    first = client.post("/transfers", json=body()).json()["items"][0]["transfer_id"]
    refused = client.post("/transfers", json=body(number="T-2"))
    assert (refused.status_code, refused.json()["error_code"], refused.json()["existing"]) == (
        *(409, "TRANSFER_OPEN"),
        first,
    )
    other = both.post("/transfers", json=body(number="T-2", channel="counter"))
    assert (other.status_code, other.json()["error_code"], "existing" in other.json()) == (409, "TRANSFER_OPEN", False)


def test_a_whole_province_and_an_old_title_are_within_the_divisions(town: Town) -> None:
    client = caller(town, divisions=["120000"])
    matters = matter(), matter(unit_no=None, title_no="房地证津字第104010912345号")
    assert client.post("/transfers", json=body(*matters)).status_code == 201


def test_another_channel_gets_the_answer_of_an_unknown_transfer(town: Town) -> None:
    (one,) = town.submit(body())
    stranger = caller(town, name="other", channels=("counter",))
    unknown = stranger.get(f"/transfers/{'0' * 32}").json()
    for method, path in (("GET", ""), ("GET", "/story"), ("POST", "/cancel")):
        answer = stranger.request(method, f"/transfers/{one.hex()}{path}")
        assert (answer.status_code, answer.json()) == (404, unknown)
    assert stranger.get("/transfers").json()["items"] == []


def test_who_may_only_submit_cancels_and_sees_no_more_than_the_state(town: Town) -> None:
    (one,) = town.submit(body())
    writer = caller(town, "transfers:write")
    assert writer.get(f"/transfers/{one.hex()}").status_code == 403
    assert writer.post(f"/transfers/{one.hex()}/cancel").json() == {"transfer_id": one.hex(), "state": "cancelled"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("external_no=T-1", "FIELD_MISSING"),
        ("external_no=T-1&channel=gov-platform&limit=3", "FIELD_INVALID"),
        ("state=lost", "FIELD_INVALID"),
        ("after=x", "FIELD_INVALID"),
        ("name=x", "QUERY_UNKNOWN"),
    ],
)
def test_a_query_is_read_strictly(town: Town, query: str, code: str) -> None:
    refused = caller(town).get(f"/transfers?{query}")
    assert (refused.status_code, refused.json()["error_code"]) == (422, code)

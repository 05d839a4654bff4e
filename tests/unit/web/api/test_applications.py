"""The API: a token for everything, hashed at rest; errors with a code and no value in them (P5); P6."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from hub.cases.procedure import LookupSource
from hub.codec import wire
from hub.ports import Page, SourceRow
from hub.stores.tables import outbox
from hub.topics.declared import ACCESS_EVENTS
from hub.web.api.app import create
from hub.web.api.applications import router
from hub.web.auth.access import Access
from hub.web.auth.refusals import Refusals
from hub.web.auth.tokens import Tokens
from hub.web.bodies import BODY_BYTES_MAX
from tests import samples
from tests.callers import token
from tests.casework import House, body
from tests.tickets import KEYS, ticket

SOURCES = (LookupSource("property_title", "licence.property-title", frozenset({"unit-no", "resident-id"})),)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sources=SOURCES, identity_keys=KEYS)
    yield house
    house.close()


@pytest.fixture
def tokens(house: House) -> Tokens:
    return Tokens(house.store, house.clock)


@pytest.fixture
def client(house: House, tokens: Tokens) -> TestClient:
    text = token(house.store, house.clock)
    refusals = Refusals(house.store, house.clock)
    app = create(
        house.clock, router(house.applications, house.holdings, house.tokens, Access(tokens, house.clock), refusals)
    )
    return TestClient(app, headers={"Authorization": f"Bearer {text}"}, raise_server_exceptions=False)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def test_submission_is_201_then_200_with_the_same_answer(client: TestClient) -> None:
    first = client.post("/applications", json=body())
    again = client.post("/applications", json=body())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    shown = {name: value for name, value in first.json().items() if name != "application_token"}
    assert first.headers["location"] == f"/applications/{first.json()['application_id']}"
    assert client.get(first.headers["location"]).json() == shown, "no other answer has the token"


def test_p6_an_unknown_legal_basis_is_refused_with_what_is_allowed(client: TestClient) -> None:
    answer = client.post("/applications", json=body(legal_basis="王伟同意"))
    assert code(answer) == (422, "LEGAL_BASIS_UNKNOWN")
    assert answer.json()["allowed"] == ["action-plan-5", "action-plan-6", "consent"]
    assert "王伟" not in answer.text


def test_an_application_is_found_by_its_channels_number_and_listed(client: TestClient) -> None:
    shown = client.post("/applications", json=body()).json()
    del shown["application_token"]
    found = client.get("/applications", params={"channel": "gov-platform", "external_no": "A-1"}).json()["items"]
    assert found == [shown]
    listed = client.get("/applications", params={"limit": 1, "voltage": "LOW"}).json()
    assert [one["application_id"] for one in listed["items"]] == [shown["application_id"]]
    assert client.get("/applications", params={"after": listed["next"]}).json()["items"] == []
    assert code(client.get("/applications", params={"limit": "all"})) == (422, "FIELD_INVALID")


def test_hold_and_release(client: TestClient) -> None:
    location = client.post("/applications", json=body()).headers["location"]
    assert client.post(f"{location}/hold").json()["state"] == "held"
    assert client.post(f"{location}/release").json()["state"] == "open"


def test_p6_anything_extra_is_refused_with_the_clause(client: TestClient) -> None:
    answer = client.post("/applications", json=body(planning_permit="规划许可证"))
    assert code(answer) == (422, "NOT_ASKED")
    assert "§5" in answer.json()["message_zh"] and answer.json()["field"] == "planning_permit"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("more", "materials"),
    [
        ({"planning_permit": "王伟"}, ["planning-permit"]),
        ({"施工许可证": "王伟"}, ["construction-permit"]),
        ({"site": {"unit_no": samples.UNIT_NO, "王伟的照片": 1}}, []),
    ],
)
def test_p6_what_was_sent_beyond_the_list_is_recorded_by_the_policys_own_names_only(
    client: TestClient, house: House, more: dict[str, Any], materials: list[str]
) -> None:
    assert code(client.post("/applications", json=body(**more))) == (422, "NOT_ASKED")
    with house.store.read() as connection:
        (value,) = connection.execute(select(outbox.c.value).where(outbox.c.topic == ACCESS_EVENTS)).scalars()
    said = wire.decode(bytes(value))[1]
    assert (said["code"], said["by"]["client"], said["materials"]) == ("NOT_ASKED", "tests", materials)
    assert "王伟".encode() not in bytes(value)


def test_another_content_under_a_number_is_a_conflict(client: TestClient) -> None:
    client.post("/applications", json=body())
    assert code(client.post("/applications", json=body(capacity_kw=60))) == (409, "EXTERNAL_NO_TAKEN")


@pytest.mark.parametrize(
    "path", ["/applications/00", f"/applications/{'0' * 32}", "/applications/x", f"/applications?after={'0' * 32}"]
)
def test_what_is_not_there_is_404(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_hostile_bodies_are_refused(client: TestClient) -> None:
    assert code(client.post("/applications", content=b"[" * 5_000)) == (400, "UNREADABLE")
    assert code(client.post("/applications", content=b'{"a":1,"a":2}')) == (400, "UNREADABLE")
    assert code(client.post("/applications", content=b" " * (BODY_BYTES_MAX + 1))) == (413, "TOO_LARGE")


def test_p5_no_error_echoes_what_was_sent(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = samples.PERSON[:-1] + "2"
    answer = client.post("/applications", json=body(applicant={"resident_id": wrong}))
    client.get("/applications", params={"external_no": "canary-number", "channel": "canary-channel"})
    assert code(answer) == (422, "ID_CHECK")
    captured = capsys.readouterr()
    for text in (answer.text, captured.out, captured.err):
        assert wrong not in text and "canary" not in text


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Bearer oct_00000000_zz", "Basic eDp5"])
def test_every_route_wants_a_token(client: TestClient, header: str | None) -> None:
    client.headers.pop("Authorization")
    headers = {} if header is None else {"Authorization": header}
    for route in ("POST /", "GET /", "GET /00", "POST /00/hold", "POST /00/release"):
        method, _, path = route.partition(" ")
        answer = client.request(method, f"/applications{path.rstrip('/')}", headers=headers)
        assert code(answer) == (401, "UNAUTHORISED")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_does_only_what_its_scopes_say(house: House, tokens: Tokens, client: TestClient) -> None:
    text = token(house.store, house.clock, scopes=["applications:read"])
    headers = {"Authorization": f"Bearer {text}"}
    assert client.get("/applications", headers=headers).status_code == 200
    assert code(client.post("/applications", json=body(), headers=headers)) == (403, "FORBIDDEN")
    assert code(client.post(f"/applications/{'0' * 32}/hold", headers=headers)) == (403, "FORBIDDEN")


@pytest.fixture
def counter(house: House, client: TestClient) -> TestClient:
    """A client of another channel."""
    text = token(house.store, house.clock, "counter-desk", ["counter"])
    return TestClient(client.app, headers={"Authorization": f"Bearer {text}"}, raise_server_exceptions=False)


def test_p2_a_token_submits_by_its_own_channels_only(client: TestClient, counter: TestClient) -> None:
    answer = counter.post("/applications", json=body())
    assert code(answer) == (403, "CHANNEL_NOT_YOURS")
    assert answer.json()["allowed"] == ["counter"]
    for channel in (["counter"], {"counter": 1}, 7, None):
        assert code(counter.post("/applications", json=body(channel=channel)))[1] == "FIELD_INVALID"
    assert counter.post("/applications", json=body(channel="counter")).status_code == 201
    assert client.post("/applications", json=body()).status_code == 201


def test_p5_a_token_sees_and_holds_the_applications_of_its_channels_only(
    client: TestClient, counter: TestClient
) -> None:
    ours = client.post("/applications", json=body()).json()["application_id"]
    theirs = counter.post("/applications", json=body(channel="counter")).json()["application_id"]
    for method, path in (("GET", ""), ("POST", "/hold"), ("POST", "/release")):
        assert code(counter.request(method, f"/applications/{ours}{path}")) == (404, "NO_SUCH_APPLICATION")
    assert [one["application_id"] for one in counter.get("/applications").json()["items"]] == [theirs]
    assert [one["application_id"] for one in client.get("/applications").json()["items"]] == [ours]
    number = {"external_no": "A-1", "channel": "gov-platform"}
    assert code(counter.get("/applications", params=number)) == (403, "CHANNEL_NOT_YOURS")
    assert code(counter.get("/applications", params={"external_no": "A-1"})) == (422, "FIELD_MISSING")
    assert client.get(f"/applications/{ours}").json()["state"] == "open"


def test_a_database_that_is_away_is_503_with_retry_after(house: House, client: TestClient) -> None:
    from contextlib import contextmanager

    from hub.errors import Unavailable

    @contextmanager
    def away() -> Iterator[None]:
        raise Unavailable("away")
        yield

    house.store.read = away  # type: ignore[method-assign, assignment]
    answer = client.get("/applications")
    assert code(answer) == (503, "TRY_LATER")
    assert answer.headers["retry-after"] == "5"


def refusals(house: House) -> list[str]:
    with house.store.read() as connection:
        values = connection.execute(select(outbox.c.value).where(outbox.c.topic == ACCESS_EVENTS)).scalars()
        return [wire.decode(bytes(value))[1]["code"] for value in values]


def test_p4_a_refused_ticket_has_a_code_and_is_recorded(client: TestClient, house: House) -> None:
    person = {"applicant": {"resident_id": samples.PERSON}, "customer_class": "RESIDENT"}
    strange = body(**person, ticket=ticket(house.clock, "A-2"))
    assert code(client.post("/applications", json=strange)) == (422, "TICKET_OTHER_APPLICATION")
    location = client.post("/applications", json=body(**person)).headers["location"]
    over = ticket(house.clock, until="2020-01-01T00:00:00+08:00")
    assert code(client.post(f"{location}/ticket", json={"ticket": over})) == (422, "TICKET_EXPIRED")
    assert refusals(house) == ["TICKET_OTHER_APPLICATION", "TICKET_EXPIRED"]
    answer = client.post(f"{location}/ticket", json={"ticket": ticket(house.clock)})
    assert (answer.status_code, answer.json()["evidence"][0]["kind"]) == (200, "identity.check")
    assert code(client.post(f"{location}/ticket", json={"ticket": "x", "photo": "…"})) == (422, "NOT_ASKED")


def test_titles_are_listed_for_a_channel_of_the_client_only(client: TestClient, house: House) -> None:
    title = samples.title()
    house.ask = lambda name, query: Page([SourceRow("T1", 1, b"raw", title)], {}, False)
    asked = {
        "external_no": "A-1",
        "channel": "gov-platform",
        "applicant": {"resident_id": samples.PERSON},
        "ticket": ticket(house.clock),
        "purpose": "connection-application",
        "legal_basis": "action-plan-6",
    }
    (shown,) = client.post("/titles/held", json=asked).json()["items"]
    assert shown["unit_no"].startswith("120101*")
    assert code(client.post("/titles/held", json=asked | {"channel": "other-one"})) == (403, "CHANNEL_NOT_YOURS")
    assert code(client.post("/titles/held", json=asked | {"ticket": "x"})) == (422, "TICKET_FORM")
    assert refusals(house) == ["CHANNEL_NOT_YOURS", "TICKET_FORM"]

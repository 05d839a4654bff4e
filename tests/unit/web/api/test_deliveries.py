"""The API of a system that fetches its pieces: its token shows the pieces of its own sink and of no other (P3); what it
says counts once, and no error repeats a value (P5)."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.cases.procedure import SinkInfo
from hub.cases.tables import piece
from hub.codec import wire
from hub.delivery import pickup
from hub.errors import Misconfigured
from hub.stores.tables import outbox
from hub.web.api.app import create
from hub.web.api.deliveries import router
from hub.web.auth.access import Access
from hub.web.auth.clients import Clients
from hub.web.auth.tokens import SCOPES, Tokens
from tests import samples, ways
from tests.casework import House, body

SINKS = (SinkInfo("utility_crm", ("connection:*",)), SinkInfo("other", ("connection:registration",)))
NO_ID = "A" * 48


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sinks=SINKS)
    yield house
    house.close()


def token(house: House, *scopes: str) -> str:
    clients = Clients(house.store, house.clock, (), ())
    if not list(clients.all()):
        clients.create("utility")
    return Tokens(house.store, house.clock).create("utility", frozenset(scopes)).text


def caller(house: House, *scopes: str) -> TestClient:
    access = Access(Tokens(house.store, house.clock), house.clock)
    app = create(house.clock, router(partial(ways.deliveries, house), frozenset({"utility_crm", "other"}), access))
    headers = {"Authorization": f"Bearer {token(house, *scopes)}"}
    return TestClient(app, headers=headers, raise_server_exceptions=False)


@pytest.fixture
def utility(house: House) -> TestClient:
    return caller(house, "deliveries:utility_crm")


def ready(house: House) -> None:
    house.verified(samples.title(), samples.business())
    house.project()
    house.submit(body())
    house.due()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def taken(utility: TestClient, item: dict[str, Any], number: str) -> Any:
    return utility.post(f"/deliveries/{item['delivery_id']}/acknowledge", json={"number": number})


def test_a_case_is_fetched_and_acknowledged_piece_by_piece(house: House, utility: TestClient) -> None:
    ready(house)
    page = utility.get("/deliveries").json()
    ((registration,), more) = page["items"], page["more"]
    assert (registration["kind"], more, page["next"]) == ("registration", False, registration["delivery_id"])
    assert registration["body"]["externalAppNo"] == registration["number"]
    assert utility.get("/deliveries").json() == page, "it is shown until it is acknowledged"
    answer = taken(utility, registration, "A1")
    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
    evidence = utility.get("/deliveries", params={"after": page["next"]}).json()["items"]
    assert sorted(one["kind"] for one in evidence) == ["licence.business", "licence.property-title"]
    assert [taken(utility, one, f"R{place}").status_code for place, one in enumerate(evidence)] == [200, 200]
    assert utility.get("/deliveries").json() == {"items": [], "next": None, "more": False}
    (by,) = {wire.decode(row.value)[1]["by"]["client"] for row in house.rows(outbox) if row.topic == "delivery.events"}
    assert by == "utility"


def test_one_page_after_the_other_and_then_from_the_beginning_again(house: House, utility: TestClient) -> None:
    for number in range(5):
        house.submit(body(f"A-{number}"))
        house.clock.pass_s(1)
    seen, after = [], None
    for _ in range(6):
        page = utility.get("/deliveries", params={"limit": 2} | ({"after": after} if after else {})).json()
        seen.append([one["body"]["channelAppNo"] for one in page["items"]])
        assert page["more"] == (len(seen) % 3 != 0)
        after = page["next"]
    assert seen == 2 * [["A-0", "A-1"], ["A-2", "A-3"], ["A-4"]]


def test_a_program_that_asks_without_a_pause_gets_one_page_at_a_time(house: House) -> None:
    """The log and the vault have other work too."""
    running, most, lock = 0, 0, threading.Lock()

    class Slow(pickup.Deliveries):
        def page(self, after: str = "", limit: int = 1) -> pickup.Page:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1
            return pickup.Page([], "", False)

    access = Access(Tokens(house.store, house.clock), house.clock)
    parts = ways.deliveries(house)._parts
    app = create(house.clock, router(lambda name: Slow(parts), frozenset({"utility_crm"}), access))
    headers = {"Authorization": f"Bearer {token(house, 'deliveries:utility_crm')}"}
    with TestClient(app, headers=headers) as utility, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: utility.get("/deliveries").status_code, range(16)))
    assert (set(answers), most) == ({200}, 1)


def test_p2_the_same_word_is_answered_alike_and_another_one_is_a_conflict(house: House, utility: TestClient) -> None:
    house.submit(body())
    house.submit(body("A-2"))
    one, two = utility.get("/deliveries").json()["items"]
    assert [taken(utility, one, "A1").status_code for _ in range(2)] == [200, 200]
    assert code(taken(utility, one, "A9")) == (409, "DELIVERY_ENDED")
    no = {"code": "BLACKLISTED", "message": "王伟"}
    path = f"/deliveries/{two['delivery_id']}/refuse"
    assert [utility.post(path, json=no).json()["state"] for _ in range(2)] == ["refused", "refused"]
    assert code(utility.post(path, json={"code": "OTHER"})) == (409, "DELIVERY_ENDED")
    assert code(taken(utility, two, "A2")) == (409, "DELIVERY_ENDED")
    assert code(utility.post(f"/deliveries/{one['delivery_id']}/refuse", json=no)) == (409, "DELIVERY_ENDED")
    assert [row.state for row in house.rows(piece) if row.sink == "utility_crm"] == ["acknowledged", "refused"]
    assert [row.topic for row in house.rows(outbox)].count("delivery.events") == 2


def test_p3_the_system_is_told_that_what_it_was_shown_was_withdrawn_meanwhile(
    house: House, utility: TestClient
) -> None:
    ready(house)
    taken(utility, utility.get("/deliveries").json()["items"][0], "A1")
    (title,) = [one for one in utility.get("/deliveries").json()["items"] if one["kind"] == "licence.property-title"]
    house.verified(samples.title(version=2) | {"status": "REVOKED"})
    house.project()
    kinds = [one["kind"] for one in utility.get("/deliveries").json()["items"]]
    assert kinds == ["licence.business"], "what is not true any more is not shown again"
    assert "withdrawn" in [row.state for row in house.rows(piece)]
    assert [taken(utility, title, "R1").json()["state"] for _ in range(2)] == ["withdrawn", "withdrawn"]
    assert "withdrawn" in [row.state for row in house.rows(piece)]


def test_p3_a_token_shows_its_own_sinks_pieces_only(house: House, utility: TestClient) -> None:
    house.submit(body())
    (mine,) = utility.get("/deliveries").json()["items"]
    other = caller(house, "deliveries:other")
    (theirs,) = other.get("/deliveries").json()["items"]
    assert not {mine["key"], mine["number"], mine["delivery_id"]} & {*map(str, theirs.values())}
    assert code(taken(other, mine, "A1")) == (404, "NO_SUCH_DELIVERY")
    assert code(other.get("/deliveries", params={"after": mine["delivery_id"]})) == (422, "FIELD_INVALID")
    for scopes in (SCOPES[2:], ("cases",), ("deliveries:third",)):
        if "operate" not in scopes:
            assert code(caller(house, *scopes).get("/deliveries")) == (403, "FORBIDDEN")


def test_a_token_is_for_one_sink(house: House) -> None:
    for scopes in (("deliveries:a_b", "deliveries:c_d"), ("deliveries:",), ("deliveries:A B",)):
        with pytest.raises(Misconfigured):
            token(house, *scopes)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "number"), ({"number": ""}, "number"), ({"number": 7}, "number"), ({"number": "x" * 65}, "number"),
        ({"number": "a\u200bb"}, "number"), ({"number": "A1", "received_at": 5}, "received_at"),
        ({"number": "A1", "王伟": 1}, ""),
    ],
)  # fmt: skip
def test_p5_a_word_that_is_none_is_refused_without_a_value(
    house: House, utility: TestClient, sent: dict[str, Any], field: str
) -> None:
    house.submit(body())
    (one,) = utility.get("/deliveries").json()["items"]
    answer = utility.post(f"/deliveries/{one['delivery_id']}/acknowledge", json=sent)
    assert answer.status_code == 422
    assert answer.json().get("field", "") == field
    assert "王伟" not in answer.text
    assert [row.state for row in house.rows(piece) if row.sink == "utility_crm"] == ["pending"]


@pytest.mark.parametrize("delivery_id", [NO_ID, "x", "%2e%2e", "\u4e00" * 48])
def test_an_id_that_the_hub_did_not_make_names_nothing(house: House, utility: TestClient, delivery_id: str) -> None:
    house.submit(body())
    for verb, word in (("acknowledge", {"number": "A1"}), ("refuse", {"code": "NO"})):
        assert utility.post(f"/deliveries/{delivery_id}/{verb}", json=word).status_code == 404
    assert utility.get("/deliveries", params={"after": delivery_id}).status_code == 422

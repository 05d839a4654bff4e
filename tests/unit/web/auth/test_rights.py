"""P3: a client asks for its registered purposes and its divisions only; what it asks for beyond is recorded (P4)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from hub.codec import wire
from hub.privacy.purposes import shipped
from hub.stores.tables import outbox
from hub.topics.declared import ACCESS_EVENTS
from hub.web.api.app import create
from hub.web.api.applications import router
from hub.web.auth import refusals as module
from hub.web.auth.access import Access
from hub.web.auth.clients import Clients
from hub.web.auth.refusals import Refusals
from hub.web.auth.tokens import Tokens
from tests.callers import CHANNELS, token
from tests.casework import House, body

NANKAI, HEPING, BINHAI, TIANJIN, TANGSHAN = "120104", "120101", "120116", "120000", "130200"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def client(house: House, **owned: Any) -> TestClient:
    text = token(house.store, house.clock, **owned)
    access = Access(Tokens(house.store, house.clock), house.clock)
    app = create(
        house.clock,
        router(house.applications, house.holdings, house.tokens, access, Refusals(house.store, house.clock)),
    )
    return TestClient(app, headers={"Authorization": f"Bearer {text}"}, raise_server_exceptions=False)


def recorded(house: House) -> list[dict[str, Any]]:
    """What is on its way to the topic."""
    with house.store.read() as connection:
        values = connection.execute(select(outbox.c.value).where(outbox.c.topic == ACCESS_EVENTS)).scalars()
        return [wire.decode(bytes(value))[1] for value in values]


def test_p3_a_purpose_that_is_not_registered_is_refused_and_recorded(house: House) -> None:
    caller = client(house)
    answer = caller.post("/applications", json=body(purpose="增容"))
    assert (answer.status_code, answer.json()["error_code"]) == (403, "PURPOSE_NOT_YOURS")
    assert (answer.json()["field"], answer.json()["allowed"]) == ("purpose", ["connection-application"])
    (event,) = recorded(house)
    assert (event["code"], event["purpose"], event["division"]) == ("PURPOSE_NOT_YOURS", "capacity-increase", None)
    assert (event["by"]["client"], event["by"]["channel"]) == ("tests", "gov-platform")
    assert event["by"]["principal"].startswith("token:")
    assert caller.get("/applications").json()["items"] == []
    Clients(house.store, house.clock, CHANNELS, shipped().names()).change("tests", purposes=["capacity-increase"])
    assert caller.post("/applications", json=body(purpose="增容")).status_code == 201
    assert len(recorded(house)) == 1


def test_p3_the_channel_of_another_client_is_refused_and_recorded(house: House) -> None:
    caller = client(house)
    assert caller.post("/applications", json=body(channel="counter")).json()["error_code"] == "CHANNEL_NOT_YOURS"
    assert caller.get("/applications?channel=王小明").status_code == 422
    assert caller.get("/applications?channel=elsewhere").json()["error_code"] == "CHANNEL_NOT_YOURS"
    assert [(one["code"], one["by"]["channel"]) for one in recorded(house)] == [
        ("CHANNEL_NOT_YOURS", "counter"),
        ("CHANNEL_NOT_YOURS", ""),
    ]


UNIT = {"unit_no": "120104001001GB00001F00010001"}
PLACES = [
    (UNIT, [NANKAI], True), (UNIT, [HEPING], False), (UNIT, [HEPING, NANKAI], True), (UNIT, [TIANJIN], True),
    (UNIT, [TANGSHAN], False), ({"unit_no": "120107001001GB00001F00010001"}, [NANKAI], False),
    ({"unit_no": "120107001001GB00001F00010001"}, [BINHAI], True),
    ({"address": "天津市南开区长江道12号3号楼2门501室"}, [NANKAI], True),
    ({"address": "天津市南开区长江道12号3号楼2门501室"}, [HEPING], False),
    ({"address": "南开区长江道12号3号楼2门501室"}, [HEPING], False),
    ({"address": "塘沽区新华路12号3号楼2门501室"}, [BINHAI], True),
    ({"address": "河北省唐山市路北区新华道12号3号楼2门501室"}, [NANKAI, TIANJIN], False),
    ({"address": "长江道12号3号楼2门501室"}, [HEPING], True),
]  # fmt: skip
"""Site, the client's divisions, whether it may ask."""


@pytest.mark.parametrize(("site", "divisions", "may"), PLACES, ids=range(len(PLACES)))
def test_p3_a_site_in_another_division_is_refused(
    house: House, site: dict[str, str], divisions: list[str], may: bool
) -> None:
    answer = client(house, divisions=divisions).post("/applications", json=body(site=site))
    assert answer.status_code == (201 if may else 403), answer.text
    if not may:
        assert answer.json()["error_code"] == "DIVISION_NOT_YOURS"
        (event,) = recorded(house)
        assert event["division"] == site.get("unit_no", "")[:6] or event["division"] is None


def test_what_is_recorded_is_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORDED_BURST", 3)
    monkeypatch.setattr(module, "RECORDED_PER_S", 0.001)
    caller = client(house)
    codes = {caller.post("/applications", json=body(channel="counter")).status_code for _ in range(9)}
    assert codes == {403} and len(recorded(house)) == 3

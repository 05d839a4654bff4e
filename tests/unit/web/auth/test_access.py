"""Rates for each token and for wrong tokens, so that one caller takes the API from no other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.web import guard
from hub.web.api import cases
from hub.web.api.app import create
from hub.web.auth import access
from hub.web.auth.access import Access
from hub.web.auth.tokens import Tokens
from hub.web.registry.routes import router as registry
from tests.callers import token
from tests.casework import House


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    for name, value in (("TOKEN_BURST", 5), ("WRONG_BURST", 4), ("TOKEN_PER_S", 0.001), ("WRONG_PER_S", 0.001)):
        monkeypatch.setattr(access, name, value)
    monkeypatch.setattr(guard, "OPEN_BURST", 6)
    monkeypatch.setattr(guard, "OPEN_PER_S", 0.001)
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def api(house: House) -> TestClient:
    routes = cases.router(house.store, Access(Tokens(house.store, house.clock), house.clock))
    return TestClient(create(house.clock, routes, registry("")), raise_server_exceptions=False)


def ask(api: TestClient, text: str) -> tuple[int, Any]:
    answer = api.get("/cases", headers={"Authorization": f"Bearer {text}"})
    return answer.status_code, answer.headers.get("retry-after")


def test_each_token_has_its_own_rate(house: House, api: TestClient) -> None:
    first, second = (token(house.store, house.clock, scopes=["cases"]) for _ in range(2))
    assert [ask(api, first)[0] for _ in range(6)] == [200] * 5 + [429]
    assert ask(api, second)[0] == 200
    status, wait_s = ask(api, first)
    assert status == 429 and 900 < int(wait_s) <= 1_000
    house.clock.pass_s(1_000)
    assert ask(api, first)[0] == 200


def test_wrong_tokens_are_asked_for_only_so_often_and_right_ones_go_on(house: House, api: TestClient) -> None:
    known, new = (token(house.store, house.clock, scopes=["cases"]) for _ in range(2))
    assert ask(api, known)[0] == 200
    assert [ask(api, f"oct_00000000_{n}")[0] for n in range(6)] == [401] * 4 + [429] * 2
    assert ask(api, known)[0] == 200
    assert ask(api, new)[0] == 429
    house.clock.pass_s(1_000)
    assert ask(api, new)[0] == 200


def test_a_token_that_was_right_and_is_revoked_is_wrong(house: House, api: TestClient) -> None:
    text = token(house.store, house.clock, scopes=["cases"])
    assert ask(api, text)[0] == 200
    Tokens(house.store, house.clock).revoke(text.split("_")[1])
    assert ask(api, text)[0] == 401


def test_routes_without_a_token_have_a_rate_for_each_peer(house: House, api: TestClient) -> None:
    assert [api.get("/subjects").status_code for _ in range(7)] == [200] * 6 + [429]
    house.clock.pass_s(1_000)
    assert api.get("/subjects", headers={"Authorization": "Bearer x"}).status_code == 200


def test_a_missing_token_costs_no_question(house: House, api: TestClient) -> None:
    assert [api.get("/cases").status_code for _ in range(20)] == [401] * 20

"""Every route with every scope: without a token, with a wrong one and with each other scope it is closed (matrix)."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from hub.bootstrap import open_hub
from hub.web.api.app import create
from hub.web.api.applications import router
from hub.web.api.document.told import TOLD, Told
from hub.web.auth.access import Access
from hub.web.auth.applicants import SCOPE as OF_APPLICATION
from hub.web.auth.refusals import Refusals
from hub.web.auth.tokens import SCOPES, Tokens
from hub.web.server import serve
from tests.callers import token
from tests.casework import House, body
from tests.feeding import settings

Place = tuple[str, int]
IDS = dict.fromkeys(("application_id", "case_id", "transfer_id"), "0" * 32) | {
    "delivery_id": "A" * 48,
    "nth": "1",
    "subject": "lookup.requests-value",
    "version": "latest",
    "schema_id": "53",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, dict[str, str]]]:
    hub = open_hub(settings(Path(tmp_path_factory.mktemp("hub")), {"utility_pull": {}}, web={"port": 0}))
    try:
        tokens = {scope: token(hub.store, hub.clock, scopes=[scope]) for scope in SCOPES}
        tokens["deliveries"] = token(hub.store, hub.clock, scopes=["deliveries:utility_pull"])
        with serve(hub) as url:
            host, _, port = url.removeprefix("http://").partition(":")
            yield (host, int(port)), tokens
    finally:
        hub.close()


def ask(place: Place, told: Told, bearer: str | None) -> int:
    connection = http.client.HTTPConnection(*place, timeout=20)
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    sent = b"{}" if told.body else None
    connection.request(told.method, told.path.format(**IDS), sent, headers)
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.name)
def test_a_route_is_open_to_its_own_scope_only(served: tuple[Place, dict[str, str]], told: Told) -> None:
    place, tokens = served
    answers = {scope: ask(place, told, text) for scope, text in tokens.items()}
    without, wrong = ask(place, told, None), ask(place, told, "oct_00000000_x")
    if told.signed:
        assert {*answers.values(), without, wrong} == {401}, "no token is a signature"
        return
    if not told.scope:
        assert not {401, 403} & {*answers.values(), without, wrong}
        return
    assert (without, wrong) == (401, 401)
    if told.scope == OF_APPLICATION:
        assert set(answers.values()) == {401}, "no client's token is the application's own"
        return
    assert answers.pop(told.scope) not in (401, 403, 500)
    assert set(answers.values()) == {403}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_do_nothing(served: tuple[Place, dict[str, str]], method: str) -> None:
    place, _ = served
    for told in TOLD:
        assert ask(place, told._replace(method=method, body=None), None) in (405, 422), told.path


def test_an_operator_who_may_not_read_sees_only_the_state(tmp_path: Path) -> None:
    house = House(tmp_path)
    try:
        access = Access(Tokens(house.store, house.clock), house.clock)
        app = create(
            house.clock,
            router(house.applications, house.holdings, house.tokens, access, Refusals(house.store, house.clock)),
        )
        writer, operator = (token(house.store, house.clock, scopes=[one]) for one in ("applications:write", "operate"))
        caller = TestClient(app)
        made = caller.post("/applications", json=body(), headers={"Authorization": f"Bearer {writer}"}).json()
        held = caller.post(
            f"/applications/{made['application_id']}/hold", headers={"Authorization": f"Bearer {operator}"}
        )
        assert held.json() == {"application_id": made["application_id"], "state": "held"}
    finally:
        house.close()

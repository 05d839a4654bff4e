"""The OpenAPI document: an independent validator accepts it, it has every route, and real answers are as it says."""

import copy
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from hub.cases import reasons
from hub.cases.connection.materials.asked import AskedBySystem
from hub.cases.connection.materials.service import Materials
from hub.cases.connection.placed.service import Places
from hub.cases.connection.procedure import PROCEDURE
from hub.connect.host.guard import GuardedSource
from hub.ingest.sent import Intake
from hub.privacy.purposes import shipped
from hub.web.api import applications, cases, customers, deliveries, files, materials, places, steps, transfers
from hub.web.api.app import create
from hub.web.api.document import openapi
from hub.web.api.document.told import TOLD
from hub.web.api.shapes import transfers as shown_transfers
from hub.web.api.watch import health, metrics
from hub.web.api.watch.health import Readiness
from hub.web.api.watch.metrics import Metrics
from hub.web.auth.access import Access
from hub.web.auth.applicants import Applicants
from hub.web.auth.refusals import Refusals
from hub.web.auth.tokens import Tokens
from hub.web.guard import WITH_TOKEN
from hub.web.registry import routes as registry
from hub.web.signatures.nonces import Nonces
from hub.web.signatures.signers import by_path
from tests import filing, ways
from tests.callers import token
from tests.casework import PARTITIONS, ConnectionSystem, House, body
from tests.transfers import Town, sinks

ROOT = Path(__file__).parents[5]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sinks=sinks())
    yield house
    house.close()


def open_nothing(name: str) -> GuardedSource:
    raise AssertionError(name)


@pytest.fixture
def app(house: House) -> FastAPI:
    access = Access(Tokens(house.store, house.clock), house.clock)
    intake = Intake(open_nothing, house.store, house.sealer, PARTITIONS, house.clock)
    owned = Materials(house.store, house.opener, house.journal)
    signed, nonces = by_path(lambda kinds: {}, house.clock), Nonces(house.clock)
    return create(
        house.clock,
        applications.router(
            house.applications, house.holdings, house.tokens, access, Refusals(house.store, house.clock)
        ),
        customers.router(house.customers, house.applications, access, Applicants(house.tokens.opens, house.clock)),
        cases.router(house.store, access),
        steps.router(intake, signed, nonces),
        materials.router(owned, access),
        materials.system_router(AskedBySystem(owned, {}, lambda _: None), signed["/steps"], nonces),
        places.router(Places(house.store, house.log, house.opener, shipped(), house.journal), access),
        transfers.router(Town(house).service, access, Refusals(house.store, house.clock)),
        deliveries.router(partial(ways.deliveries, house), frozenset({"utility_crm"}), access),
        files.router(filing.files(house), frozenset({"utility_crm"}), access),
        health.router(Readiness(house.log, house.store, house.clock, "hub-1")),
        metrics.router(Metrics(house.log, house.store, house.clock, []), access),
        registry.router(""),
    )


def faults(document: Any) -> list[str]:
    return [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]


def test_an_independent_validator_accepts_the_document() -> None:
    assert faults(openapi.document()) == []


def test_the_validator_finds_what_was_wrong_before() -> None:
    document = copy.deepcopy(openapi.document())
    document["paths"]["/cases/{case_id}"]["get"]["parameters"] = []
    del document["paths"]["/applications"]["post"]["responses"]["201"]["description"]
    assert len(faults(document)) >= 2


def test_the_file_in_the_documents_is_the_served_one(app: FastAPI) -> None:
    text = (ROOT / "docs/openapi.json").read_text("utf-8")
    assert text == openapi.text(), "hub schemas openapi > docs/openapi.json"
    assert TestClient(app).get("/openapi.json").text == text


def test_it_has_every_route_and_no_other(app: FastAPI) -> None:
    there = {(method.upper(), path) for path, operations in app.openapi()["paths"].items() for method in operations}
    assert there == {(told.method, told.path) for told in TOLD}
    assert {told.path for told in TOLD if told.scope} == {one.path for one in TOLD if one.path.startswith(WITH_TOKEN)}


def schema_of(reference: Any) -> Any:
    return {**reference, "components": openapi.document()["components"]}


def contents() -> Iterator[tuple[str, Any]]:
    for path, operations in openapi.document()["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            for name, one in operation.get("requestBody", {}).get("content", {}).items():
                yield f"{where} body {name}", one
            for status, answer in operation["responses"].items():
                assert answer["content"], (where, status)
                for name, one in answer["content"].items():
                    yield f"{where} {status} {name}", one


def test_every_body_answer_and_error_has_an_example_that_fits() -> None:
    checked = 0
    for where, content in contents():
        found = [one["value"] for one in content.get("examples", {}).values()] or [content["example"]]
        for example in found:
            errors = [
                error.message for error in Draft202012Validator(schema_of(content["schema"])).iter_errors(example)
            ]
            assert errors == [], where
            checked += 1
    assert checked > 200


def test_every_error_code_has_words_and_its_status() -> None:
    for told in TOLD:
        for code in told.codes:
            assert reasons.words(code).zh != code, code


def test_the_example_of_an_application_is_taken(app: FastAPI, house: House) -> None:
    example = next(told.example for told in TOLD if told.name == "submit")
    text = token(house.store, house.clock)
    caller = TestClient(app, headers={"Authorization": f"Bearer {text}"}, raise_server_exceptions=False)
    assert caller.post("/applications", json=example).status_code == 201


def test_real_answers_about_transfers_are_as_described(app: FastAPI, house: House) -> None:
    text = token(house.store, house.clock, purposes=["joint-transfer"])
    caller = TestClient(app, headers={"Authorization": f"Bearer {text}"}, raise_server_exceptions=False)
    made = caller.post("/transfers", json=shown_transfers.EXAMPLE)
    assert (made.status_code, described("post", "/transfers", 201, made.json())) == (201, [])
    house.deliver(ConnectionSystem())
    one, template = f"/transfers/{made.json()['items'][0]['transfer_id']}", "/transfers/{transfer_id}"
    for method, path, route in (
        ("get", one, template), ("get", f"{one}/story", f"{template}/story"), ("get", "/transfers", "/transfers"),
        ("post", f"{one}/cancel", f"{template}/cancel"),
    ):  # fmt: skip
        answer = caller.request(method, path)
        assert (answer.status_code, described(method, route, 200, answer.json())) == (200, []), path


def strict(schema: Any) -> Any:
    """The schema without room for a field that is not described."""
    if isinstance(schema, dict):
        made = {key: strict(value) for key, value in schema.items()}
        return made | {"additionalProperties": False} if "properties" in made else made
    return [strict(one) for one in schema] if isinstance(schema, list) else schema


def described(method: str, path: str, status: int, value: Any) -> list[str]:
    content = openapi.document()["paths"][path][method]["responses"][str(status)]["content"]
    (one,) = [content[name] for name in content if "problem" not in name or len(content) == 1]
    validator = Draft202012Validator(strict(schema_of(one["schema"])))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def test_real_answers_are_as_described(app: FastAPI, house: House) -> None:
    text = token(house.store, house.clock)
    caller = TestClient(app, headers={"Authorization": f"Bearer {text}"}, raise_server_exceptions=False)
    shown = caller.post("/applications", json=body()).json()
    house.deliver(ConnectionSystem())
    one = f"/applications/{shown['application_id']}"
    template = "/applications/{application_id}"
    for method, path, route, status in (
        ("get", one, template, 200), ("get", "/applications", "/applications", 200),
        ("get", "/applications?channel=gov-platform&external_no=A-1", "/applications", 200),
        ("post", f"{one}/hold", f"{template}/hold", 200), ("get", "/cases", "/cases", 200),
        ("get", f"/cases/{shown['application_id']}", "/cases/{case_id}", 200), ("get", "/health", "/health", 200),
        ("get", "/ready", "/ready", 503), ("get", f"/applications/{'0' * 32}", template, 404),
        ("get", "/applications?x=1", "/applications", 422), ("get", "/config", "/config", 200),
        ("get", "/schemas/ids/53", "/schemas/ids/{schema_id}", 200), ("get", "/subjects", "/subjects", 200),
    ):  # fmt: skip
        answer = caller.request(method, path)
        assert answer.status_code == status, path
        assert described(method, route, status, answer.json()) == [], path
    assert PROCEDURE.name in json.dumps(caller.get("/cases").json())

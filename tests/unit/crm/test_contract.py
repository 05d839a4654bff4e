"""The written contract: its clauses are those that the kit checks, its samples what a hub sends."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from hub.cli.crm import samples
from hub.crm import calls
from hub.crm.clauses import clauses
from sandbox import crm
from tests import crm_samples
from tests.unit.crm.systems import TOKEN

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {"en": DOCS / "crm-contract.md", "zh": DOCS / "crm-contract.zh-CN.md"}


@pytest.fixture(scope="module")
def sent() -> dict[str, Any]:
    return crm_samples.sent()


@pytest.mark.parametrize("language", PAGES)
def test_the_page_has_each_clause_once_in_the_kits_words(language: str) -> None:
    rows = re.findall(r"(?m)^\| \*\*(\d+\.\d+)\*\* \| (.+) \|$", PAGES[language].read_text("utf-8"))
    assert rows == [(number, getattr(one, language)) for number, one in clauses().items()]


@pytest.mark.parametrize("name", crm_samples.NAMES.values())
def test_a_sample_is_what_a_hub_sends(sent: dict[str, Any], name: str) -> None:
    """`python -m tests.crm_samples` writes them."""
    assert (crm_samples.FOLDER / f"{name}.json").read_text("utf-8") == crm_samples.text(sent[name])


@pytest.mark.parametrize("language", PAGES)
def test_the_page_shows_the_samples(language: str) -> None:
    shown = re.findall(r"(?s)/(\w+)`[:：]\n\n```json\n(.*?)\n```", PAGES[language].read_text("utf-8"))
    found = {name: json.loads(text) for name, text in shown}
    named = {
        "applications": "registration",
        **{f"{one}s": one for one in ("withdrawal", "recall", "cancellation", "rating", "warning")},
    }
    assert {named.get(name, name): body for name, body in found.items()} == samples()


# ---- the OpenAPI file of the system's side ----

OPENAPI = json.loads((DOCS / "crm-openapi.json").read_text("utf-8"))
OPERATIONS = {
    (path.rpartition("/")[2], method): operation
    for path, methods in OPENAPI["paths"].items()
    for method, operation in methods.items()
}
"""(Last part of the path, method) → what the file says about it."""


def faults(schema: Any, value: Any) -> list[str]:
    whole = {**schema, "components": OPENAPI["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_an_independent_validator_accepts_the_file() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(OPENAPI).iter_errors()] == []


def test_the_file_has_the_calls_that_the_connector_makes() -> None:
    kinds = (
        *(calls.REGISTRATION, calls.EVIDENCE, calls.DATES, calls.WITHDRAWAL, calls.CANCELLATION),
        *(calls.RATING, calls.WARNING, calls.RECALL),
    )
    made = {calls.To(kind, "{externalAppNo}", "").path for kind in kinds}
    assert made == OPENAPI["paths"].keys()


@pytest.mark.parametrize(
    "what", ["applications", "evidence", "dates", "withdrawals", "recalls", "cancellations", "ratings", "warnings"]
)
def test_the_samples_and_the_answers_of_the_sandboxs_system_are_as_the_file_says(tmp_path: Path, what: str) -> None:
    named = {
        "applications": "registration",
        **{f"{one}s": one for one in ("withdrawal", "recall", "cancellation", "rating", "warning")},
    }
    body, given = samples()[named.get(what, what)], samples()["registration"]
    post, get = OPERATIONS[what, "post"], OPERATIONS[what, "get"]
    assert faults(post["requestBody"]["content"]["application/json"]["schema"], body) == []
    config = {"home": str(tmp_path), "token": TOKEN, "refuse": []}
    with TestClient(crm.serve(config, crm.faults_of(1)), headers={"authorization": f"Bearer {TOKEN}"}) as system:
        number, key = given["externalAppNo"], {"idempotency-key": "0" * 32}
        where = "/applications" if what == "applications" else f"/applications/{number}/{what}"
        answers = [system.post("/applications", json=given, headers=key), system.post(where, json={}, headers=key)]
        answers += [
            system.post(where, json=body, headers=key),
            system.post(where, json=body, headers={"authorization": "x"}),
        ]
        for answer in answers[1 if what != "applications" else 0 :]:
            said = post["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
            assert faults(said, answer.json()) == [], answer.text
        for query in ({"externalAppNo": number, "key": "0" * 32}, {"externalAppNo": "x", "key": "x"}):
            listed = get["responses"]["200"]["content"]["application/json"]["schema"]
            assert faults(listed, system.get(where, params=query).json()) == []

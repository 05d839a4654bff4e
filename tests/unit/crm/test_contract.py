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


@pytest.mark.parametrize("name", [*crm_samples.NAMES.values(), *crm_samples.FILED.values()])
def test_a_sample_is_what_a_hub_sends(sent: dict[str, Any], name: str) -> None:
    """`python -m tests.crm_samples` writes them."""
    assert (crm_samples.FOLDER / f"{name}.json").read_text("utf-8") == crm_samples.text(sent[name])


PATHS = {calls.To(kind, crm_samples.NUMBER, "").path: kind for kind in samples()}
"""Path → the kind of piece that is posted to it."""


@pytest.mark.parametrize("language", PAGES)
def test_the_page_shows_the_samples(language: str) -> None:
    shown = re.findall(r"(?s)`POST (/\S+)`[:：]\n\n```json\n(.*?)\n```", PAGES[language].read_text("utf-8"))
    assert {PATHS[path]: json.loads(text) for path, text in shown} == samples()


@pytest.mark.parametrize("language", PAGES)
def test_the_page_shows_each_form_of_the_file_of_a_licence(sent: dict[str, Any], language: str) -> None:
    shown = re.findall(r'(?s)```json\n(\{\s+"file": .*?)\n```', PAGES[language].read_text("utf-8"))
    assert [json.loads(text)["file"] for text in shown] == [sent[name]["file"] for name in crm_samples.FILED.values()]


# ---- the OpenAPI file of the system's side ----

OPENAPI = json.loads((DOCS / "crm-openapi.json").read_text("utf-8"))


def faults(schema: Any, value: Any) -> list[str]:
    whole = {**schema, "components": OPENAPI["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_an_independent_validator_accepts_the_file() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(OPENAPI).iter_errors()] == []


def test_the_file_has_each_form_of_the_file_of_a_licence(sent: dict[str, Any]) -> None:
    forms = [sent[name]["file"] for name in crm_samples.FILED.values()]
    known = OPENAPI["components"]["schemas"]["LicenceFile"]["properties"].keys()
    assert [set(one) for one in forms] == [known - {"reason"}, {"href"}, {"reason"}]
    evidence = {"$ref": "#/components/schemas/Evidence"}
    assert [faults(evidence, sent[name]) for name in crm_samples.FILED.values()] == [[], [], []]
    for one in ({}, {"href": "https://example/file"}, {"digest": "00"}, {"reason": "none of it"}, {"size": 0}):
        assert faults(evidence, sent["evidence-file"] | {"file": one})


def in_the_file(kind: str) -> str:
    """The path of a kind of piece, as the file has it."""
    variable = "{transferNo}" if kind.startswith("transfer") else "{externalAppNo}"
    return calls.To(kind, variable, "").path


def test_the_file_has_the_calls_that_the_connector_makes() -> None:
    assert {in_the_file(kind) for kind in samples()} == OPENAPI["paths"].keys()


@pytest.mark.parametrize("kind", samples())
def test_the_samples_and_the_answers_of_the_sandboxs_system_are_as_the_file_says(tmp_path: Path, kind: str) -> None:
    first = calls.TRANSFER if kind.startswith("transfer") else calls.REGISTRATION
    body, given, to = samples()[kind], samples()[first], calls.To(kind, crm_samples.NUMBER, "0" * 32)
    post, get = (OPENAPI["paths"][in_the_file(kind)][method] for method in ("post", "get"))
    assert faults(post["requestBody"]["content"]["application/json"]["schema"], body) == []
    config = {"home": str(tmp_path), "token": TOKEN, "refuse": []}
    with TestClient(crm.serve(config, crm.faults_of(1)), headers={"authorization": f"Bearer {TOKEN}"}) as system:
        key = {"idempotency-key": to.key}
        registered = system.post(to._replace(what=first).path, json=given, headers=key)
        answers = [registered] if kind == first else []
        answers += [system.post(to.path, json=sent, headers=key) for sent in ({}, body)]
        answers.append(system.post(to.path, json=body, headers={"authorization": "x"}))
        for answer in answers:
            said = post["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
            assert faults(said, answer.json()) == [], answer.text
        for query in (to.query, to._replace(number="x", key="x").query):
            listed = get["responses"]["200"]["content"]["application/json"]["schema"]
            found = system.get(to.path, params=query).json()
            assert faults(listed, found) == []

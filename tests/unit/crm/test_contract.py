"""The written contract: its clauses are those that the kit checks, its samples what a hub sends."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from hub.cli.crm import samples
from hub.crm import calls
from hub.crm.clauses import clauses
from hub.web.api.steps import Becomes, StepEvent
from sandbox import crm
from sandbox.steps import server as steps
from sandbox.steps import transfers
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


LISTS = {"/steps": "StepPage", "/transfer-reports": "ReportPage"}
"""What the hub fetches from the system, and the form of a page."""


def in_the_file(kind: str) -> str:
    """The path of a kind of piece, as the file has it."""
    variable = "{transferNo}" if kind.startswith("transfer") else "{externalAppNo}"
    return calls.To(kind, variable, "").path


def test_the_file_has_the_calls_that_the_connector_makes() -> None:
    assert {in_the_file(kind) for kind in samples()} | LISTS.keys() == OPENAPI["paths"].keys()


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


# ---- the steps that the system reports ----

STEPS = Path(__file__).parents[3] / "connectors" / "utility_steps"


def of_steps(language: str) -> str:
    """Section 14 of the page."""
    return PAGES[language].read_text("utf-8").partition("\n## 14. ")[2]


def test_every_field_that_the_connector_reads_of_a_step_is_in_the_file_and_in_the_hubs_own() -> None:
    read = set(re.findall(r'from = "([\w.]+)"', (STEPS / "mapping.toml").read_text("utf-8")))
    read |= {*tomllib.loads((STEPS / "connector.toml").read_text("utf-8"))["columns"]}
    told = {one.alias for one in StepEvent.model_fields.values()}
    told |= {f"becomes.{one.alias}" for one in Becomes.model_fields.values()}
    assert told - read == {"becomes", "orgNo"} and read <= told
    schemas = OPENAPI["components"]["schemas"]
    here = {*schemas["StepEvent"]["properties"]} | {f"becomes.{name}" for name in schemas["Becomes"]["properties"]}
    assert here == told


@pytest.mark.parametrize("language", PAGES)
def test_the_page_has_every_field_and_every_kind_of_a_step(language: str) -> None:
    named = re.findall(r"(?m)^\| (`[^|]+) \| [^|]+ \|$", of_steps(language))
    words = [
        word for cell in named for word in re.findall(r"`(\w+)`", cell) if word != "eventType" or cell == "`eventType`"
    ]
    fields = [one.alias for one in StepEvent.model_fields.values()]
    known = re.findall(r"(?m)^eventType,([A-Z_]+),", (STEPS / "codes.csv").read_text("utf-8"))
    assert [word for word in dict.fromkeys(words) if word in fields] == fields
    assert {word for word in words if word.isupper()} == {"START", "END", *known}


@pytest.mark.parametrize("language", PAGES)
def test_the_steps_on_the_page_are_those_of_the_connectors_test(language: str) -> None:
    shown = re.findall(r"(?s)`([\w-]+\.json)`[:：]\n\n```json\n(.*?)\n```", of_steps(language))
    assert [name for name, _ in shown] == ["accepted.json", "not-accepted.json", "change.json", "amend.json"]
    for name, text in shown:
        assert text == (STEPS / "samples" / name).read_text("utf-8").strip()


@pytest.mark.parametrize("event", sorted(STEPS.glob("samples/*.json")), ids=lambda one: one.stem)
def test_a_step_of_the_connectors_test_is_as_the_file_says(event: Path) -> None:
    if not event.stem.endswith(".expected"):
        page = {"items": [json.loads(event.read_text("utf-8"))], "next": "1", "more": False}
        assert faults({"$ref": "#/components/schemas/StepPage"}, page) == []


@pytest.mark.parametrize("path", LISTS)
def test_the_lists_of_the_sandboxs_systems_are_as_the_file_says(tmp_path: Path, path: str) -> None:
    config = {"home": str(tmp_path), "token": TOKEN, "world": {"seed": 1}, "database": f"sqlite:///{tmp_path}/s.db"}
    served = (steps if path == "/steps" else transfers).serve(config, crm.faults_of(1))
    with TestClient(served) as system:
        if path == "/steps":
            told = {"externalAppNo": crm_samples.NUMBER, "appNo": "A1", "way": "pull", "plan": "starred"}
            assert system.post("/_control/play", json=told | {"since": "2026-03-02T09:00:00+08:00"}).json()["reported"]
        answers = OPENAPI["paths"][path]["get"]["responses"]
        for token, after in ((TOKEN, ""), (TOKEN, "5"), ("x", "")):
            said = system.get(path, params={"after": after, "limit": 5}, headers={"authorization": f"Bearer {token}"})
            schema = answers[str(said.status_code)]["content"]["application/json"]["schema"]
            assert faults(schema, said.json()) == [], said.text

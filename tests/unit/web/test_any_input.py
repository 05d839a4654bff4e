"""No input makes the API answer 500: generated paths, queries, heads and bodies, on every route."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.web.api import applications, cases, customers
from hub.web.api.app import create
from hub.web.api.document.told import TOLD
from hub.web.auth import access as rates
from hub.web.auth import applicants
from hub.web.auth.access import Access
from hub.web.auth.applicants import Applicants
from hub.web.auth.refusals import Refusals
from hub.web.auth.tokens import Tokens
from hub.web.registry import routes as registry
from tests.callers import token
from tests.casework import House, body

TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["\x00", "\ud800", "١", "9" * 5_000, "latest", "-1", "%00", "../..", "a\r\nb: c", "0" * 32, "LOW'--"]
    ),
)
PATHS = sorted({told.path for told in TOLD if told.path not in ("/metrics", "/health", "/ready")})
SUBJECTS = [path for path in PATHS if "{subject}" in path]
NAMES = ["channel", "external_no", "after", "limit", "voltage", "state", "procedure", "subjectPrefix", "verbose", "x"]
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.sampled_from([2**63, -(2**64), 1e308])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)
SCHEMAS = st.one_of(
    VALUES,
    st.sampled_from(
        [
            '"int"',
            "null",
            "[",
            '{"type":"record","name":"A","fields":[{"name":"a","type":"A"}]}',
            '{"type":"fixed","size":-1,"name":"F"}',
            '{"type":"enum","name":"E","symbols":[1]}',
            '["null","null"]',
            '{"type":"array","items":{"type":"array"}}',
            '"' + "A" * 3_000 + '"',
            "[" * 3_000,
            '{"type":{"type":{}}}',
            '{"type":"int","logicalType":7}',
            '{"type":"record","name":"é","fields":{}}',
            '{"type":["x"]}',
        ]
    ),
)


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "TOKEN_BURST", 1_000_000)
        patch.setattr("hub.web.guard.OPEN_BURST", 1_000_000)
        for burst in ("APPLICATION_BURST", "WRONG_BURST", "GUESSES_BURST"):
            patch.setattr(applicants, burst, 1_000_000)
        house = House(Path(tmp_path_factory.mktemp("house")))
        access = Access(Tokens(house.store, house.clock), house.clock)
        refusals = Refusals(house.store, house.clock)
        served = applications.router(house.applications, house.holdings, house.tokens, access, refusals)
        own = customers.router(house.customers, house.applications, access, Applicants(house.tokens.opens, house.clock))
        app = create(house.clock, served, own, cases.router(house.store, access), registry.router(""))
        header = {"Authorization": f"Bearer {token(house.store, house.clock)}"}
        yield TestClient(app, headers=header, raise_server_exceptions=False)
        house.close()


def sound(answer: Any) -> None:
    assert answer.status_code != 500, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


quick = settings(max_examples=300, suppress_health_check=list(HealthCheck))


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(PATHS), part=TEXTS, query=st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=3))
def test_paths_and_queries(caller: TestClient, path: str, part: str, query: list[tuple[str, str]]) -> None:
    placed = quote(part, safe="", errors="surrogatepass")
    for name in ("application_id", "case_id", "subject", "version", "schema_id"):
        path = path.replace(f"{{{name}}}", placed)
    asked = "&".join(f"{name}={quote(value, safe='', errors='surrogatepass')}" for name, value in query)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"):
        sound(caller.request(method, f"{path}?{asked}"))


@quick
@given(changes=st.dictionaries(st.sampled_from([*body(), "applicant.name", "x"]), VALUES, max_size=3))
def test_bodies_of_applications(caller: TestClient, changes: dict[str, Any]) -> None:
    document = body(**{name: value for name, value in changes.items() if "." not in name})
    if "applicant.name" in changes:
        document["applicant"] = {"uscc": "91110000600037341L", "name": changes["applicant.name"]}
    sound(caller.post("/applications", content=json.dumps(document).encode()))


@quick
@given(
    path=st.sampled_from(["/progress", "rating", "follow-up"]),
    said=st.dictionaries(
        st.sampled_from(["channel", "external_no", "last", "grade", "text", "outcome", "note", "x"]), VALUES, max_size=4
    ),
)
def test_what_customers_say(caller: TestClient, path: str, said: dict[str, Any]) -> None:
    """With the application's own token, and with a client's."""
    made = caller.post("/applications", json=body()).json()
    where = path if path.startswith("/") else f"/applications/{made['application_id']}/{path}"
    content = json.dumps(said).encode()
    sound(caller.post(where, content=content))
    own = {"Authorization": f"Bearer {made['application_token']}"}
    sound(caller.post(where, content=content, headers=own))


@quick
@given(
    sent=st.one_of(st.binary(max_size=200), st.sampled_from([b"\xff\xfe{", b'{"a":1,"a":2}', b"{" * 50_000, b"1e999"]))
)
def test_bytes_as_a_body(caller: TestClient, sent: bytes) -> None:
    sound(caller.post("/applications", content=sent))
    sound(caller.post("/subjects/lookup.requests-value", content=sent))


@quick
@given(
    schema=SCHEMAS, kind=st.one_of(st.none(), VALUES), path=st.sampled_from([one for one in PATHS if "subject" in one])
)
def test_schemas_for_the_registry(caller: TestClient, schema: Any, kind: Any, path: str) -> None:
    path = path.replace("{subject}", "lookup.requests-value").replace("{version}", "latest")
    text = schema if isinstance(schema, str) else json.dumps(schema)
    sent = {"schema": text} | ({} if kind is None else {"schemaType": kind})
    sound(caller.post(path, content=json.dumps(sent).encode()))


@quick
@given(
    value=st.binary(max_size=60).map(lambda value: value.replace(b"\n", b"").replace(b"\r", b"").replace(b"\0", b""))
)
def test_tokens(caller: TestClient, value: bytes) -> None:
    for path in ("/applications", f"/applications/{'0' * 32}/progress"):
        answer = caller.get(path, headers={b"authorization": b"Bearer " + value})  # type: ignore[dict-item]
        assert answer.status_code in (401, 429)

"""The registry: the catalogue by id and subject, as registries answer; nothing is written, nothing needs a token."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.codec.catalogue import catalogue
from hub.topics.messages import MESSAGES
from hub.topics.subjects import subjects
from hub.web.api.app import create
from hub.web.bodies import BODY_BYTES_MAX
from hub.web.registry.routes import MEDIA_TYPE, router
from tests.clocks import HandClock

CURSOR = "cn.onecert.hub.Cursor"


@pytest.fixture
def client() -> TestClient:
    app = create(HandClock(), router(""))
    return TestClient(app, raise_server_exceptions=False)


def changed(**field: Any) -> str:
    """The cursor's schema with one field more."""
    schema = json.loads(catalogue().by_name("hub.cursor").text)
    schema["fields"].append({"name": "new", "type": "string", **field})
    return json.dumps(schema)


def refused(answer: Any) -> tuple[int, int]:
    assert answer.headers["content-type"] == MEDIA_TYPE
    body = answer.json()
    assert body.keys() == {"error_code", "message"}
    return answer.status_code, body["error_code"]


@pytest.mark.parametrize("schema", list(catalogue()), ids=lambda schema: schema.name)
def test_every_schema_is_found_by_its_id_and_in_its_subjects(client: TestClient, schema: Any) -> None:
    answer = client.get(f"/schemas/ids/{schema.id}", params={"fetchMaxId": "false", "subject": "any-value"})
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json() == {"schema": schema.text}
    assert client.get(f"/schemas/ids/{schema.id}/schema").json() == schema.json
    found = client.get(f"/schemas/ids/{schema.id}/versions").json()
    assert [one["subject"] for one in found] == client.get(f"/schemas/ids/{schema.id}/subjects").json()
    for one in found:
        shown = client.get(f"/subjects/{one['subject']}/versions/{one['version']}").json()
        assert (shown["id"], shown["schema"]) == (schema.id, schema.text)


def test_every_schema_has_its_records_name_and_every_topic_its_value(client: TestClient) -> None:
    listed = client.get("/subjects").json()
    assert listed == sorted(subjects())
    one_schema = {topic for topic, carried in MESSAGES.items() if carried and not topic.endswith(".events")}
    assert {f"{topic}-value" for topic in one_schema} == {name for name in listed if name.endswith("-value")}
    assert len([name for name in listed if name.startswith("cn.onecert.")]) == len(catalogue().names())
    assert client.get("/subjects", params={"subjectPrefix": "lookup."}).json() == [
        "lookup.received-value", "lookup.requests-value"
    ]  # fmt: skip
    assert client.get(f"/subjects/{CURSOR}/versions").json() == [1]
    latest = client.get(f"/subjects/{CURSOR}/versions/latest").json()
    assert latest == client.get(f"/subjects/{CURSOR}/versions/1").json()
    assert client.get("/subjects/hub.cursors-value/versions/1/schema").json() == json.loads(latest["schema"])


def test_what_all_schemas_have_in_common(client: TestClient) -> None:
    assert client.get("/schemas/types").json() == ["AVRO"]
    for path in ("/config", f"/config/{CURSOR}"):
        assert client.get(path).json() == {"compatibilityLevel": "FULL_TRANSITIVE"}
    for path in ("/mode", f"/mode/{CURSOR}"):
        assert client.get(path).json() == {"mode": "READONLY"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/subjects/no/versions", (404, 40401)),
        ("/subjects/no/versions/1", (404, 40401)),
        ("/config/no", (404, 40401)),
        (f"/subjects/{CURSOR}/versions/99", (404, 40402)),
        (f"/subjects/{CURSOR}/versions/99/schema", (404, 40402)),
        (f"/subjects/{CURSOR}/versions/0", (422, 42202)),
        (f"/subjects/{CURSOR}/versions/newest", (422, 42202)),
        (f"/subjects/{CURSOR}/versions/{'9' * 5_000}", (422, 42202)),
        ("/schemas/ids/61", (404, 40403)),
        ("/schemas/ids/999999/versions", (404, 40403)),
        ("/schemas/ids/one", (404, 40403)),
    ],
)
def test_what_is_not_there(client: TestClient, path: str, expected: tuple[int, int]) -> None:
    assert refused(client.get(path)) == expected


def test_a_schema_is_looked_up_by_what_it_means(client: TestClient) -> None:
    schema = catalogue().by_name("hub.cursor")
    found = client.post(f"/subjects/{CURSOR}", json={"schema": schema.text, "unheard_of": 1}).json()
    assert (found["id"], found["version"], found["subject"]) == (schema.id, 1, CURSOR)
    other_words = json.dumps({**schema.json, "doc": "other words"}, indent=1)
    assert client.post(f"/subjects/{CURSOR}", json={"schema": other_words}).json() == found
    assert refused(client.post(f"/subjects/{CURSOR}", json={"schema": changed()})) == (404, 40403)
    assert refused(client.post("/subjects/no", json={"schema": schema.text})) == (404, 40401)


def test_p4_an_id_is_given_out_in_the_catalogue_and_nowhere_else(client: TestClient) -> None:
    schema = catalogue().by_name("hub.cursor")
    versions = f"/subjects/{CURSOR}/versions"
    assert client.post(versions, json={"schema": schema.text}).json() == {"id": schema.id}
    assert refused(client.post(versions, json={"schema": changed()})) == (409, 409)
    assert refused(client.post(versions, json={"schema": changed(default="")})) == (422, 42205)
    assert refused(client.post("/subjects/new/versions", json={"schema": '"string"'})) == (422, 42205)
    for method, path in (("PUT", "/config"), ("PUT", "/mode"), ("DELETE", f"/subjects/{CURSOR}")):
        assert refused(client.request(method, path, json={})) == (422, 42205)
    assert client.get(versions).json() == [1]


@pytest.mark.parametrize("version", ["", "/1", "/latest"])
def test_compatibility_is_asked_for(client: TestClient, version: str) -> None:
    path = f"/compatibility/subjects/{CURSOR}/versions{version}"
    assert client.post(path, json={"schema": changed(default="")}).json() == {"is_compatible": True}
    assert client.post(path, json={"schema": changed()}).json() == {"is_compatible": False}
    told = client.post(f"{path}?verbose=true", json={"schema": changed()}).json()
    assert told["is_compatible"] is False and "BACKWARD" in told["messages"][0]
    assert client.post(f"{path}?verbose=true", json={"schema": changed(default="")}).json()["messages"] == []


def test_compatibility_with_what_is_not_there(client: TestClient) -> None:
    body = {"schema": '"string"'}
    assert client.post("/compatibility/subjects/no/versions/latest", json=body).json() == {"is_compatible": True}
    assert refused(client.post("/compatibility/subjects/no/versions/1", json=body)) == (404, 40402)
    assert refused(client.post("/compatibility/subjects/no/versions", json=body)) == (404, 40401)
    assert refused(client.post(f"/compatibility/subjects/{CURSOR}/versions/9", json=body)) == (404, 40402)


DEEP = '{"type":"array","items":' * 1_500 + '"int"' + "}" * 1_500


@pytest.mark.parametrize("body", [{}, {"schema": 1}, {"schema": "{"}, {"schema": '{"type":"recrod"}'},
                                  {"schema": '"int"', "schemaType": "JSON"}, {"schema": DEEP}])  # fmt: skip
@pytest.mark.parametrize(
    "path", [f"/subjects/{CURSOR}", f"/subjects/{CURSOR}/versions", f"/compatibility/subjects/{CURSOR}/versions/1"]
)
def test_what_is_no_avro_schema_is_refused(client: TestClient, path: str, body: Any) -> None:
    assert refused(client.post(path, json=body)) == (422, 42201)


@pytest.mark.parametrize("body", [b"not json", b"[]", b" " * (BODY_BYTES_MAX + 1), b'{"schema":1,"schema":2}'])
def test_a_body_that_is_none_is_refused_and_not_repeated(client: TestClient, body: bytes) -> None:
    answer = client.post(f"/subjects/{CURSOR}/versions", content=body)
    assert refused(answer) == (400, 400)
    assert "not json" not in answer.text


def test_another_registry_is_where_every_path_leads() -> None:
    app = create(HandClock(), router("https://registry/ccompat/v7"))
    client = TestClient(app, follow_redirects=False)
    for method, path in (("GET", "/subjects"), ("GET", "/schemas/ids/1?fetchMaxId=false"), ("POST", "/subjects/a")):
        answer = client.request(method, path)
        assert refused(answer) == (307, 307)
        assert answer.headers["location"] == f"https://registry/ccompat/v7{path}"
        assert "https://registry/ccompat/v7" in answer.json()["message"]


def test_the_asyncapi_document_is_served(client: TestClient) -> None:
    answer = client.get("/asyncapi.yaml")
    assert answer.headers["content-type"] == "application/yaml"
    assert answer.text.startswith("asyncapi: 3.0.0")

"""The catalogue in another registry. The stand-in keeps Confluent's documented rules of mode IMPORT; what a real
registry without that mode does is in tests/contract/test_registry_answers.py."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.codec.catalogue import catalogue
from hub.errors import Misconfigured, Unavailable
from hub.topics import outside_registry
from hub.topics.outside_registry import OutsideRegistry
from hub.topics.subjects import subjects

PLACES = sum(len(versions) for versions in subjects().values())


class Confluents:
    """A registry by Confluent's documentation: ids are taken in mode IMPORT only; IMPORT on what is not empty only by
    force; an id means one schema for ever."""

    def __init__(self) -> None:
        self.schemas: dict[int, str] = {}
        self.subjects: dict[str, dict[int, int]] = {}
        self.modes: dict[str, str] = {}
        self.failing: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.failing:
            return httpx.Response(self.failing.pop(0), json={})
        steps = request.url.path.strip("/").split("/")
        body = json.loads(request.content) if request.content else {}
        if request.method == "PUT" and steps[0] == "mode":
            return self._mode(steps[1], body["mode"], request.url.params.get("force") == "true")
        if request.method == "POST":
            return self._register(steps[1], body)
        if steps[0] == "schemas":
            found: Any = self.schemas.get(int(steps[2]))
            return httpx.Response(200, json={"schema": found}) if found else httpx.Response(404, json={})
        versions = self.subjects.get(steps[1])
        return httpx.Response(200, json=sorted(versions)) if versions else httpx.Response(404, json={})

    def _mode(self, subject: str, mode: str, force: bool) -> httpx.Response:
        if mode == "IMPORT" and self.subjects.get(subject) and not force:
            return httpx.Response(422, json={"error_code": 42205})
        self.modes[subject] = mode
        return httpx.Response(200, json={"mode": mode})

    def _register(self, subject: str, body: Any) -> httpx.Response:
        if self.modes.get(subject) != "IMPORT" or self.schemas.get(body["id"], body["schema"]) != body["schema"]:
            return httpx.Response(422, json={"error_code": 42205})
        self.schemas[body["id"]] = body["schema"]
        self.subjects.setdefault(subject, {})[body["version"]] = body["id"]
        return httpx.Response(200, json={"id": body["id"]})


@pytest.fixture
def theirs() -> Confluents:
    return Confluents()


@pytest.fixture
def registry(theirs: Confluents) -> Iterator[OutsideRegistry]:
    with httpx.Client(transport=httpx.MockTransport(theirs), base_url="http://registry") as client:
        yield OutsideRegistry(client)


def test_everything_is_put_there_once_under_its_own_id(theirs: Confluents, registry: OutsideRegistry) -> None:
    assert len(registry.differences()) == len(list(catalogue()))
    assert len(registry.publish()) == PLACES
    assert registry.differences() == []
    assert theirs.schemas == {schema.id: schema.text for schema in catalogue()}
    assert set(theirs.modes.values()) == {"READONLY"}
    assert registry.publish() == []


def test_publishing_goes_on_where_it_was_broken_off(theirs: Confluents, registry: OutsideRegistry) -> None:
    registry.publish()
    del theirs.subjects["cn.onecert.hub.Cursor"][1]
    theirs.subjects["cn.onecert.hub.Cursor"][7] = 3
    assert registry.publish() == ["cn.onecert.hub.Cursor/1"]


def test_p4_an_id_that_means_something_else_is_named_and_not_touched(
    theirs: Confluents, registry: OutsideRegistry
) -> None:
    theirs.schemas[3] = '{"type":"record","name":"Order","fields":[]}'
    assert "id 3: another schema (Order), should be hub.cursor.v1" in registry.differences()
    with pytest.raises(Misconfigured, match=r"\[3\]"):
        registry.publish()
    assert not theirs.subjects


@pytest.mark.parametrize("failing", [[429] * outside_registry.PAUSES_MAX, [429, 500], [500], [503]])
def test_a_registry_that_goes_on_to_say_later_is_unavailable(
    theirs: Confluents, registry: OutsideRegistry, failing: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs.failing = failing
    monkeypatch.setattr(outside_registry, "PAUSE_S", 0.0)
    with pytest.raises(Unavailable):
        registry.differences()


def test_more_calls_than_a_registry_answers_at_once_go_on_a_moment_later(
    theirs: Confluents, registry: OutsideRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs.failing = [429] * 3
    monkeypatch.setattr(outside_registry, "PAUSE_S", 0.0)
    assert len(registry.publish()) == PLACES


def test_what_is_no_registry_is_misconfigured(theirs: Confluents, registry: OutsideRegistry) -> None:
    theirs.failing = [401]
    with pytest.raises(Misconfigured, match="401"):
        registry.differences()


def test_a_registry_that_is_away_is_unavailable(tmp_path: Path) -> None:
    with httpx.Client(base_url="http://127.0.0.1:1") as client, pytest.raises(Unavailable):
        OutsideRegistry(client).differences()

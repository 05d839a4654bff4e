"""``hub schemas``: the catalogue for people; a next version judged before it is made; another registry named."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import open_hub
from hub.cli import cli
from hub.codec.catalogue import catalogue
from hub.errors import Misconfigured
from hub.topics import asyncapi
from hub.web.server import serve
from tests import feeding


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def test_list_names_every_schema_and_the_topics_that_carry_it() -> None:
    rows = {row["name"]: row for row in map(json.loads, run("schemas", "list", "--json").output.splitlines())}
    assert rows.keys() == set(catalogue().names())
    assert rows["hub.cursor"] == {
        "id": 3, "name": "hub.cursor", "version": 1, "record": "cn.onecert.hub.Cursor", "topics": ["hub.cursors"]
    }  # fmt: skip
    assert "lookup.received" in rows["hub.unreadable"]["topics"]
    assert "hub.cursors" in run("schemas").output


def test_show_by_name_and_by_id() -> None:
    cursor = catalogue().by_name("hub.cursor")
    for name in ("hub.cursor", str(cursor.id)):
        assert json.loads(run("schemas", "show", name).output) == cursor.json
    assert run("schemas", "show", "deed").exit_code == 2
    assert run("schemas", "show", "hub.cursor", "--version", "9").exit_code == 2


def test_p1_a_next_version_that_would_break_history_is_named(tmp_path: Path) -> None:
    schema = json.loads(catalogue().by_name("hub.cursor").text)
    file = tmp_path / "cursor.v2.avsc"
    schema["fields"].append({"name": "new", "type": "string"})
    file.write_text(json.dumps(schema), "utf-8")
    told = run("schemas", "check", "hub.cursor", str(file))
    assert (told.exit_code, told.output.split()[0]) == (1, "BACKWARD")
    assert json.loads(run("schemas", "check", "hub.cursor", str(file), "--json").output)["earlier"] == 1
    schema["fields"][-1]["default"] = ""
    file.write_text(json.dumps(schema), "utf-8")
    assert run("schemas", "check", "hub.cursor", str(file)).exit_code == 0
    file.write_text("{", "utf-8")
    assert run("schemas", "check", "hub.cursor", str(file)).exit_code == 2


def test_asyncapi_prints_the_document() -> None:
    assert run("schemas", "asyncapi").output == asyncapi.text()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry that has everything: another hub's."""
    hub = open_hub(feeding.settings(tmp_path / "other", {}, web={"port": 0}))
    with serve(hub) as url:
        yield url
    hub.close()


def said_of_schemas() -> dict[str, Any]:
    """What ``hub doctor`` found; the other hub's log lines stand between."""
    lines = [line for line in run("doctor", "--json").stdout.splitlines() if line.startswith("{")]
    (found,) = [one for one in map(json.loads, lines) if one.get("what") == "schemas"]
    return dict(found)


def test_publish_and_doctor_ask_the_registry_that_is_named(
    registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Misconfigured, match="registry_url"):
        run("schemas", "publish")
    monkeypatch.setenv("HUB_REGISTRY_URL", registry)
    assert run("schemas", "publish").output.endswith("0 published, nothing was missing\n")
    said = said_of_schemas()
    assert said["sound"] and said["detail"] == f"{registry} has all of them under their ids"


def test_doctor_names_what_the_registry_has_otherwise(
    registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUB_REGISTRY_URL", f"{registry}/nowhere")
    said = said_of_schemas()
    assert not said["sound"] and "id 5: not there, should be hub.record.v1" in said["detail"]
    assert said["remedy"] == "run `hub schemas publish`"

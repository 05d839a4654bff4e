"""The AsyncAPI document: valid by the official JSON schema, complete, and the one that is checked in."""

import copy
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hub.codec.catalogue import catalogue
from hub.topics import asyncapi
from hub.topics.messages import MESSAGES

ROOT = Path(__file__).parents[3]
SPECS = "@asyncapi/specs@6.11.1"


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The JSON schema of AsyncAPI 3.0.0, from the initiative's own package."""
    if not shutil.which("npm"):
        pytest.skip("npm is missing: apt-get install -y npm")
    folder = tmp_path_factory.mktemp("specs")
    command = ["npm", "pack", SPECS, "--silent", "--prefer-offline"]
    environ = {**os.environ, "npm_config_update_notifier": "false"}
    packed = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=120, env=environ)
    if packed.returncode:
        pytest.skip(f"npm cannot fetch {SPECS}")
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        stream = archive.extractfile("package/schemas/3.0.0-without-$id.json")
        assert stream is not None
        return json.load(stream)


def errors(official: Any, document: Any) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(official).iter_errors(document)]


@pytest.mark.slow
def test_it_is_valid_by_the_official_schema(official: Any) -> None:
    assert errors(official, yaml.safe_load(asyncapi.text())) == []


@pytest.mark.slow
@pytest.mark.parametrize("what", ["channel", "avro", "binding"])
def test_the_official_schema_would_notice(official: Any, what: str) -> None:
    document = copy.deepcopy(asyncapi.document())
    if what == "channel":
        document["channels"]["hub.cursors"]["adress"] = "typo"
    elif what == "avro":
        document["components"]["schemas"]["hub.record.v1"]["schema"]["type"] = "recrod"
    else:
        document["channels"]["hub.cursors"]["bindings"]["kafka"]["partitions"] = "six"
    assert errors(official, document)


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi.document()
    found = list(references(document))
    assert found
    for reference in found:
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def references(node: Any) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def test_every_topic_message_and_schema_is_in_it() -> None:
    document = asyncapi.document()
    assert document["channels"].keys() == MESSAGES.keys()
    for topic, carried in MESSAGES.items():
        ids = {message["x-schema-id"] for message in document["channels"][topic]["messages"].values()}
        assert ids == {schema.id for one in carried for schema in catalogue().versions(one.schema)}
    assert len(document["components"]["schemas"]) == len(list(catalogue()))


def test_the_document_that_is_checked_in_is_this_one() -> None:
    assert (ROOT / "docs/asyncapi.yaml").read_text("utf-8") == asyncapi.text(), (
        "hub schemas asyncapi > docs/asyncapi.yaml"
    )

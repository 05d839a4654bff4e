"""P5: after a whole run, with rejections, errors and every command, no personal value can be read anywhere."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub
from tests import canary
from tests.e2e.harness import KINDS_OF, World, world

VERDICT_TOPICS = [f"{kind}.{suffix}" for kind in KINDS_OF.values() for suffix in ("received", "verified", "rejected")]
CASE_TOPICS = ["connection.events", "delivery.events", "lookup.requests", "lookup.received"]
COMMANDS = (
    ["topics"],
    ["doctor"],
    ["rejected", "list", "--json", "--limit", "0"],
    ["rejected", "list"],
    ["cases", "list"],
    ["rebuild", "--check"],
    ["application", "list"],
    ["connectors", "status", "--json"],
    *(["replay", topic, "--json"] for topic in (*VERDICT_TOPICS, *CASE_TOPICS)),
)
PLANTED_MAX = 80
STRANGER, STRANGERS_HOME = "360426199101010072", "天津市和平区秘密路9号"
NUMBER, NAME, HOME = "SECRET-2026-77", "隐秘花园管理有限公司", "天津市和平区隐秘巷77号1号楼1单元101室"
"""All that a caller writes in words of its own, in an application that is taken."""


def planted(hub: Hub) -> list[str]:
    """Names, numbers and places of people, enterprises and units in what was received, the bad and unreadable rows
    included."""
    found: dict[str, None] = {}
    for kind in KINDS_OF.values():
        for suffix in ("rejected", "verified"):
            for batch in hub.log.scan(f"{kind}.{suffix}", 0):
                for one in hub.opener.open([record.value for record in batch.records[:40]]):
                    found.update(dict.fromkeys(_values(one.record or {})))
    return [value for value in found if len(value.encode()) >= canary.SHORTEST][:: max(1, len(found) // PLANTED_MAX)]


def _values(record: dict[str, object]) -> list[str]:
    wanted = ("name", "uscc", "id_number", "unit_no", "title_no", "text")
    values: list[str] = []
    for name, value in record.items():
        if isinstance(value, dict):
            values += _values(value)
        elif isinstance(value, list):
            values += [text for item in value if isinstance(item, dict) for text in _values(item)]
        elif name in wanted and isinstance(value, str):
            values.append(value)
    return values


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> World:
    with world(tmp_path_factory.mktemp("canary"), 400, applications=20) as one:
        one.submit(one.applications())
        one.start()
        one.settle(deliveries=30)
        good = one.applications()[0]["body"]
        for body in (_with_words(good), *_bad_bodies(good)):
            (one.home / "body.json").write_text(json.dumps(body), "utf-8")
            _command(one, ["application", "submit", str(one.home / "body.json")])
            (one.home / "body.json").unlink()
        one.registered(len(one.applications()) + 1)
        one.stop()
        with one.hub() as hub:
            ids = [shown["application_id"] for shown in hub.applications().list(limit=3)]
        for command in (*COMMANDS, *(["application", "story", shown, "--json"] for shown in ids)):
            _command(one, list(command))
        yield one


def _with_words(good: dict[str, Any]) -> dict[str, Any]:
    applicant = good["applicant"] | {"name": NAME}
    return good | {"external_no": NUMBER, "applicant": applicant, "site": {"address": HOME}}


def _bad_bodies(good: dict[str, Any]) -> list[Any]:
    """A stranger's number where a number belongs, where a name belongs, and where nothing does."""
    return [
        good | {"applicant": {"resident_id": STRANGER}, "site": {"address": STRANGERS_HOME}},
        good | {STRANGER: STRANGERS_HOME},
        good | {"purpose": STRANGER, "channel": STRANGERS_HOME},
        good | {"channel": STRANGER},
        good | {"legal_basis": f"{STRANGER} 同意"},
        good | {"legal_basis": STRANGERS_HOME},
        [STRANGER],
    ]


def _command(one: World, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "hub", "--config", str(one.config), *arguments]
    with (one.home / "output.txt").open("ab") as out:
        subprocess.run(command, stdout=out, stderr=out, timeout=60, check=False)


def _files(one: World) -> list[Path]:
    return [path for path in one.home.iterdir() if path.is_file() and path.name != "hub.toml"]


def test_p5_nothing_personal_lies_open(ran: World) -> None:
    with ran.hub() as hub:
        values = planted(hub)
    assert len(values) >= 50
    names = {path.name for path in _files(ran)}
    assert {"log.db", "store.db", "vault.db", "hub.stderr", "output.txt"} <= names
    assert canary.search([*values, STRANGER, STRANGERS_HOME], _files(ran)) == []


def test_p5_no_text_of_a_caller_lies_open(ran: World) -> None:
    """Name and place nowhere; the number only where a person asked for it: in what `hub application list` says."""
    said = [path for path in _files(ran) if path.name == "output.txt"]
    stored = [path for path in _files(ran) if path not in said]
    assert canary.search([NUMBER, NAME, HOME], stored) == []
    assert canary.search([NAME, HOME], said) == []
    assert canary.search([NUMBER], said) == [(NUMBER, *said)], "the application was not taken"


def test_p5_the_search_would_find_a_leak_in_the_log(ran: World) -> None:
    with ran.hub() as hub:
        value = planted(hub)[0]
    with sqlite3.connect(ran.home / "store.db") as connection:
        connection.execute("CREATE TABLE leak (value TEXT)")
        connection.execute("INSERT INTO leak VALUES (?)", (value,))
    connection.close()
    assert canary.search([value], _files(ran)) != []

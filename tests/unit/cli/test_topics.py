"""``hub topics`` shows what is there, beside another process that writes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import cli
from hub.clock import SystemClock
from hub.errors import Misconfigured
from hub.logs import open_log
from hub.ports import Outgoing, RecordLog, TopicSpec
from hub.topics.declared import declared


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log.db"


@pytest.fixture
def log(url: str) -> Iterator[RecordLog]:
    opened = open_log(url, SystemClock())
    opened.create([TopicSpec("licence.business.received", 1), TopicSpec("planted", 2)])
    opened.writer("w").commit([Outgoing("planted", 1, b"k", b"v", [], 1)] * 3)
    yield opened
    opened.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["topics", *arguments], catch_exceptions=False)


def test_list_compares_with_what_is_declared(log: RecordLog, url: str) -> None:
    rows = {row["topic"]: row for row in map(json.loads, run("list", "--log", url, "--json").output.splitlines())}
    assert rows["planted"] == {"topic": "planted", "partitions": 2, "offsets": 3, "state": "not declared"}
    assert rows["licence.business.received"]["state"] == "as declared"
    assert rows["hub.cursors"]["state"] == "missing"
    assert "as declared" in run("list", "--log", url).output


def test_show_gives_the_bounds_of_each_partition(log: RecordLog, url: str) -> None:
    rows = [json.loads(line) for line in run("show", "planted", "--log", url, "--json").output.splitlines()]
    assert [(row["partition"], row["first"], row["end"]) for row in rows] == [(0, 0, 0), (1, 0, 3)]
    assert "next offset" in run("show", "planted", "--log", url).output


def test_an_unknown_topic_names_those_there_are(log: RecordLog, url: str) -> None:
    with pytest.raises(Misconfigured, match="planted"):
        run("show", "nothing", "--log", url)


def test_apply_creates_what_is_missing_once(url: str) -> None:
    assert "hub.cursors" in run("apply", "--log", url).output
    assert run("apply", "--log", url).output == "0 topics created\n"


def test_a_rehearsal_creates_nothing(url: str) -> None:
    assert "hub.cursors" in run("apply", "--dry-run", "--log", url).output
    assert f"{len(declared(1))} topics would be created" in run("apply", "--dry-run", "--log", url).output


def test_the_embedded_log_grants_nothing(url: str) -> None:
    with pytest.raises(Misconfigured, match="leave --acls out"):
        run("apply", "--acls", "--log", url)


def test_other_partitions_than_declared_are_told_and_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("apply", "--log", url)
    monkeypatch.setenv("HUB_PARTITIONS", "6")
    assert "partitions 1, not 6" in run("list", "--log", url, "--json").output
    with pytest.raises(Misconfigured, match="has 1 partitions, not 6"):
        run("apply", "--log", url)


def test_without_a_verb_it_lists(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HUB_LOG_URL", url)
    assert "missing" in run().output

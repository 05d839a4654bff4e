"""``hub replay`` shows committed records by offset, time and key, and nothing that is sealed (P5)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli import cli
from hub.clock import SystemClock
from hub.codec import wire
from hub.codec.catalogue import catalogue
from hub.errors import Misconfigured
from hub.logs import open_log
from hub.ports import Outgoing, RecordLog, TopicSpec

SECRET = b"what is sealed must not be shown"


def unreadable() -> bytes:
    """A value of a shipped schema that has a sealed field."""
    schema = catalogue().by_name("hub.unreadable")
    return wire.encode(schema.id, {entry["name"]: _some(entry) for entry in schema.json["fields"]})


def _some(entry: dict[str, Any]) -> Any:
    kind = entry["type"]
    if "default" in entry:
        return entry["default"]
    if entry["name"] == "ciphertext":
        return SECRET
    if isinstance(kind, dict) and kind["type"] == "record":
        return {inner["name"]: _some(inner) for inner in kind["fields"]}
    if isinstance(kind, dict) and kind["type"] == "array":
        return []
    if isinstance(kind, dict) and kind["type"] == "enum":
        return kind["symbols"][0]
    if kind in ("int", "long"):
        return 7
    return b"\x01" * (kind["size"] if isinstance(kind, dict) else 16) if kind != "string" else "text"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordLog]:
    monkeypatch.setenv("HUB_LOG_URL", f"sqlite:///{tmp_path}/log.db")
    opened = open_log(f"sqlite:///{tmp_path}/log.db", SystemClock())
    opened.create([TopicSpec("t", 2), TopicSpec("decoded", 1)])
    headers = [("ce_id", b"abc"), ("odd", b"\xff"), ("hub_cursor", b'{"at":[1]}'), ("hub_reasons", b"[not JSON")]
    opened.writer("w").commit(
        [Outgoing("t", n % 2, bytes([n % 4]), b"junk", headers, 1_700_000_000_000 + n * 1000) for n in range(20)]
        + [Outgoing("decoded", 0, b"\x00\xff", unreadable(), [], 0), Outgoing("decoded", 0, None, None, [], 0)]
    )
    yield opened
    opened.close()


def run(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(cli, ["replay", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def numbers(views: list[dict[str, Any]]) -> list[int]:
    return sorted(view["offset"] * 2 + view["partition"] for view in views)


def test_everything_and_by_offset_time_and_key(log: RecordLog) -> None:
    assert numbers(run("t")) == list(range(20))
    assert numbers(run("t", "--partition", "1", "--from-offset", "2", "--to-offset", "4")) == [5, 7]
    assert numbers(run("t", "--since", "2023-11-15T06:13:30", "--until", "2023-11-15T06:13:35")) == list(range(10, 15))
    assert numbers(run("t", "--since", "2023-11-14T22:13:30Z", "--until", "2023-11-14T22:13:35Z")) == [*range(10, 15)]
    assert numbers(run("t", "--key", "03")) == [3, 7, 11, 15, 19]
    assert numbers(run("t", "--limit", "3")) == [0, 2, 4]


def test_a_record_is_shown_whole(log: RecordLog) -> None:
    assert run("t", "--limit", "1") == [
        {
            "topic": "t", "partition": 0, "offset": 0, "time": "2023-11-14T22:13:20.000+00:00", "key": "00",
            "headers": {
                "ce_id": "abc", "odd": "ff", "hub_cursor": {"at": [1]}, "hub_reasons": b"[not JSON".hex(),
            },
            "schema": None, "value": {"unreadable": "UNREADABLE", "bytes": 4},
        }
    ]  # fmt: skip


def test_p5_a_value_is_decoded_and_what_is_sealed_stays_sealed(log: RecordLog) -> None:
    first, empty = run("decoded")
    assert first["schema"] == "hub.unreadable.v1"
    assert first["value"]["ciphertext"] == f"sealed, {len(SECRET)} bytes"
    assert (empty["key"], empty["value"]) == (None, None)
    printed = CliRunner().invoke(cli, ["replay", "decoded"]).output
    assert "00ff" in printed
    for text in (printed, json.dumps(first)):
        assert SECRET.hex() not in text
        assert SECRET.decode() not in text


def test_a_table_says_why_a_record_was_rejected_and_takes_nothing_for_markup(log: RecordLog) -> None:
    reasons = json.dumps([{"code": "EXPIRED", "field": "[/red]x"}]).encode()
    log.writer("w").commit([Outgoing("t", 0, b"k", b"", [("hub_reasons", reasons), ("ce_type", b"[bold]")], 0)])
    printed = CliRunner().invoke(cli, ["replay", "t", "--from-offset", "10"]).output
    assert "EXPIRED [/red]x" in printed
    assert "time (China)" in printed and "1970-01-01 08:00:00" in printed
    assert "[bold]" in printed


def test_usage_and_unknown_topics_are_told(log: RecordLog) -> None:
    assert CliRunner().invoke(cli, ["replay", "t", "--key", "xyz"]).exit_code == 2
    assert CliRunner().invoke(cli, ["replay", "t", "--since", "yesterday"]).exit_code == 2
    with pytest.raises(Misconfigured, match="there are: decoded, t"):
        run("no.such")

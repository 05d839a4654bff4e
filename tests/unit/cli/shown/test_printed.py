"""What a command prints cannot change a terminal, and JSON keeps its meaning."""

import io
import json
import sys

import pytest
from rich.console import Console
from rich.table import Table

from hub.cli.shown.console import console
from hub.cli.shown.printed import Printed, visible

HOSTILE = "王\x1b[2J\x1b]0;title\x07\x9b1A\u202e\u200b\x7f\ud800\r后\n\t"
BAD = set("\x1b\x07\x9b\u202e\u200b\x7f\ud800\r")


def test_a_stream_escapes_and_colours_pass() -> None:
    below = io.StringIO()
    stream = Printed(below)
    stream.write(f"\x1b[31m{HOSTILE}\x1b[0m\r\n")
    said = below.getvalue()
    assert said.startswith("\x1b[31m") and said.endswith("\x1b[0m\r\n")
    assert not BAD & set(said[5:-6])


def test_json_keeps_its_meaning() -> None:
    given = {"said": HOSTILE, "rare": "\ue5e5\u3000𠮷"}
    below = io.StringIO()
    Printed(below).write(json.dumps(given, ensure_ascii=False))
    assert json.loads(below.getvalue()) == given


def test_a_table_shows_what_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    below = io.StringIO()
    monkeypatch.setattr(sys, "stdout", below)
    table = Table("said")
    table.add_row(HOSTILE)
    console().print(table)
    assert not BAD & set(below.getvalue()) and "\\u001b[2J" in below.getvalue()


def test_rich_writes_below_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    below = io.StringIO()
    monkeypatch.setattr(sys, "stdout", Printed(below))
    assert Console().file is below


def test_a_plain_text_is_unchanged() -> None:
    assert visible("天津市 １２号\n[final].json") == "天津市 １２号\n[final].json"

"""``hub application place``: the findings about a site, and a named person's answer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import cli
from tests.casework import body

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *given, **more: CliRunner().invoke(cli, list(given), **more)


@pytest.fixture
def application_id(run: Run) -> str:
    found: str = json.loads(run("application", "submit", "-", "--json", input=json.dumps(body())).stdout)[
        "application_id"
    ]
    return found


def test_it_shows_what_was_found(run: Run, application_id: str) -> None:
    by = ("--person", "李明")
    assert json.loads(run("application", "place", application_id, *by, "--json").stdout)["items"] == []
    assert "不动产坐落" in run("application", "place", application_id, *by).output
    assert run("application", "place", "0" * 32, *by).exit_code == 1
    assert run("application", "place", application_id).exit_code == 2, "who looks is recorded"


def test_an_answer_needs_a_question_that_is_there_and_a_person(run: Run, application_id: str) -> None:
    answer = ("--answer", "YES", "--person", "李明")
    refused = run("application", "place", application_id, "--question", "1", *answer)
    assert (refused.exit_code, "NO_SUCH_QUESTION" in refused.output) == (1, True)
    for given in (("--answer", "YES"), ("--question", "1"), ("--note", "x")):
        assert run("application", "place", application_id, "--person", "李明", *given).exit_code == 2

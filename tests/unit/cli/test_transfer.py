"""``hub transfer``, as a newcomer runs it: without a server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import cli
from tests.transfers import ACCOUNT, SECOND_ACCOUNT, body, matter

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub.toml").write_text("[web]\nport = 0\n")

    def run(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(cli, ["transfer", *arguments], input=given)

    return run


def test_submit_show_list_story_and_cancel(run: Run) -> None:
    document = json.dumps(body(matter(accounts=[ACCOUNT, SECOND_ACCOUNT])))
    first = run("submit", "-", "--json", given=document)
    assert first.exit_code == 0, first.output
    one, two = (json.loads(line)["transfer_id"] for line in first.stdout.splitlines())
    assert run("submit", "-", "--json", given=document).stdout == first.stdout, "the same again (P2)"
    shown = run("show", "--channel", "gov-platform", "--external-no", "T-1", "--json").stdout.splitlines()
    assert [json.loads(line)["transfer_id"] for line in shown] == [one, two]
    assert json.loads(run("cancel", one, "--json").stdout)["state"] == "cancelled"
    listed = run("list", "--state", "cancelled", "--json").stdout.splitlines()
    assert [json.loads(line)["transfer_id"] for line in listed] == [one]
    assert "撤销" in run("show", one).stdout
    story = [json.loads(line)["what"] for line in run("story", one, "--json").stdout.splitlines()]
    assert story == ["transfer.submitted", "transfer.cancelled"]


def test_a_refusal_is_told_and_registers_nothing(run: Run) -> None:
    run("list")
    refused = run(
        "submit", "-", given=json.dumps(body(matter(), matter(new_holders=[{"name": "李娜"}], accounts=["1"])))
    )
    assert refused.exit_code == 1 and "FIELD_INVALID matters" in refused.stderr
    assert run("list", "--json").stdout == ""
    assert run("show", "00" * 16).exit_code == 1
    assert run("show", "--external-no", "none").exit_code == 1
    assert run("show", "x").exit_code == 2

"""``hub transfer``, as a newcomer runs it: without a server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub import settings as hub_settings
from hub.bootstrap import open_hub
from hub.cli import cli
from hub.web.server import serve
from tests.callers import token
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
    told = run("story", one).stdout
    assert "联合过户已登记" in told and "买卖" in told and told.count("PURCHASE") == 1
    assert "sealed" not in told and "用电过户已撤销" in told and "买卖" in run("show", one).stdout


def test_a_list_has_a_heading_for_each_cell(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    assert run("submit", "-", "--json", given=json.dumps(body())).exit_code == 0
    headings, *rows = (line for line in run("list").stdout.splitlines() if line.startswith(("┃", "│")))
    assert {row.count("│") for row in rows} == {headings.count("┃")}
    assert not any("None" in row or "due" in row for row in rows), "no limit is set, so there is no last day"


def objects(result: Result) -> list[dict[str, Any]]:
    """The JSON lines of an output; a hub that serves in this process writes its own lines beside them."""
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def test_the_same_over_http_with_a_token(run: Run) -> None:
    hub = open_hub(hub_settings.load())
    try:
        owned = {"purposes": ["joint-transfer"], "scopes": ["transfers:read", "transfers:write"]}
        there = ("--json", "--token", token(hub.store, hub.clock, **owned), "--url")
        with serve(hub) as url:
            document = json.dumps(body(matter(accounts=[ACCOUNT, SECOND_ACCOUNT])))
            found = run("submit", "-", *there, url, given=document)
            assert found.exit_code == 0, found.output
            assert objects(found) == objects(run("submit", "-", "--json", given=document)), "as on the store (P2)"
            one, two = (each["transfer_id"] for each in objects(found))
            assert objects(run("show", one, *there, url)) == objects(run("show", one, "--json"))
            numbered = run("show", "--channel", "gov-platform", "--external-no", "T-1", *there, url)
            assert [each["transfer_id"] for each in objects(numbered)] == [one, two]
            assert objects(run("cancel", two, *there, url))[0]["state"] == "cancelled"
            listed = run("list", "--state", "cancelled", *there, url)
            assert [each["transfer_id"] for each in objects(listed)] == [two]
            story = [each["what"] for each in objects(run("story", two, *there, url))]
            assert story[0] == "submitted"
            assert "联合过户已登记" in run("story", two, *there[1:], url).stdout
            twice = run("submit", "-", *there, url, given=json.dumps(body(number="T-3")))
            assert twice.exit_code == 1 and "TRANSFER_OPEN" in twice.stderr and one in twice.stderr
            beyond = run("submit", "-", *there, url, given=json.dumps(body(number="T-2", channel="counter")))
            assert beyond.exit_code == 1 and "CHANNEL_NOT_YOURS" in beyond.stderr
            for wrong in ("show", "story", "cancel"):
                assert run(wrong, "00" * 16, *there, url).exit_code == 1
    finally:
        hub.close()


def test_a_refusal_is_told_and_registers_nothing(run: Run) -> None:
    run("list")
    refused = run(
        "submit", "-", given=json.dumps(body(matter(), matter(new_holders=[{"name": "李娜"}], accounts=["1"])))
    )
    assert refused.exit_code == 1 and "FIELD_INVALID matters.1.accounts.0 内容不符合要求。" in refused.stderr
    assert run("list", "--json").stdout == ""
    assert "没有此过户。 There is no such transfer." in run("show", "00" * 16).stderr
    assert run("show", "--external-no", "none").exit_code == 1
    assert run("show", "x").exit_code == 2

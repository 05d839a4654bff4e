"""``hub policy``: the policy's tables, as an operator reads and tries them."""

import json
from collections.abc import Callable
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import open_hub
from hub.cases import policy
from hub.cases.by import By
from hub.cases.policies.files import POLICY_BYTES_MAX
from hub.cli import cli
from hub.errors import Misconfigured
from hub.settings import load
from tests.casework import body
from tests.unit.cases.policies.test_files import following

Run = Callable[..., Result]
TEXT = resources.files("hub.cases").joinpath("policies/2022.toml").read_text("utf-8")

NEXT = following().replace("{ effective_from = 2026-01-01", "{ effective_from = 2022-01-01")
"""The table of 2022 as the one of 2026; the national ceilings have their own days."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *given, **more: CliRunner().invoke(cli, list(given), **more)


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_list_says_which_table_is_in_force_and_that_its_end_is_over(run: Run) -> None:
    former, newest = lines(run("policy", "list", "--json"))
    assert (former["version"], former["state"], former["successor"]) == ("tianjin-2021", "over", "tianjin-2022")
    assert newest["state"] == "in force after its end: no successor is known"


def test_show_prints_limits_materials_and_money_and_no_number_where_none_is_set(run: Run) -> None:
    shown = run("policy", "show", "tianjin-2022")
    assert shown.exit_code == 0, shown.output
    for said in ("HIGH_35KV no limit set", "HIGH_20KV 10", "竣工图纸", "零投资"):
        assert said in shown.output.replace("\n", " "), said
    (plain,) = lines(run("policy", "show", "tianjin-2021", "--json"))
    assert plain["version"] == "tianjin-2021"
    assert isinstance(run("policy", "show", "tianjin-1999").exception, Misconfigured)


def test_diff_takes_versions_and_files_and_exits_1_when_they_differ(run: Run, tmp_path: Path) -> None:
    found = run("policy", "diff", "tianjin-2021", "tianjin-2022", "--json")
    assert found.exit_code == 1
    assert {"place": "case.high-dual.total", "before": "30", "after": "25"} in lines(found)
    (tmp_path / "new.toml").write_text(TEXT, "utf-8")
    assert run("policy", "diff", "tianjin-2022", "new.toml").exit_code == 0
    unknown = run("policy", "diff", "tianjin-2022", "tianjin-1999")
    assert (unknown.exit_code, "is no version" in unknown.output) == (2, True)


def test_p4_try_says_what_a_new_table_would_change_for_open_cases_and_changes_none(run: Run, tmp_path: Path) -> None:
    first = run("application", "submit", "-", "--json", input=json.dumps(body()))
    assert first.exit_code == 0, first.output
    before = json.loads(first.stdout)["clock"]
    (tmp_path / "new.toml").write_text(NEXT.replace("whole_process = 7\n", "whole_process = 5\n"), "utf-8")
    tried = run("policy", "try", "new.toml", "--json")
    (found,) = lines(tried)
    assert tried.exit_code == 1, tried.output
    assert found["limits"] == [{"limit": "whole process", "before": 7, "after": 5}]
    assert (found["cases"], found["earlier"], found["later"]) == (1, 1, 0)
    (shown,) = lines(run("application", "show", json.loads(first.stdout)["application_id"], "--json"))
    assert shown["clock"] == before
    (tmp_path / "same.toml").write_text(NEXT, "utf-8")
    same = run("policy", "try", "same.toml", "--json")
    assert same.exit_code == 0, same.output
    (tmp_path / "within.toml").write_text(following(since="2022-06-01"), "utf-8")
    refused = run("policy", "try", "within.toml").exception
    assert isinstance(refused, Misconfigured) and "is in force until 2022-12-31" in str(refused)
    payable = NEXT.replace("fee = { free = true", "fee = { free = false")
    assert payable != NEXT
    (tmp_path / "payable.toml").write_text(payable, "utf-8")
    tried = run("policy", "try", "payable.toml", "--json")
    assert tried.exit_code == 1, tried.output
    assert [one["entries"] for one in lines(tried)] == [[{"place": "fee.free", "before": "True", "after": "False"}]]
    assert "fee.free" in run("policy", "try", "payable.toml").output.replace("\n", "")


def test_the_tables_of_policies_dir_are_known_to_every_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "hub.toml").write_text('policies_dir = "tables"\n', "utf-8")
    file = tmp_path / "tables/next.toml"
    file.write_text(following().replace("whole_process = 7\n", "whole_process = 6\n"), "utf-8")
    versions = [one["version"] for one in lines(run("policy", "list", "--json"))]
    assert versions == ["tianjin-2021", "tianjin-2022", "tianjin-2026"]
    (shown,) = lines(run("policy", "show", "tianjin-2026", "--json"))
    assert shown["predecessor"] == "tianjin-2022"
    changed = lines(run("policy", "diff", "tianjin-2022", "tianjin-2026", "--json"))
    assert {"place": "case.low-sanling.whole_process", "before": "7", "after": "6"} in changed
    first = run("application", "submit", "-", "--json", input=json.dumps(body()))
    assert json.loads(first.stdout)["clock"]["policy"] == "tianjin-2026", first.output
    assert run("policy", "try", str(file)).exit_code == 0
    file.write_text(following(), "utf-8")
    with closing(open_hub(load())) as hub:
        hub.check_policies()
    file.unlink()
    started = run("run", "--no-web")
    assert isinstance(started.exception, Misconfigured)
    assert "began with the policy table tianjin-2026, which this hub has not" in str(started.exception)
    policy.install(None)


@pytest.mark.parametrize("content", ["", "x = 1", "# " + "x" * POLICY_BYTES_MAX])
def test_a_file_that_is_no_table_is_refused(run: Run, tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.toml").write_text(content)
    assert isinstance(run("policy", "try", "bad.toml").exception, Misconfigured)


def test_application_materials_prints_what_is_listed_and_what_is_missing(run: Run) -> None:
    first = run("application", "submit", "-", "--json", input=json.dumps(body(sanling=False, voltage="HIGH_10KV")))
    application_id = json.loads(first.stdout)["application_id"]
    shown = run("application", "materials", application_id)
    assert shown.exit_code == 0, shown.output
    assert "工程竣工报告" in shown.output
    assert "MISSING" in shown.output
    (plain,) = lines(run("application", "materials", application_id, "--json"))
    assert plain["case_type"] == "high-single"
    assert run("application", "materials", "0" * 32).exit_code == 1


def test_p6_the_customer_and_the_counter_read_the_one_time_notice(run: Run) -> None:
    first = run("application", "submit", "-", "--json", input=json.dumps(body(sanling=False, voltage="HIGH_10KV")))
    application_id = json.loads(first.stdout)["application_id"]
    with closing(open_hub(load())) as hub:
        asked = {"segment": "completion", "items": [{"material": "completion-report", "defect": "UNREADABLE"}]}
        hub.materials().ask(bytes.fromhex(application_id), asked, By("cli:test"))
    for verb in ("materials", "progress"):
        shown = run("application", verb, application_id)
        assert shown.exit_code == 0, shown.output
        assert "工程竣工报告（含竣工图纸） UNREADABLE" in shown.output.replace("\n", " "), verb

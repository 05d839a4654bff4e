"""``hub connectors``: what it shows is true, what it orders happens, and nothing personal is on the screen."""

import json
import re
import threading
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select

from hub.bootstrap import open_hub
from hub.cli import cli
from hub.cli.parts.applications import by_user
from hub.cli.parts.looking import _opened
from hub.codec import wire
from hub.delivery.tables import sink_trouble
from hub.errors import Misconfigured
from hub.ingest.control import RUNNING, STOPPED, Reports
from hub.settings import load
from hub.stores.tables import outbox
from hub.topics.declared import ACCESS_EVENTS
from sandbox import launch
from sandbox.launch import Running
from tests.feeding import connectors, feeding, ids, received, until

LICENCES, TITLES = "business_licence", "property_title"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with launch.start(8, 60, tmp_path_factory.mktemp("world"), defect_share=0.0, duplicate_share=0.0) as running:
        yield running


@pytest.fixture
def sandbox(world: Running) -> Iterator[Running]:
    yield world
    for name in (LICENCES, TITLES):
        world.clear(name)


@pytest.fixture
def config(sandbox: Running, tmp_path: Path) -> Path:
    lines = [f'{what}_url = "sqlite:///{tmp_path}/{what}.db"' for what in ("log", "store", "vault")]
    lines += ["partitions = 2", f'master_key_file = "{tmp_path}/master.key"', f'grants = "{sandbox.grants}"']
    for name, table in connectors(sandbox, LICENCES, TITLES, "utility_crm").items():
        lines += [f"[connectors.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    file = tmp_path / "hub.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file


def hub(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "connectors", *arguments])


def shown(result: Result) -> Any:
    assert result.output, result.exception
    # A feed of the same process may log between.
    (told,) = [line for line in result.output.splitlines() if line.startswith(("{", "["))]
    return json.loads(told)


def test_list_names_every_connector_and_whether_it_is_configured(config: Path) -> None:
    found = {one["name"]: one for one in shown(hub(config, "list", "--json"))}
    assert found[LICENCES]["configured"] and found[LICENCES]["lookup_by"] == ["uscc"]
    assert found["utility_crm"]["direction"] == "sink"
    assert LICENCES in hub(config, "list").output


@pytest.mark.parametrize("name", [LICENCES, TITLES])
def test_probe_writes_nothing_and_shows_forms_only(config: Path, sandbox: Running, name: str) -> None:
    """P5: nobody can be recognised; and no log, table or key is made."""
    before = set(config.parent.iterdir())
    result = hub(config, "probe", name, "--limit", "7", "--json")
    found = shown(result)
    assert result.exit_code == 0
    assert len(found["rows"]) == 7
    assert (found["strange_columns"], found["missing_columns"], found["unknown_codes"]) == ([], [], [])
    assert set(config.parent.iterdir()) == before
    text = hub(config, "probe", name, "--limit", "20").output + result.output
    for line in sandbox.applications.read_text("utf-8").split('"'):
        assert len(line) < 16 or not line[:6].isdigit() or line not in text
    assert "天津市南开区" not in text and "9999-99-99" in text


def test_probe_names_new_and_missing_columns_and_unknown_codes(config: Path, sandbox: Running) -> None:
    sandbox.fault(LICENCES, "extra_field")
    found = shown(hub(config, "probe", LICENCES, "--json"))
    assert found["strange_columns"] == ["ext_hylb"]
    sandbox.clear(LICENCES)
    sandbox.fault(LICENCES, "renamed_field")
    result = hub(config, "probe", LICENCES)
    assert result.exit_code == 1
    assert "missing       opscope" in result.output and "new column    jyfw" in result.output
    assert "SHAPE_MISSING enterprise.business_scope" in result.output


def test_probe_asks_for_no_more_rows_in_a_page_than_the_source_gives(config: Path) -> None:
    before = config.read_text("utf-8")
    for size, wanted, asked in (("3", 20, 3), ('"3"', 20, 3), ("50", 20, 20)):
        config.write_text(re.sub(r"page_rows = \d+", f"page_rows = {size}", before), "utf-8")
        with _opened(config, LICENCES, wanted) as (source, _):
            assert source.context.limits.page_rows == asked


def test_ask_shows_forms_and_needs_a_purpose_that_the_grant_has(config: Path, sandbox: Running) -> None:
    """P3, P5: a look-up by hand is one with a purpose, and shows no personal value."""
    entries = json.loads(sandbox.applications.read_text("utf-8"))
    code = next(one["body"]["applicant"]["uscc"] for one in entries if "uscc" in one["body"]["applicant"])
    how = ["--by", "uscc", "--purpose", "connection-application", "--basis", "consent", "--json"]
    result = CliRunner().invoke(
        cli, ["--config", str(config), "connectors", "ask", LICENCES, "--value", "-", *how], input=f"{code}\n"
    )
    found = shown(result)
    assert result.exit_code == 0
    assert [row["record"]["status"] for row in found["rows"]] == ["CURRENT"]
    assert code not in result.output and "99" in found["rows"][0]["record"]["enterprise"]["uscc"]
    how[3] = "advertising"
    refused = hub(config, "ask", LICENCES, "--value", code, *how)
    assert refused.exit_code == 1 and "PURPOSE_NOT_GRANTED" in str(refused.exception)
    nothing = hub(
        config, "ask", LICENCES, "--value", "91110000600037341L", *how[:3], "connection-application", *how[4:6]
    )
    assert nothing.exit_code == 0 and "nothing found" in nothing.output


def test_p3_questions_by_hand_count_in_the_day_s_quota_of_all_hubs(config: Path, sandbox: Running) -> None:
    """A call beyond the grant is not made: each command is a process of its own, and all count in one book."""
    text = config.read_text("utf-8").replace(f"[connectors.{LICENCES}]", f"[connectors.{LICENCES}]\ncalls_a_day = 3")
    config.write_text(text, "utf-8")
    open_hub(load(config)).close()
    how = ["--by", "uscc", "--value", "91110000600037341L", "--purpose", "connection-application", "--basis", "consent"]
    done = [hub(config, "ask", LICENCES, *how) for _ in range(3)]
    assert [one.exit_code for one in done] == [0, 0, 0], done[0].exception
    refused = hub(config, "ask", LICENCES, *how)
    assert refused.exit_code == 1 and "no calls are left" in str(refused.exception)


def test_p4_a_question_by_hand_leaves_an_event_without_a_value(config: Path) -> None:
    open_hub(load(config)).close()
    code = "91110000600037341L"
    why = ["--by", "uscc", "--value", code, "--purpose", "connection-application", "--basis"]
    assert hub(config, "ask", LICENCES, *why, "consent").exit_code == 0
    assert hub(config, "ask", LICENCES, *why, code).exit_code == 0
    assert hub(config, "ask", LICENCES, "--by", "address", *why[2:], "consent").exit_code == 1
    with closing(open_hub(load(config))) as opened, opened.store.read() as connection:
        values = [bytes(row.value) for row in connection.execute(select(outbox)) if row.topic == ACCESS_EVENTS]
    assert not any(code.encode() in value for value in values)
    said = [wire.decode(value)[1] for value in values]
    assert {one["by"]["principal"] for one in said} == {by_user().principal}
    assert [(one["source"], one["legal_basis"], one["code"]) for one in said] == [
        (LICENCES, "consent", None), (LICENCES, None, None), (LICENCES, "consent", "LOOKUP_UNSUPPORTED"),
    ]  # fmt: skip


def test_status_of_what_nobody_runs_is_unassigned(config: Path) -> None:
    found = shown(hub(config, "status", "--json"))
    states = {(one["name"], one["type"]): one["connector"]["state"] for one in found}
    assert states == {
        (LICENCES, "source"): "UNASSIGNED",
        (TITLES, "source"): "UNASSIGNED",
        ("utility_crm", "sink"): "UNASSIGNED",
    }
    assert all(one.keys() >= {"name", "connector", "tasks", "type"} for one in found)


def test_status_of_a_sink_says_what_failed_last_and_for_which_application(config: Path) -> None:
    with closing(open_hub(load(config))) as opened:
        told = {"trouble": "HTTP 404", "remedy": "compare the url", "trouble_ms": 1, "case_id": b"c" * 16}
        with opened.store.write() as connection:
            connection.execute(insert(sink_trouble), {"sink": "utility_crm", **told})
    (one,) = shown(hub(config, "status", "utility_crm", "--json"))
    assert (one["type"], one["progress"]["trouble"], one["progress"]["remedy"]) == (
        "sink", "HTTP 404", "compare the url",
    )  # fmt: skip
    hub(config, "status")  # another table of the same process
    said = " ".join(hub(config, "status", "utility_crm").output.split())
    assert "HTTP 404" in said and "over;" in said


def test_orders_reach_a_running_hub_and_its_place_can_be_set_while_stopped(
    config: Path, sandbox: Running, tmp_path: Path
) -> None:
    with feeding(tmp_path, connectors(sandbox, LICENCES)) as (running, task):
        reports = Reports(running.store, running.clock)

        def is_in(state: str) -> bool:
            report = reports.get(LICENCES)
            return report is not None and report.state == state

        until(task, lambda: len(received(running, "licence.business")) == 60)
        until(task, lambda: shown(hub(config, "status", LICENCES, "--json"))[0]["progress"]["rows"] == 60)
        refused = hub(config, "offsets", LICENCES, "--reset")
        assert isinstance(refused.exception, Misconfigured)
        assert hub(config, "stop", LICENCES).exit_code == 0
        until(task, lambda: is_in(STOPPED))
        place = shown(hub(config, "offsets", LICENCES, "--json"))["cursor"]
        assert shown(hub(config, "offsets", LICENCES, "--reset", "--json"))["next"] is None
        assert hub(config, "resume", LICENCES).exit_code == 0
        until(task, lambda: ids(running, "licence.business").total() >= 120)
        until(task, lambda: is_in(RUNNING))
        assert set(ids(running, "licence.business").values()) == {2}
        assert shown(hub(config, "offsets", LICENCES, "--json")) == {"name": LICENCES, "cursor": place}


def test_the_last_trouble_of_a_source_stays_when_it_is_over(config: Path, sandbox: Running, tmp_path: Path) -> None:
    """A source that failed in the night is known in the morning, also after a restart of the hub."""
    tables = connectors(sandbox, LICENCES)
    sandbox.fault(LICENCES, "unavailable")
    with feeding(tmp_path, tables) as (running, task):
        until(task, lambda: progress(config)["failures"] > 0)
        now = progress(config)
        assert now["trouble"] == now["last_trouble"] != ""
        sandbox.clear(LICENCES)
        hub(config, "restart", LICENCES)
        until(task, lambda: progress(config)["rows"] == 60)
    with feeding(tmp_path, tables) as (running, task):
        until(task, lambda: bool(progress(config)["fetched_ms"]))
        later = progress(config)
        assert (later["trouble"], later["failures"]) == ("", 0)
        assert later["last_trouble"] == now["last_trouble"]
        assert later["last_trouble_ms"] >= now["last_trouble_ms"] > 0
        told = " ".join(hub(config, "status", LICENCES).output.split())
        assert "over; last at" in told
        assert running.clock.process_ms() >= later["last_trouble_ms"]


def progress(config: Path) -> dict[str, Any]:
    found: dict[str, Any] = shown(hub(config, "status", LICENCES, "--json"))[0]["progress"]
    return found


@pytest.mark.slow
def test_rows_that_were_seen_come_again_only_when_they_are_forgotten(
    config: Path, sandbox: Running, tmp_path: Path
) -> None:
    tables = connectors(sandbox, TITLES)
    for arguments, total in (((), 59), (("--reset",), 59), (("--reset", "--forget"), 118)):
        if arguments:
            hub(config, "stop", TITLES)
            assert hub(config, "offsets", TITLES, *arguments).exit_code == 0
            hub(config, "resume", TITLES)
        with feeding(tmp_path, tables) as (running, task):
            reports = Reports(running.store, running.clock)

            def idle(reports: Reports = reports) -> bool:
                report = reports.get(TITLES)
                return bool(report and report.state == RUNNING and report.fetched_ms and not report.behind_ms)

            until(task, idle)
            until(task, lambda total=total, running=running: len(received(running, "licence.property-title")) == total)  # type: ignore[misc]
            for _ in range(3):
                task.step()
            assert len(received(running, "licence.property-title")) == total


@pytest.mark.parametrize("arguments", [("pause", "nobody"), ("status", "nobody"), ("pause", "utility_crm")])
def test_what_is_no_source_is_told(config: Path, arguments: tuple[str, ...]) -> None:
    result = hub(config, *arguments)
    assert isinstance(result.exception, Misconfigured)


def test_a_cursor_that_is_none_is_refused(config: Path) -> None:
    hub(config, "stop", LICENCES)
    assert hub(config, "offsets", LICENCES, "--set", "[1]").exit_code == 2
    assert hub(config, "offsets", LICENCES, "--set", "{}", "--reset").exit_code == 2


def test_rows_to_read_again_are_named_by_keys_or_by_time(config: Path) -> None:
    refused = hub(config, "reread", TITLES)
    assert "name either --keys, or --since and --until" in refused.output
    assert hub(config, "reread", TITLES, "--keys", "a", "--since", "2026-03-02").exit_code == 2
    found = json.loads(hub(config, "reread", TITLES, "--since", "2000-01-01", "--json").stdout)
    assert found["read"] == found["sent"] > 0
    assert json.loads(hub(config, "reread", TITLES, "--keys", "nothing", "--json").stdout)["missing"] == 1
    assert "--reset --forget" in str(hub(config, "reread", LICENCES, "--keys", "a").exception)


def test_reload_compares_what_the_running_hubs_have(config: Path) -> None:
    assert "no hub is running" in hub(config, "reload", TITLES).output
    with closing(open_hub(load(config))) as running:
        task = running.reload_task()
        task.step()
        stop = threading.Event()
        thread = threading.Thread(target=lambda: [task.step() for _ in iter(stop.is_set, True)])
        thread.start()
        try:
            same = hub(config, "reload", TITLES, "--json")
            assert [one["same"] for one in shown(same)["hubs"]] == [True]
            assert same.exit_code == 0
            config.write_text(config.read_text("utf-8").replace("lag_s = 0.5", "lag_s = 0.6"), "utf-8")
            running.connectors._settings._file = None  # a hub whose own file is as before
            other = hub(config, "reload", TITLES)
            assert other.exit_code == 1
            assert "other settings" in other.output
        finally:
            stop.set()
            thread.join()
    assert "configured: " in str(hub(config, "reload", "nothing").exception)


def test_lint_names_file_key_and_remedy_and_makes_no_call(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "heat"
    (folder / "samples").mkdir(parents=True)
    (folder / "connector.toml").write_text('name = "heat"\ncolour = 1\n', "utf-8")
    done = hub(config, "lint", str(folder), "--json")
    found = {(one["file"], one["key"]) for one in json.loads(done.stdout)}
    assert done.exit_code == 1
    assert {("connector.toml", "colour"), ("connector.toml", "title"), ("mapping.toml", "")} <= found
    assert "colour" in hub(config, "lint", str(folder)).output


def test_lint_says_that_a_purpose_of_the_grant_is_none(config: Path, tmp_path: Path) -> None:
    text = config.read_text("utf-8")
    given = Path(tomllib.loads(text)["grants"]).read_text("utf-8")
    (tmp_path / "grants.toml").write_text(given.replace("connection-application", "用电报装"), "utf-8")
    config.write_text(re.sub(r"grants = .*", 'grants = "grants.toml"', text), "utf-8")
    done = hub(config, "lint", LICENCES, "--json")
    (found,) = [one for one in shown(done) if one["grave"]]
    assert (done.exit_code, found["file"], found["key"]) == (1, "grants", "purposes")
    assert "connection-application" in found["remedy"]


def test_lint_of_an_unknown_name_says_what_is_installed(config: Path) -> None:
    with pytest.raises(Misconfigured, match="installed are business_licence"):
        raise hub(config, "lint", "no-such-connector").exception or AssertionError

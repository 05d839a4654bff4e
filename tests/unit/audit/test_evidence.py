"""``hub audit evidence``: what certificates say of each other, and what changed after its delivery, as an auditor reads
it: each time the same bytes, no personal value, no formula (P4, P5)."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub
from hub.cases.by import By
from hub.cases.calendar import china_day
from hub.cases.tables import piece
from hub.cli import cli
from hub.clock import CHINA, SystemClock
from tests import samples
from tests.casework import body
from tests.e2e.recalling import electricity_on, read
from tests.feeding import flow
from tests.unit.cli.test_audit import SETTINGS, table

PRIVATE = (samples.USCC, samples.UNIT_NO, samples.PERSON, samples.OTHER_PERSON, "津门电气", "王伟", "李娜", "2020)和平")
STAGES = ("verify", "project", "due", "relay")


@pytest.fixture
def midday(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noon in China: what a system has a minute after a decision, it has before the end of the day."""
    now, process_ms = SystemClock.now, SystemClock.process_ms
    began = SystemClock().now()
    ahead = datetime.combine(china_day(began), time(12), CHINA) - began
    monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + ahead)
    monkeypatch.setattr(SystemClock, "process_ms", lambda clock: process_ms(clock) + ahead // timedelta(milliseconds=1))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, midday: None) -> Iterator[Hub]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub.toml").write_text(SETTINGS, "utf-8")
    opened = open_hub(hub_settings.load(None))
    yield opened
    opened.close()


def run(hub: Hub, *arguments: str) -> Result:
    today = china_day(hub.clock.now())
    days = ("--from", (today - timedelta(days=1)).isoformat(), "--to", today.isoformat())
    done = CliRunner().invoke(cli, ["audit", "evidence", *days, *arguments])
    assert done.exit_code == 0, done.output
    assert not any(one in done.stdout for one in PRIVATE)
    return done


def acknowledged(hub: Hub, after_ms: int) -> None:
    """Every sink has what it was told, so long after it was decided."""
    with hub.store.write() as connection:
        ended = {"state": "acknowledged", "ended_ms": piece.c.decided_ms + after_ms}
        connection.execute(update(piece).where(piece.c.state == "pending").values(**ended))


def lived(hub: Hub) -> dict[str, bytes]:
    """Two applications for one title: of the first, electricity is on when the title ends. Its holder is another."""
    read(hub, samples.title())
    who = {"uscc": "91350100M000100Y43", "name": "津门电气有限公司"}
    named: dict[str, Any] = {"A-1": {}, "A-2": {"applicant": who}}
    ids = {name: hub.applications().submit(body(name, **more), By("cli:test")).case_id for name, more in named.items()}
    flow(hub, *STAGES)
    acknowledged(hub, 1_000)
    read(hub, *electricity_on(hub, ids["A-1"]))
    flow(hub, *STAGES)
    read(hub, samples.title(version=hub.clock.now_ms()) | {"status": "REVOKED"})
    flow(hub, *STAGES)
    return ids


def test_findings_and_changes_are_told_with_versions_both_times_and_when_each_system_had_it(hub: Hub) -> None:
    ids = lived(hub)
    acknowledged(hub, 2_000)
    rows = [json.loads(one) for one in run(hub, "--json").stdout.splitlines()]
    told = {(one["what"], one["application_id"]): one for one in rows}
    assert {what for what, _ in told} == {"AGREEMENT", "WITHDRAWAL", "NOTICE"}
    finding = told["AGREEMENT", ids["A-1"].hex()]
    assert (finding["about"], finding["result"], finding["why"]) == ("APPLICANT_HOLDER", "AGREES", "NUMBER")
    assert told["AGREEMENT", ids["A-2"].hex()]["result"] == "DIFFERS"
    (version,) = finding["versions"]
    assert (version["source"], version["version"], version["changed_at"]) == ("property_title", 1, None)
    for what, name in (("NOTICE", "A-1"), ("WITHDRAWAL", "A-2")):
        change = told[what, ids[name].hex()]
        assert (change["about"], change["result"], change["why"]) == (
            "licence.property-title",
            "NOT_CURRENT",
            "REVOKED",
        )
        assert change["changed_at"] <= change["learned_at"] <= change["told"][0]["had_at"]
        assert [one["record_id"] for one in change["versions"]] == [
            version["record_id"],
            change["versions"][1]["record_id"],
        ]
        assert change["late"] is False


@pytest.mark.parametrize("had", [True, False])
def test_what_a_system_had_late_or_has_not_is_late(hub: Hub, had: bool) -> None:
    lived(hub)
    if had:
        acknowledged(hub, 61_000)
    rows = [json.loads(one) for one in run(hub, "--late", "--json").stdout.splitlines()]
    assert sorted(one["what"] for one in rows) == ["NOTICE", "WITHDRAWAL"]
    assert {one["told"][0]["state"] for one in rows} == {"acknowledged" if had else "pending"}


def test_p4_the_same_days_give_the_same_bytes_and_a_sheet_runs_nothing(hub: Hub) -> None:
    lived(hub)
    first = run(hub).stdout
    assert first == run(hub).stdout
    rows = table(first)
    assert {one["changed_at"] == "" for one in rows if one["what"] == "AGREEMENT"} == {True}
    assert all(one["versions"].endswith("来源未提供变更时间") for one in rows if one["what"] == "AGREEMENT")
    cells = [one for row in csv.reader(io.StringIO(first.removeprefix("\ufeff"))) for one in row]
    assert not [one for one in cells if one.startswith(("=", "+", "-", "@"))]


def test_p4_a_finding_that_a_later_one_replaced_is_there_and_other_days_have_none(hub: Hub) -> None:
    title = samples.title()
    next(one for one in title["holders"] if one["id_type"] == "USCC")["name"] = "津门电器厂"
    read(hub, title)
    hub.applications().submit(body("A-1"), By("cli:test"))
    flow(hub, *STAGES)
    read(hub, samples.title(version=2))
    flow(hub, *STAGES)
    rows = [json.loads(one) for one in run(hub, "--json").stdout.splitlines()]
    assert [(one["result"], one["why"]) for one in rows if one["what"] == "AGREEMENT"] == [
        ("UNKNOWN", "NAME_DIFFERS"),
        ("AGREES", "NUMBER"),
    ]
    days = ("--from", "2026-01-01", "--to", "2026-01-02")
    assert CliRunner().invoke(cli, ["audit", "evidence", *days, "--json"]).stdout == ""

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
from tests.transfers import HEIR, NEW, matter, unit
from tests.transfers import body as transfer
from tests.unit.cli.test_audit import SETTINGS, table

PRIVATE = (
    samples.USCC,
    samples.UNIT_NO,
    samples.PERSON,
    samples.OTHER_PERSON,
    "津门电气",
    "王伟",
    "李娜",
    "2020)和平",
    HEIR["name"],
)
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


HELD, OPEN, MOVED = samples.UNIT_NO, unit(4), unit(5)
"""Units of an application with electricity on, of a transfer that stays open, and of one that is entered."""


def bought(hub: Hub, who: dict[str, Any], unit_no: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    """The title of a unit that was entered today for someone else."""
    title = samples.title(f"bought-{unit_no}", version, unit_no)
    number = f"津(2026)和平区不动产权第{unit_no[-7:]}号"
    title["unit"] |= {"title_no": number, "issued_on": china_day(hub.clock.now()), "co_ownership": "SOLE"}
    holder = {"name": who["name"], "id_type": "RESIDENT_ID", "id_number": who["resident_id"], "share": None}
    return title | {"holders": [holder]} | changes


def reported(hub: Hub, transfer_id: bytes) -> dict[str, Any]:
    number = hub.parts.references("utility_crm").hub_number(transfer_id)
    return samples.transfer_report("R-1", number, "CLEAR", 1, occurred_at_ms=hub.clock.now_ms())


def days_pass(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    now, process_ms = SystemClock.now, SystemClock.process_ms
    monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + timedelta(days=days))
    monkeypatch.setattr(SystemClock, "process_ms", lambda clock: process_ms(clock) + days * 86_400_000)


def declare(hub: Hub) -> None:
    """A transfer of the unit with electricity on; the same one again is the same."""
    seller, buyer = {"name": "津门电气有限公司", "uscc": samples.USCC}, HEIR | {"confirmed": True}
    one = matter(unit_no=HELD, old_holders=[seller], new_holders=[buyer])
    hub.transfers().submit(transfer(one, number="T-3"), By("cli:test"))
    flow(hub, *STAGES)


def moved(hub: Hub, monkeypatch: pytest.MonkeyPatch, declared: str = "") -> dict[str, bytes]:
    """Titles went to others 40 days ago. Now the sinks are told, and two of the titles are cancelled. ``declared``: a
    transfer of the first one was, "before" or "after" that."""
    read(hub, samples.title())
    ids = {"A-1": hub.applications().submit(body("A-1"), By("cli:test")).case_id}
    for name, unit_no in (("T-1", OPEN), ("T-2", MOVED)):
        (ids[name],) = hub.transfers().submit(transfer(matter(unit_no=unit_no), number=name), By("cli:test")).case_ids
    flow(hub, *STAGES)
    acknowledged(hub, 1_000)
    read(hub, *electricity_on(hub, ids["A-1"]), reported(hub, ids["T-2"]))
    flow(hub, *STAGES)
    acknowledged(hub, 1_000)
    titles = bought(hub, HEIR, HELD), bought(hub, HEIR, OPEN), bought(hub, NEW, MOVED)
    read(hub, *titles)
    flow(hub, *STAGES)
    acknowledged(hub, 1_000)
    if declared == "before":
        declare(hub)
    days_pass(monkeypatch, 40)
    flow(hub, *STAGES)
    acknowledged(hub, 2_000)
    if declared:
        declare(hub)
        read(
            hub, titles[0] | {"source": titles[0]["source"] | {"version": hub.clock.now_ms()}}
        )  # it is looked at again
        flow(hub, *STAGES)
        return ids
    for one in (titles[0], titles[2]):
        read(hub, one | {"status": "CANCELLED", "source": one["source"] | {"version": hub.clock.now_ms()}})
    flow(hub, *STAGES)
    return ids


def test_titles_that_went_on_without_their_account_are_told_with_both_times_and_their_acknowledgement(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, entered_on = moved(hub, monkeypatch), china_day(hub.clock.now()) - timedelta(days=40)
    rows = [json.loads(one) for one in run(hub, "--json").stdout.splitlines()]
    told = {one["what"]: one for one in rows}
    assert sorted(one["what"] for one in rows) == ["HANDOVER", "HANDOVER_BACK", "TRANSFER_NOTICE", "TRANSFER_RECALL"]
    for what, name in (("HANDOVER", "A-1"), ("HANDOVER_BACK", "A-1")):
        assert (told[what]["application_id"], told[what]["transfer_id"]) == (ids[name].hex(), None)
    for what, name in (("TRANSFER_NOTICE", "T-1"), ("TRANSFER_RECALL", "T-2")):
        assert (told[what]["application_id"], told[what]["transfer_id"]) == (None, ids[name].hex())
        assert told[what]["numbers"] == hub.parts.references("utility_crm").hub_number(ids[name])
    for what in ("HANDOVER", "TRANSFER_NOTICE"):
        one = told[what]
        assert (one["result"], one["changed_at"]) == ("UNDECLARED", entered_on.isoformat())
        assert one["learned_at"] == one["versions"][0]["learned_at"] < one["at"] < one["told"][0]["had_at"]
        assert one["learned_at"][:10] == entered_on.isoformat(), "when the title was verified, before these days"
        assert (one["told"][0]["state"], one["late"]) == ("acknowledged", False)
    for what in ("HANDOVER_BACK", "TRANSFER_RECALL"):
        one = told[what]
        assert (one["about"], one["result"], one["why"]) == ("licence.property-title", "NOT_CURRENT", "CANCELLED")
        assert one["changed_at"] <= one["learned_at"] <= one["at"]
        assert [each["version"] for each in one["versions"]] == [1, one["versions"][1]["version"]]
        assert [each["state"] for each in one["told"]] == ["pending"], "no system has it yet"
    cells = {one["what"]: one for one in table(run(hub).stdout)}
    assert cells["HANDOVER"]["changed_at"] == entered_on.isoformat() and cells["TRANSFER_RECALL"]["changed_at"]


def test_a_notice_of_an_entry_is_late_from_when_its_days_were_over(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    moved(hub, monkeypatch)
    acknowledged(hub, 61_000)
    rows = [json.loads(one) for one in run(hub, "--late", "--json").stdout.splitlines()]
    assert sorted(one["what"] for one in rows) == ["HANDOVER_BACK", "TRANSFER_RECALL"]


@pytest.mark.parametrize(("declared", "results"), [("after", ["UNDECLARED", "DECLARED"]), ("before", [])])
def test_a_transfer_that_is_declared_takes_a_notice_back_and_is_no_line_where_there_was_none(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, declared: str, results: list[str]
) -> None:
    ids = moved(hub, monkeypatch, declared)
    (shown,) = hub.applications().show(ids["A-1"])["handovers"]
    assert shown["state"] == "DECLARED"
    rows = [json.loads(one) for one in run(hub, "--json").stdout.splitlines()]
    told = [one for one in rows if one["what"].startswith("HANDOVER")]
    assert [one["result"] for one in told] == results
    assert all(one["changed_at"] and one["learned_at"] == told[0]["learned_at"] and one["told"] for one in told)

"""The exchange-table connector against a real database that a real registry writes to: late rows, reloads, garbage,
locks."""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import connectors.property_title as package
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import row_of
from hub.connect.declared.samples import declared_sample
from hub.connect.folder import of_package
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSource
from hub.errors import Misconfigured, Unavailable
from hub.ports import LookupQuery, SourceRow
from sandbox import launch
from sandbox.launch import Running
from tests.grants import granted

NAME = "property_title"
FOLDER = Path(package.__file__).parent
QUICK = {"lag_s": 0.6, "sweep_s": 0.2}


def opened(sandbox: Running, **more: Any) -> GuardedSource:
    return registry.open_source(
        NAME, sandbox.connectors()[NAME] | {"page_rows": 100} | more, SystemClock(), grant=granted(NAME)
    )


@pytest.fixture
def source(sandbox: Running) -> Iterator[GuardedSource]:
    source = opened(sandbox)
    yield source
    source.close()


@pytest.fixture
def registry_office(tmp_path: Path) -> Iterator[Running]:
    """A table of one's own, to change."""
    with launch.start(9, 60, tmp_path, defect_share=0.0) as running:
        yield running


def mapped(sample: Mapping[str, Any]) -> SourceRow:
    folder = of_package("connectors.property_title")
    context = Context(folder.info, folder.info.limits, SystemClock(), folder)
    return row_of(context, declared_sample(folder, sample))


def drained(source: GuardedSource, cursor: Any = None) -> tuple[list[SourceRow], Any]:
    rows: list[SourceRow] = []
    while True:
        page = source.fetch(cursor)
        rows += page.rows
        cursor = page.cursor
        if not page.more and not page.rows:
            return rows, cursor


def test_the_package_describes_itself() -> None:
    assert kit.check_package("connectors.property_title").remembers


def test_samples_map_as_expected() -> None:
    assert kit.check_samples(FOLDER / "samples", "licence.property-title", mapped) >= 4


def test_a_bad_column_stops_no_neighbour() -> None:
    kit.check_isolation(mapped, json.loads((FOLDER / "samples" / "shares.json").read_text("utf-8")))


def test_the_feed_is_certified_and_brings_every_row_of_the_truth_file(sandbox: Running, source: GuardedSource) -> None:
    """P1, with rows that share one update_time across page borders."""
    rows = kit.check_feed(source, source.context.info)
    lines = [json.loads(line) for line in sandbox.truth.open(encoding="utf-8")]
    truth = {(line["key"], line["version"]) for line in lines if line["source"] == NAME}
    assert {(row.key, row.version) for row in rows} == truth
    assert len(rows) == len(truth)
    assert kit.check_remap(source.inner, rows) == len(rows)


def test_the_feed_resumes_at_a_stored_cursor(source: GuardedSource) -> None:
    kit.check_resumes(source)


def test_text_that_is_no_gb18030_is_a_fault_of_its_row_only(sandbox: Running, source: GuardedSource) -> None:
    rows = [row for page in kit.read_all(source) for row in page.rows]
    garbage = [row for row in rows if any(fault.code == "TEXT_ENCODING" for fault in row.faults)]
    lines = [json.loads(line) for line in sandbox.truth.open(encoding="utf-8")]
    assert {row.key for row in garbage} == {
        line["key"] for line in lines if line["code"] == "TEXT_ENCODING" and line["source"] == NAME
    }
    assert garbage and sum(row.record is not None for row in rows) > 500


@pytest.mark.parametrize("by", ["unit-no", "resident-id", "uscc"])
def test_look_up_finds_titles_in_force_however_the_number_is_spelt(source: GuardedSource, by: str) -> None:
    """P3: only the holder's or the unit's own; refused without purpose."""
    kinds = {"resident-id": "RESIDENT_ID", "uscc": "USCC"}

    def numbers(record: dict[str, Any]) -> list[str]:
        if by == "unit-no":
            return [record["unit"]["unit_no"]]
        return [holder["id_number"] for holder in record["holders"] if holder["id_type"] == kinds[by]]

    rows = [row for page in kit.read_all(source) for row in page.rows]
    known = [row.record for row in rows if row.record and row.record["status"] == "CURRENT"]
    value = next(number for record in known for number in numbers(record) if len(number) >= 18)
    query = LookupQuery(by, value, "connection-application", "优化营商环境条例 第28条")
    same = {value, value[8:17], value[:6] + value[8:17]}

    def belongs(record: dict[str, Any]) -> bool:
        holders = {str(holder["id_number"]).replace("-", "") for holder in record["holders"]}
        return record["status"] == "CURRENT" and bool(same & ({record["unit"]["unit_no"]} | holders))

    kit.check_look_up(source, source.context.info, query, belongs)
    assert kit.check_same_content(source, query)


def test_a_row_that_commits_late_is_found_by_the_sweep(registry_office: Running) -> None:
    """P1: its update_time lies behind the cursor when it appears."""
    source = opened(registry_office, **QUICK)
    _, cursor = drained(source)
    registry_office.fault(NAME, "late", share=0.5, delay_s=0.4)
    registry_office.control(NAME, "advance", {"steps": 8})
    registry_office.clear(NAME)
    lines = [json.loads(line) for line in registry_office.truth.open(encoding="utf-8")][-8:]
    wanted = {(line["key"], line["version"]) for line in lines}
    found: set[tuple[str, int]] = set()
    deadline = time.monotonic() + 5
    while not wanted <= found and time.monotonic() < deadline:
        rows, cursor = drained(source, cursor)
        found |= {(row.key, row.version) for row in rows}
        time.sleep(0.05)
    assert wanted <= found


def test_a_row_taken_back_is_a_deletion(registry_office: Running) -> None:
    source = opened(registry_office, **QUICK)
    _, cursor = drained(source)
    registry_office.control(NAME, "advance", {"steps": 40})
    lines = [json.loads(line) for line in registry_office.truth.open(encoding="utf-8")]
    removed = {line["key"] for line in lines if line["operation"] == "DELETE"}
    rows, _ = drained(source, cursor)
    assert {row.key for row in rows if row.record and row.record["source"]["operation"] == "DELETE"} == removed != set()


def test_a_full_reload_is_told_once_it_is_over_and_rows_keep_their_bytes(registry_office: Running) -> None:
    """What vanished is below ``complete_since``; what stayed says the same as before, byte for byte."""
    source = opened(registry_office, **QUICK)
    before, cursor = drained(source)
    reload = registry_office.control(NAME, "reload", {"vanish": 3})
    seen: dict[str, SourceRow] = {}
    told = None
    deadline = time.monotonic() + 5
    while told is None and time.monotonic() < deadline:
        page = source.fetch(cursor)
        cursor, told = page.cursor, page.complete_since
        seen |= {row.key: row for row in page.rows}
        time.sleep(0 if page.more else 0.05)
    assert told == reload["update_time"]
    assert {row.key for row in before} - seen.keys() == set(reload["vanished"])
    assert all(seen[row.key].raw == row.raw for row in before if row.key in seen)
    assert source.fetch(cursor).complete_since is None


def test_a_renamed_column_is_for_the_operator_and_named(registry_office: Running) -> None:
    registry_office.fault(NAME, "renamed_field")
    with pytest.raises(Misconfigured, match=r"ex_bdc_title\.mj"):
        opened(registry_office).fetch(None)


def test_a_new_column_changes_nothing(registry_office: Running) -> None:
    registry_office.fault(NAME, "extra_field")
    assert opened(registry_office).fetch(None).rows


def test_a_locked_table_is_unavailable_within_the_time_out(registry_office: Running) -> None:
    source = opened(registry_office, read_timeout_s=0.3)
    registry_office.fault(NAME, "down", seconds=5)
    begin = time.monotonic()
    with pytest.raises(Unavailable):
        source.fetch(None)
    assert time.monotonic() - begin < 3


def test_the_connector_cannot_write(registry_office: Running) -> None:
    source = opened(registry_office)
    with source.inner._database.read() as connection, pytest.raises(Exception, match="readonly"):  # type: ignore[attr-defined]
        connection.exec_driver_sql("DELETE FROM ex_bdc_title")


def test_the_day_names_what_changed(sandbox: Running, source: GuardedSource) -> None:
    path = sandbox.urls[NAME].removeprefix("sqlite:///")
    with sqlite3.connect(path) as database:
        count = database.execute("SELECT count(*) FROM ex_bdc_title").fetchone()[0]
    assert len(source.day(date(2024, 1, 2)).keys) == count


def test_a_database_that_is_not_there_is_for_the_operator(sandbox: Running) -> None:
    with pytest.raises(Misconfigured, match="no such SQLite file"):
        opened(sandbox, url="sqlite:////nowhere/x.db")

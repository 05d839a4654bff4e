"""Exchange tables as registries run them: late commits around an outage, times that are missing or wrong, clocks that
jump, a table that changes all the time, lines that come after their row, codes that are in no table."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from hub.bootstrap import Hub
from hub.clock import CHINA, SystemClock
from hub.connect.host.probe import probe
from hub.connect.table import rows as tablerows
from hub.errors import Misconfigured
from hub.ingest.control import RUNNING, Reports
from hub.ingest.seen import StoredSeen
from hub.ports import LookupQuery
from hub.stores.database import Database
from sandbox.exchange.tables import HOLDER, TITLE
from sandbox.world import digits
from tests.clocks import HandClock
from tests.feeding import feeding, received, until
from tests.field.exchange import NAME, OWNER, Table, faults, title, unit_no

LAG_S, SWEEP_S = 120, 10
DAY_S = 86_400
TITLES = "licence.property-title"


def pass_all(table: Table, clock: HandClock, seconds: int = 500, step_s: int = 5) -> set[str]:
    """The keys that come while so much time passes."""
    seen: set[str] = set()
    for _ in range(seconds // step_s):
        clock.pass_s(step_s)
        seen |= table.keys()
    return seen


@pytest.mark.parametrize("outage_s", [20, 600, 3 * DAY_S])
def test_p1_a_row_that_commits_late_around_an_outage_is_read(tmp_path: Path, clock: HandClock, outage_s: int) -> None:
    """It commits within ``lag_s``, behind the head, after the last sweep and before the hub is there again."""
    table, now = Table(tmp_path, clock), clock.process_ms()
    table.put("r1", now - 5_000)
    table.drained()
    clock.pass_s(11)
    assert table.keys() <= {"r1"}
    table.put("r2", now - 10_000, number=2)
    clock.pass_s(outage_s)
    table.source = table.opened()
    assert "r2" in table.keys() | pass_all(table, clock, 30)
    counted = table.source.day(datetime.fromtimestamp(now / 1000, CHINA).date()).keys
    assert {key.partition("#")[0] for key in counted} == {"r1", "r2"}


def test_p1_a_row_that_commits_late_during_a_long_first_reading_is_read(tmp_path: Path, clock: HandClock) -> None:
    table, now = Table(tmp_path, clock, page_rows=10), clock.process_ms()
    for number in range(40):
        table.put(f"r{number:02d}", now - 50_000 + number, number)
    seen = {row.key for _ in range(3) for row in table.page().rows}
    table.put("late", now - 49_995, number=99)
    assert "late" in seen | pass_all(table, clock, 60)


def test_p1_a_busy_head_does_not_prevent_sweeps(tmp_path: Path, clock: HandClock) -> None:
    """Each fetch finds a new row, for five minutes; one row commits 30 s late meanwhile."""
    table = Table(tmp_path, clock)
    table.put("r0", clock.process_ms())
    table.page()
    seen: set[str] = set()
    for second in range(300):
        clock.pass_s(1)
        table.put(f"busy{second:04d}", clock.process_ms(), number=100 + second)
        if second == 60:
            table.put("late", clock.process_ms() - 30_000, number=2)
        seen |= {row.key for row in table.page().rows}
        if second == 120:
            assert "late" in seen
    assert {f"busy{second:04d}" for second in range(290)} <= seen, "and sweeps do not prevent the head"


def test_p1_a_large_sweep_and_a_busy_head_take_turns(tmp_path: Path, clock: HandClock) -> None:
    table, now = Table(tmp_path, clock, page_rows=5), clock.process_ms()
    for number in range(100):
        table.put(f"r{number:03d}", now, number)
    table.drained()
    clock.pass_s(SWEEP_S)
    for number in range(20):
        table.put(f"s{number:03d}", now + 5_000, number)
    pages = [{row.key[0] for row in table.page().rows} for _ in range(8)]
    assert pages == [{"r"}, {"s"}] * 4


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (None, "SHAPE_MISSING source.version"),
        ("yesterday", "SHAPE_TYPE source.version"),
        (-1, "SHAPE_TYPE source.version"),
        (1e30, "NUMBER_TOO_LARGE source.version"),
        (4_102_444_800_000, "DATE_FUTURE source.version"),
    ],
)
def test_p1_a_row_without_a_credible_time_is_rejected_and_told_and_stops_no_other(
    tmp_path: Path, clock: HandClock, store: Database, time: object, told: str
) -> None:
    table, now = Table(tmp_path, clock, free=("update_time",)), clock.process_ms()
    table.put("odd", time)
    table.put("r1", now - 5_000, number=2)
    seen = StoredSeen(store, bytes(32))
    news = []
    for _ in range(10):
        for page in table.pages():
            found = seen.news(NAME, page.rows)
            seen.remember(NAME, [*found.marks, *found.unchanged])
            news += found.rows
            remark = page.remark
        clock.pass_s(SWEEP_S)
    assert [row.key for row in news] == ["r1", "odd"], "each once"
    assert faults(news) == {"odd": (told,)}
    assert "1 rows have" in remark
    probed = probe(table.source, 20)
    assert (probed.clean, probed.remark) == (False, remark)
    table.put("odd", now + 60_000)
    clock.pass_s(SWEEP_S)
    fixed = seen.news(NAME, table.drained()).rows
    assert [(row.key, row.version, bool(row.record)) for row in fixed] == [("odd", now + 60_000, True)]
    clock.pass_s(SWEEP_S)
    assert [page.remark for page in table.pages()][-1] == ""


def test_p1_times_with_a_part_of_a_millisecond_are_read_once(tmp_path: Path, clock: HandClock) -> None:
    table, now = Table(tmp_path, clock, page_rows=2), clock.process_ms()
    for place, part in enumerate((0.25, 0.5, 0.5, 0.75, 1)):
        table.put(f"r{place}", now + part, place)
    assert [(row.key, row.version - now) for row in table.drained()] == [(f"r{n}", n // 4) for n in range(5)]
    assert table.drained() == []


def test_p1_a_known_row_that_loses_its_time_is_news_and_no_deletion(
    tmp_path: Path, clock: HandClock, store: Database
) -> None:
    table, now = Table(tmp_path, clock, free=("update_time",)), clock.process_ms()
    for key in ("a", "b"):
        table.put(key, now)
    seen = StoredSeen(store, bytes(32))
    seen.remember(NAME, seen.news(NAME, table.drained()).marks)
    table.put("a", now + 1_000)
    table.put("b", None, qszt="3")
    complete, news = [], []
    for _ in range(40):
        clock.pass_s(5)
        for page in table.pages():
            found = seen.news(NAME, page.rows)
            seen.remember(NAME, [*found.marks, *found.unchanged])
            news += found.rows
            complete.append(page.complete_since)
    assert faults(news) == {"b": ("SHAPE_MISSING source.version",)}
    assert not any(complete), "b is there: it would be taken for deleted"


def test_p1_a_time_ahead_of_ours_is_waited_for_and_the_head_does_not_follow_it(
    tmp_path: Path, clock: HandClock
) -> None:
    """The source's clock is ahead by ten minutes for one row, then right again."""
    table, now = Table(tmp_path, clock), clock.process_ms()
    table.put("ahead", now + 600_000)
    assert table.keys() == set()
    table.put("r1", now, number=2)
    assert table.keys() == {"r1"}
    clock.pass_s(SWEEP_S)
    assert "in the future" in [page.remark for page in table.pages()][-1]
    assert "ahead" in pass_all(table, clock, 700)


def test_p1_our_clock_was_a_day_ahead(tmp_path: Path, clock: HandClock) -> None:
    """The machine started with tomorrow's date, and read for an hour before it was set right."""
    table, now = Table(tmp_path, clock), clock.process_ms()
    table.put("r1", now - 5_000)
    clock.set_s(DAY_S)
    table.drained()
    table.put("during", now - 100_000, number=4)
    pass_all(table, clock, 3_600, 60)
    clock.set_s(-DAY_S)
    table.put("r2", clock.process_ms() - 1_000, number=2)
    seen = table.keys()
    table.put("late", clock.process_ms() - 3_000, number=3)
    assert {"r2", "late", "during"} <= seen | pass_all(table, clock)


def test_p1_our_clock_was_a_day_behind(tmp_path: Path, clock: HandClock) -> None:
    table, now = Table(tmp_path, clock), clock.process_ms()
    table.put("r1", now - 5_000)
    clock.set_s(-DAY_S + 3_600)
    pass_all(table, clock, 60)
    clock.set_s(DAY_S - 3_600)
    table.put("late", clock.process_ms() - 3_000, number=3)
    assert {"r1", "late"} <= pass_all(table, clock, 60)


def test_p1_a_row_changed_after_the_sources_clock_was_set_back_is_news(
    tmp_path: Path, clock: HandClock, store: Database
) -> None:
    table, now = Table(tmp_path, clock), clock.process_ms()
    seen, got = StoredSeen(store, bytes(32)), []
    table.put("r1", now + 90_000)
    for step in range(10):
        if step == 2:
            table.put("r1", clock.process_ms(), qszt="3")
        found = seen.news(NAME, table.drained(), in_place=True)
        seen.remember(NAME, [*found.marks, *found.unchanged])
        got += [(row.version - now, row.record["status"]) for row in found.rows if row.record]
        clock.pass_s(5)
    assert got == [(90_000, "CURRENT"), (90_000, "CANCELLED")]


def test_p1_lines_that_come_after_their_row_are_news(tmp_path: Path, clock: HandClock, store: Database) -> None:
    """The holders commit later than the title, whose time is not touched; both within ``lag_s``."""
    table, now = Table(tmp_path, clock), clock.process_ms()
    table.put("r1", now - 1_000, holders=0)
    seen, got = StoredSeen(store, bytes(32)), []
    for step in range(20):
        if step == 2:
            table.put_holder("r1", 1)
        if step == 6:
            table.put_holder("r1", 2, qlr="李娜".encode("gb18030"), zjh=None)
        found = seen.news(NAME, table.drained())
        seen.remember(NAME, [*found.marks, *found.unchanged])
        got += [(row.version, len(row.record["holders"])) for row in found.rows if row.record]
        clock.pass_s(5)
    assert got == [(now - 1_000, 0), (now - 1_000, 1), (now - 1_000, 2)]


def test_operations_are_read_by_a_table_and_another_code_is_the_rows_fault(tmp_path: Path, clock: HandClock) -> None:
    table, now = Table(tmp_path, clock, free=("operatetype",)), clock.process_ms()
    deletes, updates, strange = ("D", "D ", "d", "Ｄ"), ("I", "u", "Ｕ"), ("DELETE", "3", "", None, "删除")
    for place, code in enumerate((*deletes, *updates, *strange)):
        table.put(f"r{place:02d}", now - 1_000 + place, place, operatetype=code)
    rows = table.drained()
    assert [row.record and row.record["source"]["operation"] for row in rows] == (
        ["DELETE"] * len(deletes) + ["UPSERT"] * len(updates) + [None] * len(strange)
    )
    assert {row.faults[0].field for row in rows[-len(strange) :]} == {"source.operation"}


def test_p1_a_row_with_very_many_lines_is_a_fault_and_stops_no_other(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tablerows, "LINES_MAX", 5)
    table, now = Table(tmp_path, clock), clock.process_ms()
    for place, holders in enumerate((5, 6, 500, 1)):
        table.put(f"r{place}", now - 1_000, place, holders)
    rows = table.drained()
    assert faults(rows) == {"r1": ("TOO_LARGE holders",), "r2": ("TOO_LARGE holders",)}
    assert [len(row.record["holders"]) for row in rows if row.record] == [5, 1]
    assert all(len(row.raw) < 2_000 for row in rows)


def test_an_answer_that_is_cut_has_the_newest_and_says_so(tmp_path: Path, clock: HandClock) -> None:
    """A developer with 1,001 titles."""
    table, now, code = Table(tmp_path, clock), clock.process_ms(), digits.uscc("91120104", "10000000")
    rows = [title(f"r{place:05d}", now - 10_000_000 + place, place) for place in range(1_001)]
    holders = [{**OWNER, "title_rowguid": row["rowguid"], "sxh": 1, "zjzl": "7", "zjh": code} for row in rows]
    with table.engine.begin() as connection:
        connection.execute(insert(TITLE), rows)
        connection.execute(insert(HOLDER), holders)
    page = table.source.look_up(LookupQuery("uscc", code, "connection-application", "§6"))
    assert (len(page.rows), page.more) == (1_000, True)
    assert {row.key for row in page.rows} == {f"r{place:05d}" for place in range(1, 1_001)}
    one = table.source.look_up(LookupQuery("unit-no", unit_no(7), "connection-application", "§6"))
    assert (len(one.rows), one.more) == (1, False)


def test_a_cursor_that_is_none_of_a_table_is_for_the_operator(tmp_path: Path, clock: HandClock) -> None:
    table = Table(tmp_path, clock)
    for cursor in ({"after": "x"}, {"time": "5"}, {}):
        with pytest.raises(Misconfigured, match="cursor"):
            table.source.fetch(cursor)
    assert table.source.fetch({"time": 5}).cursor["time"] == 5


@pytest.mark.slow
def test_p1_a_reload_slower_than_the_lag_deletes_nothing_before_it_is_over(tmp_path: Path) -> None:
    """TRUNCATE, then rows in transactions of their own with a pause at 85 %, several times ``lag_s``; one row is left
    out."""
    table = Table(tmp_path, SystemClock())
    for number in range(60):
        table.put(f"r{number:03d}", table.clock.process_ms(), number)
    with feeding(tmp_path, {NAME: {"url": table.url, "lag_s": 0.3, "sweep_s": 0.1, "poll_s": 0.05}}) as (hub, task):
        stages = [hub.task(name)() for name in ("verify", "project")]
        until(task, lambda: len(received(hub, TITLES)) == 60)
        while sum(stage.step() for stage in stages):
            pass
        table.drop(*(f"r{number:03d}" for number in range(60)))
        began = table.clock.monotonic_s()
        for number in range(51):
            table.put(f"r{number:03d}", table.clock.process_ms(), number)
            until(task, lambda: read_up_to(hub, table.clock.process_ms() - 500))
        pause_ends = table.clock.monotonic_s() + (table.clock.monotonic_s() - began) / 2
        until(task, lambda: table.clock.monotonic_s() > pause_ends, 60)
        assert len(received(hub, TITLES)) == 60, "rows that have not come yet were taken for deleted"
        for number in range(51, 59):
            table.put(f"r{number:03d}", table.clock.process_ms(), number)
        until(task, lambda: len(received(hub, TITLES)) == 61, 120)
        for stage in stages:
            stage.close()


def read_up_to(hub: Hub, time_ms: int) -> bool:
    """Whether the feed runs and fetched after ``time_ms``."""
    report = Reports(hub.store, hub.clock).get(NAME)
    assert report is not None and report.state == RUNNING, report and report.trouble
    return report.fetched_ms >= time_ms


def test_p1_a_row_that_commits_late_while_the_hub_is_stopped_is_read(tmp_path: Path) -> None:
    """The cursor is durable, and the next hub sweeps from the last sweep of the one before."""
    table = Table(tmp_path, SystemClock())
    tables = {NAME: {"url": table.url, "lag_s": 60.0, "sweep_s": 0.2, "poll_s": 0.05}}
    table.put("r1", table.clock.process_ms())
    with feeding(tmp_path, tables) as (hub, task):
        until(task, lambda: len(received(hub, TITLES)) == 1)
    table.put("r2", table.clock.process_ms() - 8_000, number=2)
    with feeding(tmp_path, tables) as (hub, task):
        until(task, lambda: len(received(hub, TITLES)) == 2)


def test_p2_the_bytes_of_a_row_are_those_of_every_version_of_the_hub(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record's id depends on them: other bytes would make each record of a registry a second one at an upgrade."""
    monkeypatch.setattr(tablerows, "LINES_MAX", 1)
    table, now = Table(tmp_path, clock, free=("update_time", "rowguid")), clock.process_ms()
    table.put("r1", now - 9_000)
    table.put("r2", now - 8_000, 2, operatetype="X", zl=b"\xff\xff", fj="附".encode("gb18030"))
    table.put("r3", now - 7_000, 3, holders=2, operatetype="D")
    table.put("r4", "yesterday", 4, holders=0)
    rows = {row.key: row.raw.decode() for row in [*table.drained(), *(clock.pass_s(SWEEP_S) or table.drained())]}
    row = (
        '{{"operation":"{operation}",{time}"row":{{"bdcdyh":"120104001001GB00000F000{number}0001",'
        '"bdcqzh":"津(2021)南开区不动产权第1000001号","zl":{zl},"ghyt":"住宅","mj":"89.53","djlx":"200","djyy":"买卖",'
        '"djsj":"2021-03-04","qszt":"1","gyfs":"0","cfzt":"0","dyzt":"1","xzqhdm":"120104","djjg":"11120104000012345X",'
        '"fj":{fj}}},"holders":{holders}}}'
    )
    usual = {"time": "", "zl": '"天津市南开区长江道12号美丽花园3号楼2门501室"', "fj": "null", "operation": "UPSERT"}
    one = '[{"qlr":"王伟","zjzl":"1","zjh":"360426199101010071","qlbl":null}]'
    assert rows == {
        "r1": row.format(**usual, number=1, holders=one),
        "r2": row.format(
            **{**usual, "operation": "X", "zl": '{"hex":"ffff"}', "fj": '"附"'}, number=2, holders=one
        ),
        "r3": row.format(**{**usual, "operation": "DELETE"}, number=3, holders=2),
        "r4": row.format(**{**usual, "time": '"time":"yesterday",'}, number=4, holders="[]"),
    }  # fmt: skip

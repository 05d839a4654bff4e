"""Reading an exchange table: pages with ties, rows that commit late, and full reloads. A list of steps on a table of a
few rows; connectors' tests do the same on real databases."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connect.table import rows as tablerows
from hub.connect.table.spec import TableSpec
from hub.connect.table.times import Times
from hub.errors import Misconfigured
from hub.ports import Extent, Fault, LookupQuery, SourceRow
from tests.clocks import HandClock
from tests.tables import table_source

SPEC = {
    "name": "ex", "key": "id", "time": "ms", "operation": "op", "columns": ["name"], "texts": ["name"],
    "children": {"lines": {"table": "ex_line", "parent": "owner", "order": "place", "columns": ["what"]}},
    "lag_s": 10.0, "sweep_s": 4.0, "full_reload": True,
}  # fmt: skip
LAG_S, SWEEP_S = 10.0, 4.0


class Table:
    """An exchange table and a source that reads it, two rows at once."""

    def __init__(self, home: Path, clock: HandClock) -> None:
        self.clock = clock
        self._connection = sqlite3.connect(home / "exchange.db", isolation_level=None)
        self._connection.executescript(
            "CREATE TABLE ex(id TEXT PRIMARY KEY, ms INTEGER, op TEXT, name BLOB);"
            "CREATE TABLE ex_line(owner TEXT, place INTEGER, what TEXT);"
        )
        self.source = table_source(home, f"sqlite:///{home}/exchange.db", clock, SPEC, page_rows=2)
        self.cursor: Any = None

    def put(self, key: str, ms: int, operation: str = "I", name: bytes = b"x") -> None:
        self._connection.execute("INSERT OR REPLACE INTO ex VALUES (?, ?, ?, ?)", (key, ms, operation, name))

    def line(self, owner: str, place: int, what: str) -> None:
        self._connection.execute("INSERT INTO ex_line VALUES (?, ?, ?)", (owner, place, what))

    def drop(self, key: str) -> None:
        self._connection.execute("DELETE FROM ex WHERE id = ?", (key,))

    def now_ms(self) -> int:
        return self.clock.now_ms()

    def page(self) -> Any:
        page = self.source.fetch(self.cursor)
        self.cursor = json.loads(json.dumps(page.cursor))
        return page

    def drain(self) -> tuple[list[SourceRow], int | None]:
        """Every row until there is nothing more, and what the last page says of a reload."""
        rows: list[SourceRow] = []
        for _ in range(100):
            page = self.page()
            rows += page.rows
            if not page.rows and not page.more:
                return rows, page.complete_since
        raise AssertionError("the feed does not end")

    def read_keys(self) -> list[str]:
        return [row.key for row in self.drain()[0]]

    def close(self) -> None:
        self.source.close()
        self._connection.close()


def test_rows_with_very_many_lines_fill_no_memory(table: "Table", monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: a page of titles with 20,000 holders each took 2 GB. They are faults; others come in smaller pages."""
    monkeypatch.setattr(tablerows, "LINES_MAX", 5)
    monkeypatch.setattr(tablerows, "PAGE_LINES_MAX", 6)
    counts = {"a": 4, "b": 5, "c": 9, "d": 1, "e": 2}
    for at, (key, lines) in enumerate(counts.items()):
        table.put(key, table.now_ms() - 1000 + at)
        for place in range(lines):
            table.line(key, place, "x")
    rows, _ = table.drain()
    found = {row.key: row for row in rows}
    assert list(found) == list(counts)
    assert [(row.key, list(row.faults)) for row in rows if row.faults] == [("c", [Fault("TOO_LARGE", "lines")])]
    assert {key: len(row.record["lines"]) for key, row in found.items() if row.record} == {
        "a": 4,
        "b": 5,
        "d": 1,
        "e": 2,
    }
    before = found["c"].raw
    table.line("c", 9, "y")
    assert one_row(table, "c").raw != before, "another number of lines is another content"


def one_row(table: "Table", key: str) -> SourceRow:
    (row,) = table.source.read(Extent((key,)), None).rows
    return row


@pytest.fixture
def table(tmp_path: Path, clock: HandClock) -> Iterator[Table]:
    table = Table(tmp_path, clock)
    yield table
    table.close()


def test_p1_rows_of_one_time_are_all_read_in_order_of_their_keys(table: Table) -> None:
    for key in "edcba":
        table.put(key, 5)
    table.put("f", 4)
    assert table.read_keys() == ["f", "a", "b", "c", "d", "e"]
    assert table.read_keys() == []
    table.put("z", 5)
    assert table.read_keys() == ["z"]


def test_a_page_can_be_fetched_again(table: Table) -> None:
    for key in "abc":
        table.put(key, 5)
    first, again = table.source.fetch(None), table.source.fetch(None)
    assert [row.key for row in first.rows] == [row.key for row in again.rows] == ["a", "b"]
    assert [row.raw for row in first.rows] == [row.raw for row in again.rows]
    assert first.more


def test_p1_a_row_that_commits_late_is_found_by_a_sweep(table: Table) -> None:
    now = table.now_ms()
    table.put("a", now)
    assert table.read_keys() == ["a"]
    table.put("late", now - 5_000)
    assert table.read_keys() == [], "a sweep is not due yet"
    table.clock.pass_s(SWEEP_S)
    assert "late" in table.read_keys()
    table.put("too late", now - 60_000)
    table.clock.pass_s(SWEEP_S)
    assert "too late" not in table.read_keys()


def test_an_operation_of_the_owner_is_a_deletion(table: Table) -> None:
    table.put("a", 1, "D")
    table.put("b", 2, " D ")
    table.put("c", 3, "U")
    assert [row.record["source"]["operation"] for row in table.drain()[0] if row.record] == [
        "DELETE",
        "DELETE",
        "UPSERT",
    ]


def test_lines_belong_to_their_row_in_their_order(table: Table) -> None:
    table.put("a", 1)
    table.put("b", 2)
    for owner, place, what in (("a", 2, "second"), ("b", 1, "other"), ("a", 1, "first")):
        table.line(owner, place, what)
    rows = [row.record for row in table.drain()[0] if row.record]
    assert [[line["what"] for line in row["lines"]] for row in rows] == [["first", "second"], ["other"]]


def test_texts_are_decoded_and_what_cannot_be_stays_bytes_for_the_mapping(table: Table) -> None:
    table.put("a", 1, name="𠮷野家".encode("gb18030"))
    table.put("b", 2, name=b"\xff\xff")
    first, second = table.drain()[0]
    assert first.record is not None and first.record["name"] == "𠮷野家"
    assert [tuple(fault) for fault in second.faults] == [("TEXT_ENCODING", "name")]


def test_a_row_written_again_unchanged_has_the_same_bytes(table: Table) -> None:
    table.put("a", 1)
    (before,) = table.drain()[0]
    table.put("a", 2)
    (after,) = table.drain()[0]
    assert (before.raw, before.version, after.version) == (after.raw, 1, 2)
    table.put("a", 3, "D")
    assert table.drain()[0][0].raw != before.raw


def test_p2_a_full_reload_is_told_once_when_it_is_over_and_settled(table: Table) -> None:
    began = table.now_ms()
    for key in "abc":
        table.put(key, began)
    assert table.drain()[1] is None
    table.drop("c")
    table.put("a", began + 1_000)
    assert table.drain()[1] is None, "b still has its old time: the reload is not over"
    table.put("b", began + 1_001)
    assert table.drain()[1] is None, "another row may still commit"
    table.clock.pass_s(LAG_S + 2)
    assert table.drain()[1] == began + 1_000
    assert table.drain()[1] is None


def test_the_day_names_keys_with_their_versions(table: Table) -> None:
    now = table.now_ms()
    table.put("a", now)
    table.put("b", now - 86_400_000)
    day = table.source.day(table.clock.now().date())
    assert day.keys == frozenset({f"a#{now}"})


class Shaped:
    """A table of any shape, and a source that reads it, two rows at once."""

    def __init__(self, home: Path, clock: HandClock, script: str, **spec: Any) -> None:
        self.connection = sqlite3.connect(home / "shaped.db", isolation_level=None)
        self.connection.executescript(script)
        whole = {"name": "ex", "key": "id", "time": "at", "columns": ["x"], **spec}
        self.source = table_source(home, f"sqlite:///{home}/shaped.db", clock, whole, page_rows=2)
        self.page: Any = None

    def drain(self) -> list[SourceRow]:
        """Every row of the feed, over cursors that were stored as JSON."""
        rows: list[SourceRow] = []
        cursor = None
        while (page := self.source.fetch(cursor)).rows or page.more:
            rows += page.rows
            cursor = json.loads(json.dumps(page.cursor))
        return rows


def test_p1_a_key_of_two_columns_is_read_in_order_and_page_by_page(tmp_path: Path, clock: HandClock) -> None:
    pairs = [("p/1", "b"), ("p/1", "c"), ("p/1", "a"), ("p", "1/b"), ("q", "a")]
    table = Shaped(
        tmp_path, clock, "CREATE TABLE ex(a, b, at INTEGER, x); CREATE TABLE line(pa, pb, n INTEGER, what);",
        key=["a", "b"],
        children={"lines": {"table": "line", "parent": ["pa", "pb"], "order": "n", "columns": ["what"]}},
    )  # fmt: skip
    for a, b in pairs:
        table.connection.execute("INSERT INTO ex VALUES (?, ?, 5, 'x')", (a, b))
        table.connection.execute("INSERT INTO line VALUES (?, ?, 1, ?)", (a, b, f"of {a}+{b}"))
    table.connection.execute("INSERT INTO ex VALUES ('r', NULL, 5, 'x')")
    rows = table.drain()
    assert [row.key for row in rows] == ["p/1%2Fb", "p%2F1/a", "p%2F1/b", "p%2F1/c", "q/a"]
    lines = [row.record and [line["what"] for line in row.record["lines"]] for row in rows]
    assert lines == [["of p+1/b"], ["of p/1+a"], ["of p/1+b"], ["of p/1+c"], ["of q+a"]]
    day = table.source.day(date(1970, 1, 1)).keys
    assert {row.key for row in rows} <= {key.partition("#")[0] for key in day}


@pytest.mark.parametrize(
    ("time_as", "at"),
    [
        ("seconds", [1_704_153_600, 1_704_153_600, 1_704_153_600, 1_704_153_601]),
        ("datetime", [f"2024-01-02 08:00:0{second}.000000" for second in (0, 0, 0, 1)]),
        ("text", [f"2024-01-02 08:00:0{second}" for second in (0, 0, 0, 1)]),
    ],
)
def test_p1_rows_of_one_time_are_all_read_in_each_form_of_time(
    tmp_path: Path, clock: HandClock, time_as: str, at: list[object]
) -> None:
    table = Shaped(tmp_path, clock, "CREATE TABLE ex(id, at, x)", time_as=time_as)
    table.connection.executemany("INSERT INTO ex VALUES (?, ?, 'x')", zip("abcd", at, strict=True))
    rows = table.drain()
    assert [(row.key, row.version) for row in rows] == [
        ("a", 1_704_153_600_000),
        ("b", 1_704_153_600_000),
        ("c", 1_704_153_600_000),
        ("d", 1_704_153_601_000),
    ]
    assert table.source.day(date(2024, 1, 2)).keys == {f"{row.key}#{row.version}" for row in rows}


def test_a_table_without_operations_says_by_a_flag_what_was_deleted(tmp_path: Path, clock: HandClock) -> None:
    table = Shaped(
        tmp_path, clock, "CREATE TABLE ex(id, at, x, sjyxbs)", deleted_when={"column": "sjyxbs", "in": ["0"]}
    )
    table.connection.executemany("INSERT INTO ex VALUES (?, ?, 'x', ?)", [("a", 1, 1), ("b", 2, 0), ("c", 3, "０ ")])
    said = {row.key: row.record and row.record["source"]["operation"] for row in table.drain()}
    assert said == {"a": "UPSERT", "b": "DELETE", "c": "DELETE"}


def test_lines_may_name_their_row_by_another_column_and_without_its_padding(tmp_path: Path, clock: HandClock) -> None:
    """A CHAR column is filled up with blanks, the column of the lines is not."""
    table = Shaped(
        tmp_path, clock, "CREATE TABLE ex(id, at, x, code); CREATE TABLE line(code, n, what);",
        children={"lines": {"table": "line", "parent": "code", "of": ["code"], "order": "n", "columns": ["what"]}},
    )  # fmt: skip
    table.connection.execute("INSERT INTO ex VALUES ('a', 1, 'x', 'P1   ')")
    table.connection.execute("INSERT INTO line VALUES ('P1', 1, 'found')")
    (row,) = table.drain()
    assert row.record and [line["what"] for line in row.record["lines"]] == ["found"]


def test_p1_a_row_waits_for_a_line_that_is_required_and_is_read_whatever_its_time(
    tmp_path: Path, clock: HandClock
) -> None:
    """A document may be sent before its project, and the project have an older time. It is not rejected meanwhile."""
    table = Shaped(
        tmp_path, clock, "CREATE TABLE ex(id, at INTEGER, x, gone); CREATE TABLE line(id, n, what, at INTEGER);",
        children={"lines": {"table": "line", "parent": "id", "order": "n", "columns": ["what"], "required": True,
                            "time": "at"}},
        lag_s=1, sweep_s=1, deleted_when={"column": "gone", "in": ["1"]},
    )  # fmt: skip
    now = clock.now_ms() - 60_000
    table.connection.executemany("INSERT INTO ex VALUES (?, ?, 'x', '0')", [(key, now) for key in "abcde"])
    table.connection.execute("INSERT INTO line VALUES ('c', 1, 'there', ?)", (now,))
    assert read_on(table, clock) == ["c"]
    assert table.page.remark == "4 rows wait for a line that is required"
    assert read_on(table, clock) == []
    table.connection.execute("INSERT INTO line VALUES ('d', 1, 'older', ?)", (now - 86_400_000,))
    table.connection.execute("DELETE FROM ex WHERE id = 'b'")
    table.connection.execute("UPDATE ex SET gone = '1' WHERE id = 'e'")
    assert sorted(read_on(table, clock) + read_on(table, clock)) == ["d", "e"]
    assert table.page.remark == "1 rows wait for a line that is required"
    clock.pass_s(86_401)
    assert "a" in read_on(table, clock), "after a day it is read as it is"
    table.connection.execute("INSERT INTO line VALUES ('a', 1, 'late', ?)", (now,))
    assert "a" in read_on(table, clock)
    assert not table.page.remark


def read_on(table: Shaped, clock: HandClock) -> list[str]:
    """The keys of the rows until there is nothing more, with one sweep."""
    clock.pass_s(2)
    keys: list[str] = []
    while True:
        table.page = table.source.fetch(table.page and table.page.cursor)
        keys += [row.key for row in table.page.rows]
        assert json.dumps(table.page.cursor)
        if not table.page.rows and not table.page.more:
            return keys


def test_texts_whose_encoding_the_database_has_wrong_are_read_and_found(tmp_path: Path, clock: HandClock) -> None:
    table = Shaped(
        tmp_path, clock, "CREATE TABLE ex(id, at, x TEXT)", miscoded=["x"], lookups={"address": {"column": "x"}}
    )
    table.connection.execute("INSERT INTO ex VALUES ('a', 1, CAST(? AS TEXT))", ("𠮷野家".encode("gb18030"),))
    (row,) = table.drain()
    assert row.record and row.record["x"] == "𠮷野家"
    asked = LookupQuery("address", "𠮷野家", "electricity-connection", "优化营商环境条例 第28条")
    assert [found.key for found in table.source.look_up(asked).rows] == ["a"]


def test_a_cursor_of_another_key_is_for_the_operator(tmp_path: Path, clock: HandClock) -> None:
    table = Shaped(tmp_path, clock, "CREATE TABLE ex(a, b, at, x)", key=["a", "b"])
    with pytest.raises(Misconfigured, match="no cursor of an exchange table"):
        table.source.fetch({"time": 5, "key": "only-one"})


def test_chosen_rows_are_read_again_beside_the_feed(table: Table) -> None:
    """P1: by keys in pages, by the time of their change in pages with ties, and the feed's cursor is not asked for."""
    for number in range(5):
        table.put(f"k{number}", 100 if number < 3 else 200)
    found: dict[Extent, list[str]] = {}
    for extent in (Extent(("k4", "k0", "z", "k2")), Extent(since_ms=100, until_ms=200), Extent(since_ms=101)):
        page = table.source.read(extent, None)
        rows = [*page.rows]
        while page.more:
            page = table.source.read(extent, json.loads(json.dumps(page.cursor)))
            rows += page.rows
        found[extent] = [row.key for row in rows]
    assert list(found.values()) == [["k0", "k4", "k2"], ["k0", "k1", "k2"], ["k3", "k4"]]


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8), st.sampled_from("ab"), st.integers(0, 3)), max_size=40),
    st.sampled_from(["seconds", "datetime", "text"]),
)
def test_p1_each_row_that_commits_within_the_lag_is_read(events: list[tuple[int, int, str, int]], form: str) -> None:
    """Rows of a key of two columns are written at a second with an update time some seconds before it, over each other
    or not, while the feed reads on."""
    with TemporaryDirectory() as home:
        clock = HandClock()
        table = Shaped(
            Path(home), clock, "CREATE TABLE ex(a, b, at, x, PRIMARY KEY (a, b))", key=["a", "b"], time_as=form,
            lag_s=10, sweep_s=3,
        )  # fmt: skip
        bound = Times(TableSpec(name="ex", key="a", time="at", columns=["x"], time_as=form), "sqlite").bound  # type: ignore[arg-type]
        seen: set[tuple[str, str]] = set()
        cursor = None
        for second in range(45):
            for number, (at, late, a, b) in enumerate(events):
                if at == second:
                    time_ms = clock.process_ms() // 1000 * 1000 - late * 1000
                    row = (a, str(b), bound(time_ms), f"event {number}")
                    table.connection.execute("INSERT OR REPLACE INTO ex VALUES (?, ?, ?, ?)", row)
            for _ in range(20):
                page = table.source.fetch(cursor)
                cursor = json.loads(json.dumps(page.cursor))
                seen |= {(row.key, str(row.record and row.record["x"])) for row in page.rows}
                if not page.rows and not page.more:
                    break
            clock.pass_s(1)
        there = table.connection.execute("SELECT a || '/' || b, x FROM ex").fetchall()
        assert set(there) <= seen
        table.source.close()
        table.connection.close()


@pytest.mark.parametrize("there", [False, True])
def test_an_optional_column_is_read_where_the_table_has_it(tmp_path: Path, there: bool) -> None:
    """It is no drift where it is absent, and a row has no such column; a question reads the same."""
    more, value = (", asked TEXT", ", '09:30'") if there else ("", "")
    connection = sqlite3.connect(tmp_path / "exchange.db", isolation_level=None)
    connection.execute(f"CREATE TABLE ex(id TEXT PRIMARY KEY, ms INTEGER, name TEXT{more})")
    connection.execute(f"INSERT INTO ex VALUES ('a', 1000, 'x'{value})")
    spec = {"name": "ex", "key": "id", "time": "ms", "columns": ["name", "asked"], "optional": ["asked"],
            "lookups": {"uscc": {"column": "name"}}}  # fmt: skip
    source = table_source(tmp_path, f"sqlite:///{tmp_path}/exchange.db", HandClock(), spec, page_rows=2)
    assert source.drift() == ([], [])
    (row,) = source.fetch(None).rows
    assert (b"asked" in row.raw, b"09:30" in row.raw) == (there, there)
    (found,) = source.look_up(LookupQuery("uscc", "x", "electricity-connection", "basis")).rows
    assert found.raw == row.raw
    source.close()
    connection.close()

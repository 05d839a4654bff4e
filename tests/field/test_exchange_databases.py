"""Exchange tables on real servers, PostgreSQL and MariaDB: keys of two columns, times in the database's own types,
fixed length, exact numbers, GB 18030 in bytes and in columns that say another encoding."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from hub.connect.table.report import TableReport
from hub.connect.table.spec import ReportSpec, TableSpec
from hub.errors import HubError, Misconfigured, Unavailable
from hub.ports import LookupQuery, Page, RowVerdict, SourceRow
from tests.clocks import HandClock
from tests.tables import table_source

DATABASES = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("postgres", "mariadb")]
SPEC: Mapping[str, Any] = {
    "name": "ex_project", "key": ["xmdm", "gcdm"], "time": "gxsj", "time_as": "datetime",
    "columns": ["xmmc", "jsdd", "mj", "nkgsj", "jb", "bz"], "texts": ["jsdd"],
    "deleted_when": {"column": "sjyxbs", "in": ["0"]},
    "children": {"units": {"table": "ex_unit", "parent": ["xmdm", "gcdm"], "order": "xh", "columns": ["dwmc", "dm"]}},
    "lookups": {"uscc": {"child": "units", "column": "dm"}, "address": {"column": "jsdd"}},
    "in_force": {"column": "jb", "in": ["7"]}, "lag_s": 0.5, "sweep_s": 1, "full_reload": True,
}  # fmt: skip
TABLES = {
    "postgres": """
        CREATE TABLE ex_project (xmdm char(24), gcdm varchar(10), gxsj {time}, xmmc varchar(50), jsdd bytea,
            mj numeric(12,2), nkgsj date, jb bigint, bz varchar(50), sjyxbs smallint, PRIMARY KEY (xmdm, gcdm));
        CREATE TABLE ex_unit (xmdm varchar(24), gcdm varchar(10), xh int, dwmc text, dm varchar(30))""",
    "mariadb": """
        CREATE TABLE ex_project (xmdm char(24), gcdm varchar(10), gxsj {time}, xmmc varchar(50), jsdd blob,
            mj decimal(12,2), nkgsj date, jb bigint, bz varchar(50), sjyxbs tinyint, PRIMARY KEY (xmdm, gcdm));
        CREATE TABLE ex_unit (xmdm varchar(24), gcdm varchar(10), xh int, dwmc text, dm varchar(30))""",
}
TIMES = {"postgres": ["timestamp(6)", "timestamptz", "timestamp(0)"], "mariadb": ["datetime(6)", "timestamp(6)"]}
AT_MS = 1_704_153_600_000
"""2024-01-02 08:00 in China."""
PLACE = "天津市南开区䶮路1号"


class Exchange:
    """An exchange database, and a source that reads it, three rows at once."""

    def __init__(self, home: Path, url: str, clock: HandClock, **spec: Any) -> None:
        self.engine: Engine = create_engine(url)
        self.dialect = "postgres" if self.engine.dialect.name == "postgresql" else "mariadb"
        self.source = table_source(home, url, clock, {**SPEC, **spec}, page_rows=3, total_timeout_s=1)

    def run(self, script: str, *values: Mapping[str, Any]) -> None:
        with self.engine.begin() as connection:
            if self.dialect == "mariadb":
                connection.exec_driver_sql("SET time_zone = '+08:00'")
            else:
                connection.exec_driver_sql("SET timezone = 'Asia/Shanghai'")
            for statement in script.split(";"):
                connection.execute(text(statement), list(values) or None)

    def put(self, rows: Sequence[tuple[str, str, str]], **changes: Any) -> None:
        """Rows by (project, part, time); the time as a text of Beijing time."""
        row = {"xmmc": "华苑", "jsdd": PLACE.encode("gb18030"), "mj": "89.50", "nkgsj": "2024-03-01", "jb": 7, "bz": "",
               "sjyxbs": 1, **changes}  # fmt: skip
        names = ["xmdm", "gcdm", "gxsj", *row]
        statement = f"INSERT INTO ex_project ({', '.join(names)}) VALUES (:{', :'.join(names)})"
        self.run(statement, *({"xmdm": a, "gcdm": b, "gxsj": at, **row} for a, b, at in rows))

    def pages(self) -> Iterator[Page]:
        cursor = None
        while True:
            page = self.source.fetch(cursor)
            cursor = json.loads(json.dumps(page.cursor))
            yield page
            if not page.rows and not page.more:
                return

    def drained(self) -> list[SourceRow]:
        return [row for page in self.pages() for row in page.rows]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
def exchange(tmp_path: Path, url: str, clock: HandClock) -> Iterator[Exchange]:
    exchange = Exchange(tmp_path, url, clock)
    exchange.run(TABLES[exchange.dialect].format(time=TIMES[exchange.dialect][0]))
    yield exchange
    exchange.source.close()
    exchange.engine.dispose()


def test_p1_every_row_is_read_once_in_each_type_of_time(exchange: Exchange) -> None:
    """Ties across pages, differences of a microsecond, and Beijing time whatever the zone of the connection is."""
    for form in TIMES[exchange.dialect]:
        exchange.run("DROP TABLE ex_unit; DROP TABLE ex_project")
        exchange.run(TABLES[exchange.dialect].format(time=form))
        times = ["2024-01-02 08:00:00"] * 7 + [f"2024-01-02 08:00:01.00000{n}" for n in range(5)]
        if form.endswith("(0)"):
            times = times[:7] + ["2024-01-02 08:00:01"] * 5
        exchange.put([(f"P{n % 2}", f"g{n:02d}", at) for n, at in enumerate(times)])
        rows = exchange.drained()
        assert len(rows) == len({row.key for row in rows}) == 12, form
        assert [row.version for row in rows] == [AT_MS] * 7 + [AT_MS + 1000] * 5, form
        assert exchange.source.day(date(2024, 1, 2)).keys == {f"{row.key}#{row.version}" for row in rows}
        assert not exchange.source.day(date(2024, 1, 1)).keys


def test_values_are_read_as_the_driver_gives_them(exchange: Exchange) -> None:
    """CHAR is padded on PostgreSQL and its lines are not; '' is there; a soft deletion is one."""
    exchange.put([("P1", "g1", "2024-01-02 08:00:00")])
    exchange.put([("P1", "g2", "2024-01-02 08:00:01")], sjyxbs=0, xmmc=None, mj=None)
    lines = [{"xh": 2, "dwmc": "乙", "dm": None}, {"xh": 1, "dwmc": "甲", "dm": "91110000600037341L"}]
    exchange.run("INSERT INTO ex_unit VALUES ('P1', 'g1', :xh, :dwmc, :dm)", *lines)
    one, two = exchange.drained()
    assert one.record and two.record
    assert [one.record["source"]["operation"], two.record["source"]["operation"]] == ["UPSERT", "DELETE"]
    assert one.record["jsdd"] == PLACE and one.record["mj"] == "89.50"
    assert one.record["nkgsj"] == "2024-03-01" and one.record["bz"] is None
    assert [line["dwmc"] for line in one.record["units"]] == ["甲", "乙"]
    assert one.key.split("/")[0].rstrip() == "P1"


@pytest.mark.parametrize(("by", "value"), [("uscc", "91110000600037341L"), ("address", PLACE)])
def test_a_question_finds_a_row_by_its_line_and_by_its_bytes(exchange: Exchange, by: str, value: str) -> None:
    exchange.put([("P1", "g1", "2024-01-02 08:00:00"), ("P2", "g1", "2024-01-02 08:00:00")])
    exchange.put([("P1", "g2", "2024-01-02 08:00:00")], jb=8)
    exchange.run("UPDATE ex_project SET jsdd = NULL WHERE xmdm = 'P2'")
    lines = [{"gcdm": gcdm, "dm": "９１１１００００６０００３７３４１Ｌ"} for gcdm in ("g1", "g2")]
    exchange.run("INSERT INTO ex_unit VALUES ('P1', :gcdm, 1, 'x', :dm)", *lines)
    query = LookupQuery(by, value, "electricity-connection", "优化营商环境条例 第28条")
    (found,) = exchange.source.look_up(query).rows
    assert found.key.split("/")[1] == "g1" and found.record and found.record["jsdd"] == PLACE


def test_p2_a_full_reload_is_told(exchange: Exchange, clock: HandClock) -> None:
    exchange.put([("P1", f"g{n}", "2024-01-02 08:00:00") for n in range(4)])
    (*_, last) = exchange.pages()
    assert last.complete_since is None
    exchange.run("DELETE FROM ex_project WHERE gcdm = 'g0'; UPDATE ex_project SET gxsj = '2024-01-03 08:00:00'")
    clock.pass_s(5)
    page, cursor = last, last.cursor
    while page.more or page.rows or page is last:
        page = exchange.source.fetch(cursor)
        cursor = json.loads(json.dumps(page.cursor))
    assert page.complete_since == AT_MS + 86_400_000


def test_nothing_can_be_written(exchange: Exchange) -> None:
    exchange.put([("P1", "g1", "2024-01-02 08:00:00")])
    with pytest.raises(HubError), exchange.source._database.read() as connection:
        connection.execute(text("DELETE FROM ex_project"))
    assert len(exchange.drained()) == 1


def test_what_a_person_must_correct_is_named(exchange: Exchange) -> None:
    exchange.run("ALTER TABLE ex_project RENAME COLUMN mj TO mianji")
    assert exchange.source.drift() == (["ex_project.mianji"], ["ex_project.mj"])
    with pytest.raises(Misconfigured, match=r"has no ex_project\.mj"):
        exchange.source.fetch(None)


def test_p1_a_column_that_was_widened_stops_nothing(exchange: Exchange) -> None:
    """A statement that the driver prepared once fails from then on."""
    exchange.put([("P1", "g1", "2024-01-02 08:00:00")])
    for _ in range(8):
        assert len(exchange.drained()) == 1
    exchange.run(
        "ALTER TABLE ex_project MODIFY xmmc varchar(90)"
        if exchange.dialect == "mariadb"
        else "ALTER TABLE ex_project ALTER COLUMN xmmc TYPE text"
    )
    assert len(exchange.drained()) == 1


def test_a_locked_table_is_unavailable_within_the_time_out(exchange: Exchange) -> None:
    with exchange.engine.connect() as connection:
        mode = "LOCK TABLES ex_project WRITE" if exchange.dialect == "mariadb" else "LOCK TABLE ex_project"
        connection.exec_driver_sql(mode)
        with pytest.raises(Unavailable, match="did not answer in time"):
            exchange.source.fetch(None)
        if exchange.dialect == "mariadb":
            connection.exec_driver_sql("UNLOCK TABLES")
    exchange.put([("P1", "g1", "2024-01-02 08:00:00")])
    assert len(exchange.drained()) == 1


def test_p2_a_verdict_reaches_the_row_and_its_lines_and_a_later_line_is_another_version(
    exchange: Exchange, clock: HandClock, tmp_path: Path, url: str
) -> None:
    """The latest of several times, and both updates, in the server's own SQL."""
    exchange.run(
        f"DROP TABLE ex_unit; CREATE TABLE ex_unit (xmdm varchar(24), gcdm varchar(10), xh int, dwmc text,"
        f" dm varchar(30), gxsj {TIMES[exchange.dialect][0]}, sjsczt varchar(2), sbyy varchar(50));"
        "ALTER TABLE ex_project ADD COLUMN sjsczt varchar(2); ALTER TABLE ex_project ADD COLUMN sbyy varchar(50)"
    )
    exchange.put([("P1", "g1", "2024-01-02 08:00:00"), ("P1", "g2", "2024-01-02 08:00:00")])
    exchange.run("INSERT INTO ex_unit VALUES ('P1', 'g1', 1, 'x', 'A', '2024-01-02 08:00:05', '0', NULL)")
    exchange.run("INSERT INTO ex_unit VALUES ('P1', 'g2', 1, 'x', 'A', '2024-01-02 08:00:00', '0', NULL)")
    spec = {**SPEC, "children": {"units": {**SPEC["children"]["units"], "time": "gxsj", "reported": True}},
            "report": {"state": "sjsczt", "reason": "sbyy"}}  # fmt: skip
    source = table_source(tmp_path, url, clock, spec, total_timeout_s=1)
    one, two = sorted(source.fetch(None).rows, key=lambda row: row.version, reverse=True)
    assert [one.version, two.version] == [AT_MS + 5000, AT_MS]
    report = TableReport(url, source_spec(spec), ReportSpec(state="sjsczt", reason="sbyy"), source._context)
    report.report([RowVerdict(one.key, AT_MS, True, ""), RowVerdict(two.key, AT_MS, False, "缺")])
    assert told(exchange) == [("g1", None, "0"), ("g2", "-1", "0")]
    report.report([RowVerdict(one.key, one.version, True, "")])
    assert told(exchange) == [("g1", "3", "3"), ("g2", "-1", "0")]
    report.close()
    source.close()


def source_spec(spec: Mapping[str, Any]) -> TableSpec:
    return TableSpec.model_validate(spec)


def told(exchange: Exchange) -> list[tuple[Any, ...]]:
    """(Part, state of the row, state of its line)."""
    query = "SELECT p.gcdm, p.sjsczt, u.sjsczt FROM ex_project p JOIN ex_unit u ON u.gcdm = p.gcdm ORDER BY 1"
    with exchange.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_texts_in_a_column_that_says_another_encoding(
    exchange: Exchange, clock: HandClock, url: str, tmp_path: Path
) -> None:
    """GBK bytes that a program wrote into a column declared Latin-1, as old systems have them."""
    if exchange.dialect == "postgres":
        with exchange.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            name = f"{exchange.engine.url.database}_l1"
            connection.exec_driver_sql(
                f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
            )
        url = exchange.engine.url.set(database=name).render_as_string(hide_password=False)
        column = "varchar(50)"
    else:
        column = "varchar(50) CHARACTER SET latin1"
    lying = Exchange(
        tmp_path, url, clock, name="ex_old", key="id", time="ms", time_as="milliseconds", columns=["mc"], texts=[],
        miscoded=["mc"], children={}, lookups={"address": {"column": "mc"}}, in_force=None, deleted_when=None,
    )  # fmt: skip
    lying.run(f"CREATE TABLE ex_old (id varchar(9) PRIMARY KEY, ms bigint, mc {column})")
    stored = PLACE.encode("gb18030").hex()
    value = f"convert_from(decode('{stored}', 'hex'), 'LATIN1')" if lying.dialect == "postgres" else f"x'{stored}'"
    lying.run(f"INSERT INTO ex_old VALUES ('a', 5, {value})")
    (row,) = lying.drained()
    assert row.record and row.record["mc"] == PLACE
    query = LookupQuery("address", PLACE, "electricity-connection", "优化营商环境条例 第28条")
    assert [found.key for found in lying.source.look_up(query).rows] == ["a"]
    lying.source.close()
    lying.engine.dispose()


@pytest.mark.parametrize(
    ("column", "value", "declared"),
    [
        ("int", "1704153600", "milliseconds"),
        ("bigint", "1704153600000", "seconds"),
        ("varchar(20)", "'2024-01-02 08:00:00'", "milliseconds"),
        ("{datetime}", "'2024-01-02 08:00:00'", "milliseconds"),
        ("bigint", "1704153600000", "datetime"),
    ],
)
def test_p1_a_time_of_another_form_is_told_and_no_empty_feed(
    url: str, clock: HandClock, tmp_path: Path, column: str, value: str, declared: str
) -> None:
    """Not each database refuses the comparison."""
    engine = create_engine(url)
    kind = column.format(datetime="timestamp" if engine.dialect.name == "postgresql" else "datetime")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE ex (id int PRIMARY KEY, t {kind}, x varchar(9))")
        connection.exec_driver_sql(f"INSERT INTO ex VALUES (1, {value}, 'a')")
    spec = {"name": "ex", "key": "id", "time": "t", "time_as": declared, "columns": ["x"]}
    source = table_source(tmp_path, url, clock, spec)
    try:
        source.fetch(None)
        told = source.remark()
    except Misconfigured as wrong:
        told = str(wrong)
    assert "time_as" in told or "in the future" in told
    source.close()
    engine.dispose()


def test_p1_a_key_that_names_two_rows_is_refused(
    exchange: Exchange, clock: HandClock, tmp_path: Path, url: str
) -> None:
    exchange.put([("P1", "g1", "2024-01-02 08:00:00"), ("P1", "g2", "2024-01-02 08:00:00")])
    half = Exchange(tmp_path, url, clock, key="xmdm", children={}, lookups={})
    with pytest.raises(Misconfigured, match="names two rows of one time"):
        half.drained()
    half.source.close()
    half.engine.dispose()


@pytest.mark.postgres
def test_names_in_other_letters_are_told_as_the_database_has_them(
    postgres_url: str, clock: HandClock, tmp_path: Path
) -> None:
    """A manual writes capital letters, and PostgreSQL made them small. The table is in a schema."""
    spec = {"name": "SPGL.T_X", "key": "LSH", "time": "GXSJ", "columns": ["XMMC"]}
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA SPGL; CREATE TABLE SPGL.T_X (LSH text, GXSJ bigint, XMMC text)")
        connection.exec_driver_sql("INSERT INTO SPGL.T_X VALUES ('1', 5, 'a')")
    source = table_source(tmp_path, postgres_url, clock, spec)
    with pytest.raises(Misconfigured) as told:
        source.fetch(None)
    assert told.value.remedy == "write the names as the database has them: spgl.t_x.gxsj, spgl.t_x.lsh, spgl.t_x.xmmc"
    source.close()
    small = {"name": "spgl.t_x", "key": "lsh", "time": "gxsj", "columns": ["xmmc"]}
    source = table_source(tmp_path, postgres_url, clock, small)
    assert [row.key for row in source.fetch(None).rows] == ["1"]
    assert source.drift() == ([], [])
    source.close()
    engine.dispose()

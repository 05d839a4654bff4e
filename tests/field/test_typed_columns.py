"""Exchange tables whose columns are not texts, on a real PostgreSQL: numbers, days, flags, keys of other types, and
values that the driver cannot hold."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from hub.connect.host.guard import GuardedSource
from hub.connect.host.registry import open_source
from hub.errors import Misconfigured
from hub.ports import LookupQuery, SourceRow
from sandbox.exchange.tables import HOLDER, TITLE
from tests.clocks import HandClock
from tests.field.exchange import NAME, OWNER, title, unit_no
from tests.grants import granted

pytestmark = pytest.mark.postgres
_BYTES = ("bdcqzh", "zl", "ghyt", "djyy", "fj")
UUIDS = [f"0b1c2d3e-0000-4000-8000-00000000000{place}" for place in range(5)]


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = create_engine(postgres_url)
    yield engine
    engine.dispose()


def create(engine: Engine, kinds: Mapping[str, str], rows: list[Mapping[str, Any]]) -> None:
    """The two tables, with columns of those types, and ``rows`` with a holder each."""
    kinds = {"rowguid": "TEXT", "update_time": "BIGINT", **kinds}
    kinds = {name: kinds.get(name, "BYTEA" if name in _BYTES else "TEXT") for name in map(str, TITLE.c.keys())}
    parent = {"title_rowguid": kinds["rowguid"], "sxh": "INT", "qlr": "BYTEA"}
    lines = {name: parent.get(name, "TEXT") for name in map(str, HOLDER.c.keys())}
    with engine.begin() as connection:
        for name, columns in (("ex_bdc_title", kinds), ("ex_bdc_qlr", lines)):
            connection.execute(
                text(f"CREATE TABLE {name}({', '.join(f'{one} {kind}' for one, kind in columns.items())})")
            )
        for row in rows:
            _insert(connection, "ex_bdc_title", kinds, row)
            _insert(connection, "ex_bdc_qlr", lines, {**OWNER, "title_rowguid": row["rowguid"], "sxh": 1})


def _insert(connection: Any, name: str, kinds: Mapping[str, str], row: Mapping[str, Any]) -> None:
    values = ", ".join(f"CAST(:{one} AS {kind})" for one, kind in kinds.items())
    connection.execute(text(f"INSERT INTO {name}({', '.join(kinds)}) VALUES ({values})"), {**row})


def opened(engine: Engine, clock: HandClock, **more: Any) -> GuardedSource:
    settings = {"url": engine.url.render_as_string(hide_password=False), "page_rows": 2, **more}
    return open_source(NAME, settings, clock, grant=granted(NAME))


def drained(source: GuardedSource) -> list[SourceRow]:
    rows, cursor = [], None
    while (page := source.fetch(cursor)).rows or page.more:
        rows, cursor = [*rows, *page.rows], page.cursor
    return rows


@pytest.mark.parametrize(
    ("column", "kind", "value"),
    [
        ("mj", "NUMERIC(12,2)", "89.53"),
        ("mj", "DOUBLE PRECISION", "89.53"),
        ("djsj", "DATE", "2021-03-04"),
        ("djsj", "TIMESTAMP", "2021-03-04 10:00:00"),
        ("djsj", "TIMESTAMPTZ", "2021-03-04 10:00:00+08"),
        ("cfzt", "BOOLEAN", "false"),
        ("cfzt", "SMALLINT", "0"),
        ("qszt", "INTEGER", "1"),
        ("qszt", "NUMERIC(4,2)", "1.00"),
        ("qszt", "CHAR(4)", "1"),
        ("xzqhdm", "INTEGER", "120104"),
        ("update_time", "NUMERIC(20)", "1700000000000"),
        ("update_time", "DOUBLE PRECISION", "1700000000000"),
        ("update_time", "NUMERIC(20,3)", "1700000000000.125"),
        ("operatetype", "CHAR(3)", "U"),
        ("operatetype", "BYTEA", b"U"),
        ("qszt", "BYTEA", b"1"),
        ("xzqhdm", "BYTEA", b"120104"),
        ("rowguid", "BIGINT", "7"),
        ("rowguid", "UUID", UUIDS[0]),
        ("rowguid", "NUMERIC(20)", "7"),
    ],
)
def test_p1_columns_of_every_type_are_read_as_what_they_are(
    engine: Engine, clock: HandClock, column: str, kind: str, value: str | bytes
) -> None:
    create(engine, {column: kind}, [{**title("1", 1_700_000_000_000), column: value}])
    source = opened(engine, clock)
    (row,) = drained(source)
    assert row.record, row.faults
    unit = row.record["unit"]
    assert (unit["area_m2"], unit["issued_on"].isoformat(), unit["seized"]) == ("89.53", "2021-03-04", False)
    assert (row.record["status"], row.record["region"], len(row.record["holders"])) == ("CURRENT", "120104", 1)
    by_unit = LookupQuery("unit-no", unit_no(1), "connection-application", "§6")
    by_holder = LookupQuery("resident-id", OWNER["zjh"], "connection-application", "§6")
    for query in (by_unit, by_holder):
        assert [(found.key, found.raw) for found in source.look_up(query).rows] == [(row.key, row.raw)]
    source.close()


@pytest.mark.parametrize(("kind", "keys"), [("BIGINT", ["9", "10", "100", "2", "33"]), ("UUID", UUIDS)])
def test_p1_pages_are_ordered_as_the_database_orders_its_keys(
    engine: Engine, clock: HandClock, kind: str, keys: list[str]
) -> None:
    """All rows have one update time; a page has two."""
    create(engine, {"rowguid": kind}, [title(key, 1_700_000_000_000, place) for place, key in enumerate(keys)])
    source = opened(engine, clock)
    found = [row.key for row in drained(source)]
    assert sorted(found) == sorted(keys)
    assert len(found) == len(keys)
    source.close()


@pytest.mark.parametrize(
    ("column", "kind", "value", "field"),
    [
        ("djsj", "DATE", "infinity", "unit.issued_on"),
        ("djsj", "DATE", "12021-03-04", "unit.issued_on"),
        ("djsj", "TIMESTAMP", "4713-01-01 00:00:00 BC", "unit.issued_on"),
        ("mj", "NUMERIC", "NaN", "unit.area_m2"),
        ("mj", "DOUBLE PRECISION", "infinity", "unit.area_m2"),
        ("xzqhdm", "JSONB", '{"a": 1}', "region"),
        ("update_time", "NUMERIC(40)", "1" + "0" * 30, "source.version"),
    ],
)
def test_p1_a_value_that_no_field_can_hold_is_a_fault_of_its_row_only(
    engine: Engine, clock: HandClock, column: str, kind: str, value: str, field: str
) -> None:
    good = {"djsj": "2021-03-04", "mj": "89.53", "xzqhdm": '"120104"', "update_time": "1700000000001"}[column]
    rows = [{**title("1", 1_700_000_000_000), column: value}, {**title("2", 1_700_000_000_001, 2), column: good}]
    create(engine, {column: kind}, rows)
    source = opened(engine, clock, sweep_s=1)
    first = source.fetch(None)
    clock.pass_s(2)
    found = {row.key: row for row in [*first.rows, *source.fetch(first.cursor).rows]}
    assert found["2"].record, found["2"].faults
    assert [fault.field for fault in found["1"].faults] == [field]
    source.close()


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TEXT"])
def test_an_update_time_that_is_no_number_is_for_the_operator(engine: Engine, clock: HandClock, kind: str) -> None:
    create(engine, {"update_time": kind}, [])
    with pytest.raises(Misconfigured, match="type"):
        opened(engine, clock).fetch(None)

"""The SQL that each database gets. Oracle has no server in the tests: what it gets is pinned here, with SQLAlchemy's
own dialect."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Dialect, Select
from sqlalchemy.dialects import mysql, oracle, postgresql, sqlite

from hub.connect.table.rows import Rows
from hub.connect.table.spec import TableSpec

SPEC = TableSpec.model_validate(
    {
        "name": "spgl.xmjbxxb", "key": ["xmdm", "gcdm"], "time": "gxsj", "time_as": "datetime", "columns": ["xmmc"],
        "miscoded": ["xmmc"], "lookups": {"uscc": {"child": "units", "column": "dm"}},
        "children": {"units": {"table": "dwxxb", "parent": ["xmdm", "gcdm"], "order": "xh", "columns": ["dm"]}},
    }
)  # fmt: skip
READ = {
    "oracle": "UTL_RAW.CAST_TO_RAW(spgl.xmjbxxb.xmmc)",
    "mariadb": "CAST(spgl.xmjbxxb.xmmc AS BINARY)",
    "postgresql": "convert_to(spgl.xmjbxxb.xmmc, getdatabaseencoding())",
    "sqlite": "CAST(spgl.xmjbxxb.xmmc AS BLOB)",
}
LIMIT = {
    "oracle": "FETCH FIRST 500 ROWS ONLY",
    "mariadb": "LIMIT 500",
    "postgresql": "LIMIT 500::INTEGER",
    "sqlite": "LIMIT 500 OFFSET 0",
}


def dialect_of(name: str) -> Dialect:
    made: Any = {"oracle": oracle, "mariadb": mysql, "postgresql": postgresql, "sqlite": sqlite}[name]
    found: Dialect = made.dialect()
    return found


def sql(name: str, query: Select[Any]) -> str:
    compiled = query.compile(dialect=dialect_of(name), compile_kwargs={"render_postcompile": True})
    found = str(compiled)
    for key, value in compiled.params.items():
        shown = value if isinstance(value, int) else f"<{value}>"
        found = found.replace(f"%({key})s", str(shown)).replace(f":{key}", str(shown))
    for value in compiled.params.values():
        shown = value if isinstance(value, int) else f"<{value}>"
        found = found.replace("%s", str(shown), 1).replace("?", str(shown), 1)
    return " ".join(found.split())


@pytest.mark.parametrize("name", list(READ))
def test_a_page_of_the_feed(name: str) -> None:
    rows = Rows(SPEC, name)
    at = rows.times.bound(1_704_153_600_000)
    query = rows.select().where(rows.time == at, rows.key.after("P/g"), rows.key.is_not_null())
    shown = sql(name, query.order_by(rows.time, *rows.key.columns).limit(500))
    table = "spgl.xmjbxxb"
    assert shown == (
        f"SELECT {table}.xmdm, {table}.gcdm, {READ[name]} AS xmmc, {table}.gxsj FROM {table} "
        f"WHERE {table}.gxsj = <{at}> AND ({table}.xmdm > <P> OR {table}.xmdm = <P> AND {table}.gcdm > <g>) "
        f"AND {table}.xmdm IS NOT NULL AND {table}.gcdm IS NOT NULL "
        f"ORDER BY {table}.gxsj, {table}.xmdm, {table}.gcdm {LIMIT[name]}"
    )


@pytest.mark.parametrize("name", list(READ))
def test_a_question_by_a_line(name: str) -> None:
    rows = Rows(SPEC, name)
    shown = sql(name, rows.select().where(rows.holding(SPEC.lookups["uscc"], ["A", "a"])))
    assert shown.partition(" WHERE ")[2] == (
        "(spgl.xmjbxxb.xmdm, spgl.xmjbxxb.gcdm) IN "
        "(SELECT dwxxb.xmdm, dwxxb.gcdm FROM dwxxb WHERE dwxxb.dm IN (<A>, <a>))"
    )


def test_oracle_gets_a_date_and_time_and_no_text() -> None:
    """A text would be read by the session's NLS_DATE_FORMAT."""
    assert isinstance(Rows(SPEC, "oracle").times.bound(0), datetime)

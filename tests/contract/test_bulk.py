"""Many rows in one statement: the same on every database, whatever the driver does for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError

from hub.errors import RecordRejected, Unavailable
from hub.stores import bulk
from hub.stores.database import Database
from hub.stores.tables import CODE, ID, Opaque

PLANTED = Table(
    "planted",
    MetaData(),
    Column("key", ID, primary_key=True),
    Column("offset", BigInteger, nullable=False),
    Column("code", CODE, nullable=False),
    Column("word", String(8)),
    Column("value", Opaque),
    Column("small", Integer),
    Column("share", Float),
    Column("present", Boolean, nullable=False),
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    sqlite = request.param == "sqlite"
    store = Database(f"sqlite:///{tmp_path}/store.db" if sqlite else request.getfixturevalue("postgres_url"))
    with store.write() as connection:
        PLANTED.create(connection)
    yield store
    store.close()


def row(number: int, **more: Any) -> dict[str, Any]:
    plain = {"key": number.to_bytes(16, "big"), "offset": number << 33, "code": f"码{number}\\\"'", "word": None}
    return (
        plain | {"value": bytes(range(256)), "small": -number, "share": number / 3, "present": number % 2 == 0} | more
    )


def stored(store: Database) -> list[dict[str, Any]]:
    with store.read() as connection:
        return [dict(found._mapping) for found in connection.execute(select(PLANTED).order_by(PLANTED.c.key))]


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [one[name] for one in rows] for name in rows[0]}


def newer(given: Any) -> Any:
    return given.offset > PLANTED.c.offset


def added(given: Any) -> Any:
    return PLANTED.c.small + given.small


@pytest.mark.parametrize("count", [1, 3, 6_000])
def test_every_sort_of_value_comes_back_as_it_was(store: Database, count: int) -> None:
    rows = [row(number, value=None if number % 3 else b"") for number in range(count)]
    with store.write() as connection:
        bulk.insert_new(connection, PLANTED, rows)
    assert stored(store) == rows
    with store.write() as connection:
        bulk.upsert(connection, PLANTED, changed := [one | {"share": 0.5, "word": "w"} for one in rows])
        assert bulk.add(connection, PLANTED, columns(changed)) == 0
    assert stored(store) == changed


def test_nothing_is_a_call_too(store: Database) -> None:
    with store.write() as connection:
        bulk.insert_new(connection, PLANTED, [])
        bulk.upsert(connection, PLANTED, [])
        assert bulk.add(connection, PLANTED, {name: [] for name in row(1)}) == 0
        assert bulk.find(connection, [PLANTED.c.key], PLANTED.c.key, []) == []
    assert stored(store) == []


def test_what_is_found_is_what_was_asked_for(store: Database) -> None:
    rows = [row(number) for number in range(12_000)]
    with store.write() as connection:
        bulk.insert_new(connection, PLANTED, rows)
        bulk.force_index(connection)
        asked = [one["key"] for one in rows[1::2]] + [b"none" * 4]
        found = bulk.find(connection, (PLANTED.c.key, PLANTED.c.offset), PLANTED.c.key, asked)
        assert sorted(tuple(one) for one in found) == [(one["key"], one["offset"]) for one in rows[1::2]]
        by_code = bulk.find(connection, [PLANTED.c.key], PLANTED.c.code, [rows[7]["code"]])
        assert [one.key for one in by_code] == [rows[7]["key"]]


def test_add_leaves_those_alone_that_are_there(store: Database) -> None:
    with store.write() as connection:
        bulk.insert_new(connection, PLANTED, [row(1, word="old")])
        assert bulk.add(connection, PLANTED, columns([row(1, word="new"), row(2)])) == 1
    assert stored(store) == [row(1, word="old"), row(2)]


def test_what_a_query_gives_is_added_in_the_same_way(store: Database) -> None:
    with store.write() as connection:
        bulk.insert_new(connection, PLANTED, [row(1), row(2)])
        query = select(PLANTED.c.key, PLANTED.c.offset + 1, literal("c"), literal(True))
        assert bulk.add_selected(connection, PLANTED, ("key", "offset", "code", "present"), query) == 0
        shifted = select(literal(b"n" * 16), func.max(PLANTED.c.offset), literal("c"), literal(True))
        assert bulk.add_selected(connection, PLANTED, ("key", "offset", "code", "present"), shifted) == 1
    assert [one["code"] for one in stored(store)] == [row(1)["code"], row(2)["code"], "c"]


def test_rows_that_are_found_with_a_lock_wait_for_the_transaction(store: Database) -> None:
    if store.embedded:
        pytest.skip("SQLite has one writer")
    rows = [row(number) for number in range(20)]
    keys = [one["key"] for one in rows]
    with store.write() as connection:
        bulk.insert_new(connection, PLANTED, rows)
    with store.write() as connection:
        found = bulk.find(connection, [PLANTED.c.key], PLANTED.c.key, keys[::-1], lock=True)
        assert [one.key for one in found] == keys
        with store.write() as other:
            free = select(PLANTED.c.key).with_for_update(skip_locked=True)
            assert other.execute(free).all() == []


def test_insert_new_refuses_what_is_there_and_inserts_nothing(store: Database) -> None:
    with store.write() as connection:
        bulk.insert_new(connection, PLANTED, [row(1)])
    with pytest.raises(IntegrityError), store.write() as connection:
        bulk.insert_new(connection, PLANTED, [row(2), row(1)])
    assert stored(store) == [row(1)]


def test_upsert_sets_what_it_is_told_where_it_is_told(store: Database) -> None:
    with store.write() as connection:
        bulk.insert_new(connection, PLANTED, [row(1, offset=5, small=1), row(2, offset=5, small=1)])
        given = [row(1, offset=4, small=2, word="a"), row(2, offset=6, small=2, word="b"), row(3, small=2)]
        bulk.upsert(connection, PLANTED, given, {"small": added}, newer)
    assert stored(store) == [
        row(1, offset=5, small=1),
        row(2, offset=6, small=3, word="b"),
        row(3, small=2),
    ]


def test_a_text_that_is_too_long_is_refused_not_cut(store: Database) -> None:
    if store.embedded:
        pytest.skip("SQLite has no lengths")
    for write in (bulk.insert_new, bulk.upsert):
        with pytest.raises(RecordRejected, match="TEXT_TOO_LONG"), store.write() as connection:
            write(connection, PLANTED, [row(1, word="123456789")])
    assert stored(store) == []


def plan(connection: Connection) -> str:
    """How PostgreSQL reads by a prepared statement whose plan it keeps."""
    connection.execute(text("DEALLOCATE ALL"))
    connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
    connection.exec_driver_sql("PREPARE looked (bytea[]) AS SELECT key FROM planted WHERE key = ANY($1)")
    said = connection.exec_driver_sql("EXPLAIN EXECUTE looked (ARRAY['\\x00'::bytea])").scalars().all()
    return "\n".join(said)


def test_a_plan_that_is_made_while_a_table_is_empty_reads_by_index(store: Database) -> None:
    if store.embedded:
        pytest.skip("SQLite has no plans that last")
    with store.write() as connection:
        assert "Seq Scan" in plan(connection)
        bulk.force_index(connection)
        assert "Index" in plan(connection)
    with store.read() as connection:  # the next transaction is as it was
        assert connection.execute(text("SHOW enable_seqscan")).scalar_one() == "on"


def test_a_connection_that_is_lost_inside_a_copy_is_an_outage(store: Database) -> None:
    if store.embedded:
        pytest.skip("SQLite has no connections to lose")
    with pytest.raises(Unavailable), store.write() as connection:
        ours = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with store.write() as other:
            other.execute(text("SELECT pg_terminate_backend(:ours)"), {"ours": ours})
        bulk.insert_new(connection, PLANTED, [row(number) for number in range(50_000)])
    assert stored(store) == []


def test_only_this_room_spells_what_databases_say_differently() -> None:
    package = Path(bulk.__file__).parents[1]
    texts = {path.relative_to(package): path.read_text("utf-8") for path in package.rglob("*.py")}
    spelled = {path for path, code in texts.items() if "sqlalchemy.dialects" in code or "on_conflict" in code}
    assert spelled == {Path("stores/bulk.py")}

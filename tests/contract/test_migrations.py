"""The tables that the migrations make are those that the code knows, on both databases; hubs of two versions share
them."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    BLOB,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    insert,
    inspect,
    select,
    text,
    update,
)

import hub
from hub.errors import Misconfigured
from hub.privacy.tables import VAULT
from hub.stores.database import Database
from hub.stores.migrate import STORE, History
from hub.stores.tables import schema_floor
from tests.migration import FIRST, HISTORIES, ROOMS, first, plant, spelled

PACKAGE = Path(hub.__file__).parent


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/migrated.db"
        return
    yield request.getfixturevalue("postgres_url")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def test_every_rooms_tables_are_in_the_list() -> None:
    files = {path.relative_to(PACKAGE.parent) for path in PACKAGE.glob("*/**/tables.py")}
    assert files == {Path(*room.__name__.split(".")).with_suffix(".py") for rooms in ROOMS.values() for room in rooms}
    for history, wanted in HISTORIES.values():
        assert {table.metadata for table in wanted} == {history.floor.metadata}


@pytest.mark.parametrize("name", HISTORIES)
def test_the_migrations_make_exactly_the_tables_that_the_code_knows(database: Database, name: str) -> None:
    history, wanted = HISTORIES[name]
    with database.write() as connection:
        history.upgrade_connection(connection)
        made = described(connection)
        del made[history.version_table]
        everything = MetaData()
        everything.reflect(connection)
        everything.drop_all(connection)
        wanted[0].metadata.create_all(connection, tables=wanted)
        known = described(connection)
    assert made.keys() == known.keys()
    for table, found in made.items():
        assert found == known[table], f"{table}: run `make migration`"


def described(connection: Connection) -> dict[str, dict[str, Any]]:
    """Everything about every table: columns, keys, indexes, and how SQLite keeps its rows."""
    found = inspect(connection)
    return {table: described_table(connection, table) for table in found.get_table_names()}


def described_table(connection: Connection, table: str) -> dict[str, Any]:
    found = inspect(connection)
    options = ""
    if connection.dialect.name == "sqlite":
        query = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
        made = connection.execute(query, {"table": table}).scalar_one().upper()
        options = " ".join(word for word in ("WITHOUT ROWID", "AUTOINCREMENT") if word in made)
    return {
        "columns": {column["name"]: described_column(column) for column in found.get_columns(table)},
        "primary key": found.get_pk_constraint(table),
        "foreign keys": found.get_foreign_keys(table),
        "unique": found.get_unique_constraints(table),
        "checks": found.get_check_constraints(table),
        "indexes": {index["name"]: index for index in found.get_indexes(table)},
        "options": options,
    }


def described_column(column: Any) -> dict[str, Any]:
    kind = column["type"]
    return {**column, "type": str(kind), "collation": getattr(kind, "collation", None)}


@pytest.mark.parametrize("name", HISTORIES)
def test_the_tool_finds_nothing_left_to_do(name: str) -> None:
    assert spelled(name) == ""


@pytest.mark.parametrize("name", HISTORIES)
def test_the_first_revision_is_what_the_tool_makes_of_the_tables(name: str) -> None:
    history, _ = HISTORIES[name]
    if history.head() != FIRST:
        pytest.skip("there are later revisions")
    written = (history.versions / "0001_first.py").read_text("utf-8")
    assert written == first(name), "run `make migration WRITE=1`"


@pytest.mark.parametrize("history", [STORE, VAULT], ids=lambda one: one.name)
def test_upgrade_again_changes_nothing(url: str, database: Database, history: History) -> None:
    assert history.upgrade(url) == history.head()
    with database.write() as connection:
        connection.execute(update(history.floor).values(revision="0000"))
    assert history.upgrade(url) == history.head()
    with database.read() as connection:
        assert connection.execute(select(history.floor.c.revision)).scalar_one() == "0000"
        assert history.check(connection) == history.head()


def test_an_empty_database_is_told(database: Database) -> None:
    with database.read() as connection, pytest.raises(Misconfigured, match="the store is at revision None"):
        STORE.check(connection)


@pytest.mark.parametrize("history", [STORE, VAULT], ids=lambda one: one.name)
def test_a_newer_hubs_tables_are_left_alone_while_it_says_that_this_one_may_run(
    url: str, database: Database, history: History, tmp_path: Path
) -> None:
    newest = next_version(history, tmp_path / "versions")
    history.upgrade(url)
    with database.read() as connection, pytest.raises(Misconfigured, match=f"needs {newest.head()}"):
        newest.check(connection)
    assert newest.upgrade(url) == newest.head() != history.head()
    assert history.upgrade(url) == newest.head()
    with database.read() as connection:
        assert history.check(connection) == newest.head()
    with database.write() as connection:
        connection.execute(update(history.floor).values(revision=newest.head()))
    with pytest.raises(Misconfigured, match="newer hub"):
        history.upgrade(url)


def next_version(history: History, folder: Path) -> History:
    """The history as the next version might have it."""
    shutil.copytree(history.versions, folder)
    plant(folder, history.head(), {"store": "tally", "vault": "identity"}[history.name])
    return replace(history, versions=folder)


@pytest.mark.parametrize("history", [STORE, VAULT], ids=lambda one: one.name)
def test_every_older_hub_above_the_floor_writes_and_reads_the_newest_tables(
    url: str, database: Database, history: History, tmp_path: Path
) -> None:
    """Statements made from the tables as each older revision knew them, run on the newest."""
    newest = next_version(history, tmp_path / "versions")
    newest.upgrade(url)
    with database.read() as connection:
        floor = connection.execute(select(history.floor.c.revision)).scalar_one()
    for revision in history.revisions_from(floor):
        older = as_of(history, revision, url)
        with database.write() as connection:
            for table in older.sorted_tables:
                write_and_read(connection, table)
            connection.rollback()


def write_and_read(connection: Connection, table: Table) -> None:
    connection.execute(insert(table), [{column.name: sample(column) for column in table.columns}])
    plain = {one.name: sample(one) for one in table.columns if not one.primary_key}
    ours = [one == sample(one) for one in table.primary_key.columns]
    plain = plain or {one.name: sample(one) for one in table.primary_key.columns}  # a table that is its key alone
    assert connection.execute(update(table).where(*ours).values(plain)).rowcount == 1
    assert len(connection.execute(select(table)).all()) >= 1


def as_of(history: History, revision: str, url: str) -> MetaData:
    """The tables as a hub of ``revision`` knows them: read from a database that stopped there."""
    with tempfile.TemporaryDirectory() as folder:
        older = Database(f"sqlite:///{folder}/older.db")
        with older.write() as connection:
            history.upgrade_connection(connection, revision)
            metadata = MetaData()
            metadata.reflect(connection)
        older.close()
    metadata.remove(metadata.tables[history.version_table])
    if url.startswith("sqlite"):
        return metadata
    for table in metadata.tables.values():
        for column in table.columns:
            column.type = column.type.as_generic() if not isinstance(column.type, BLOB) else LargeBinary()
    return metadata


def sample(column: Column[Any]) -> Any:
    """A value that fits; the same for every row, so that foreign keys hold."""
    kind = column.type
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer | Float):
        return 7
    return b"x" * 16 if isinstance(kind, LargeBinary | BLOB) else "x"


def test_tables_of_another_wheel_are_created_where_they_are_missing(url: str, database: Database) -> None:
    metadata = MetaData()
    floor = schema_floor.to_metadata(metadata)
    theirs = Table("theirs", metadata, Column("one", Integer, ForeignKey("schema_floor.one"), primary_key=True))
    for _ in range(2):
        STORE.upgrade(url, [theirs])
    with database.write() as connection:
        connection.execute(insert(theirs), [{"one": 1}])
    with database.read() as connection:
        assert len(connection.execute(select(theirs).join(floor)).all()) == 1


def test_callers_of_the_first_revision_are_clients_of_the_second(database: Database) -> None:
    with database.write() as connection:
        STORE.upgrade_connection(connection, "0004")
        rows = [("a", "one", "counter", None), ("b", "one", "gov-platform", None), ("c", "two", "old", 7)]
        for token_id, client, channels, revoked_ms in rows:
            connection.execute(
                text("INSERT INTO token VALUES (:id, :client, :hash, 'operate', :channels, 5, :revoked)"),
                {"id": token_id, "client": client, "hash": b"h", "channels": channels, "revoked": revoked_ms},
            )
        STORE.upgrade_connection(connection)
        found = connection.execute(text("SELECT client, channels, divisions, purposes, created_ms FROM client")).all()
    assert [tuple(row) for row in found] == [
        ("one", "counter gov-platform", "", "capacity-increase connection-application", 5)
    ]

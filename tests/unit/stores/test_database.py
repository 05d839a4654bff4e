"""The store and its migrations: P2 (one transaction moves state and offsets together) rests on them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, insert, select

from hub.errors import Misconfigured, Unavailable
from hub.stores import migrate, tables
from hub.stores.database import Database

ROW = {"group": "project", "topic": "t", "partition": 0, "next": 7}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def store(url: str) -> Iterator[Database]:
    migrate.upgrade(url)
    store = Database(url)
    yield store
    store.close()


def count(store: Database) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(tables.projection_offset)).scalar_one()


def test_migrations_make_exactly_the_tables_that_the_code_knows(store: Database) -> None:
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        assert migrate.current_revision(connection) == migrate.head()


def test_upgrade_again_changes_nothing(store: Database, url: str) -> None:
    with store.write() as connection:
        connection.execute(insert(tables.projection_offset), [ROW])
    assert migrate.upgrade(url) == migrate.head()
    assert count(store) == 1


def test_a_database_of_a_newer_hub_is_refused(store: Database, url: str) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Misconfigured, match="newer hub"):
        migrate.upgrade(url)


def test_p2_an_exception_rolls_the_whole_transaction_back(store: Database) -> None:
    with pytest.raises(RuntimeError), store.write() as connection:
        connection.execute(insert(tables.projection_offset), [ROW])
        raise RuntimeError
    assert count(store) == 0


def test_a_read_is_one_snapshot(store: Database) -> None:
    with store.read() as reader:
        query = select(func.count()).select_from(tables.projection_offset)
        assert reader.execute(query).scalar_one() == 0
        with store.write() as writer:
            writer.execute(insert(tables.projection_offset), [ROW])
        assert reader.execute(query).scalar_one() == 0
    assert count(store) == 1


def test_writers_take_turns(store: Database) -> None:
    def add(partition: int) -> None:
        for step in range(10):
            with store.write() as connection:
                connection.execute(insert(tables.projection_offset), [{**ROW, "partition": partition * 100 + step}])

    threads = [threading.Thread(target=add, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(store) == 60


def test_a_missing_table_is_the_operators_and_a_missing_folder_is_made(tmp_path: Path) -> None:
    store = Database(f"sqlite:///{tmp_path}/new/store.db")
    with pytest.raises(Misconfigured, match="no such table"):
        count(store)


@pytest.mark.parametrize("bad", ["mysql://host/db", "sqlite://", "no url"])
def test_other_urls_are_refused(bad: str) -> None:
    with pytest.raises(Misconfigured):
        Database(bad)


def test_a_database_that_is_away_is_unavailable_and_says_no_secret() -> None:
    store = Database("postgresql://user:secret-word@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises(Unavailable) as caught, store.read():
        pass
    assert "secret-word" not in str(caught.value)

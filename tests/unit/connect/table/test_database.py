"""An exchange database: it is only read, a read is one snapshot, and what is missing is named."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.connect.spec import Limits
from hub.connect.table.database import TableDatabase
from hub.errors import Misconfigured, Unavailable

NAMES = {"ex_title": {"id", "time"}, "ex_holder": {"id"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "exchange.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(
            "PRAGMA journal_mode = WAL;"
            "CREATE TABLE ex_title(id TEXT, time INTEGER, colour TEXT); CREATE TABLE ex_holder(id TEXT);"
            "INSERT INTO ex_title VALUES ('a', 1, NULL);"
        )
    connection.close()
    return file


@pytest.fixture
def database(file: Path) -> Iterator[TableDatabase]:
    database = TableDatabase("sample", f"sqlite:///{file}", Limits(read_timeout_s=0.2), NAMES)
    yield database
    database.close()


def change(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_read_sees_one_moment(file: Path, database: TableDatabase) -> None:
    with database.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM ex_title")).scalar()
        change(file, "INSERT INTO ex_title VALUES ('b', 2, NULL)")
        assert connection.execute(text("SELECT count(*) FROM ex_title")).scalar() == before == 1
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM ex_title")).scalar() == 2


def test_nothing_can_be_written(database: TableDatabase) -> None:
    with pytest.raises(Misconfigured), database.read() as connection:
        connection.execute(text("DELETE FROM ex_title"))


def test_what_is_new_and_what_is_missing_is_named_by_table_and_column(file: Path, database: TableDatabase) -> None:
    assert database.drift() == (["ex_title.colour"], [])
    change(file, "ALTER TABLE ex_title RENAME COLUMN time TO moment")
    change(file, "DROP TABLE ex_holder")
    assert database.drift() == (["ex_title.colour", "ex_title.moment"], ["ex_holder.id", "ex_title.time"])
    with pytest.raises(Misconfigured, match=r"has no ex_holder\.id, ex_title\.time"), database.read() as connection:
        connection.execute(text("SELECT time FROM ex_title"))


def test_p5_an_error_tells_no_value(database: TableDatabase) -> None:
    with pytest.raises(Unavailable) as told, database.read() as connection:
        connection.execute(text("SELECT abs(:number)"), {"number": -(2**63)}).scalar()
    assert str(2**63) not in str(told.value)


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:////no/such/file.db", "no-such-dialect://host/x", "not a url", "oracle+no_driver://h/x"],
)
def test_a_url_that_cannot_be_used_is_for_the_operator_and_not_repeated(url: str) -> None:
    with pytest.raises(Misconfigured) as told:
        TableDatabase("sample", url, Limits(), NAMES)
    assert "connectors.sample.url" in str(told.value)
    assert url not in str(told.value)

"""The property exchange database (前置库): its two tables, and writing rows. Texts are GB18030 bytes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
)

from sandbox.errors import Misconfigured
from sandbox.world.title_row import TitleRow

metadata = MetaData()
TITLE = Table(
    "ex_bdc_title",
    metadata,
    Column("rowguid", Text, primary_key=True),
    Column("operatetype", Text, nullable=False),
    Column("update_time", BigInteger, nullable=False),
    Column("bdcdyh", Text),
    Column("bdcqzh", LargeBinary),
    Column("zl", LargeBinary),
    Column("ghyt", LargeBinary),
    Column("mj", Text),
    Column("djlx", Text),
    Column("djyy", LargeBinary),
    Column("djsj", Text),
    Column("qszt", Text),
    Column("gyfs", Text),
    Column("cfzt", Text),
    Column("dyzt", Text),
    Column("xzqhdm", Text),
    Column("djjg", Text),
    Column("fj", LargeBinary),
    Index("ex_bdc_title_changes", "update_time", "rowguid"),
)
HOLDER = Table(
    "ex_bdc_qlr",
    metadata,
    Column("title_rowguid", Text, primary_key=True),
    Column("sxh", Integer, primary_key=True),
    Column("qlr", LargeBinary),
    Column("zjzl", Text),
    Column("zjh", Text),
    Column("qlbl", Text),
)
_CHUNK = 2_000


def engine_of(url: str) -> Engine:
    """An engine on the exchange database.

    On SQLite without WAL, so that a writer can block readers, as a large database may do.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def configure(connection: Any, record: Any) -> None:  # noqa: ARG001
            connection.execute("PRAGMA busy_timeout=30000")
            connection.execute("PRAGMA synchronous=OFF")

    return engine


def create(engine: Engine, again: bool) -> None:
    """Create the tables. With ``again``, existing ones are dropped. Raises ``Misconfigured`` when there are rows."""
    if again:
        metadata.drop_all(engine)
    metadata.create_all(engine)
    with engine.connect() as connection:
        if connection.execute(select(TITLE.c.rowguid).limit(1)).first():
            raise Misconfigured(
                "the exchange tables are not empty", "name another database, or drop ex_bdc_title and ex_bdc_qlr"
            )


def load(engine: Engine, rows: Iterable[TitleRow]) -> Iterator[int]:
    """Insert ``rows`` in chunks, one transaction each. Yields the number of rows so far after each chunk."""
    done = 0
    stream = iter(rows)
    while chunk := list(islice(stream, _CHUNK)):
        with engine.begin() as connection:
            add(connection, chunk)
        done += len(chunk)
        yield done


def add(connection: Connection, rows: list[TitleRow]) -> None:
    """Insert rows with their holders."""
    connection.execute(insert(TITLE), [title_values(row) for row in rows])
    if holders := [values for row in rows for values in holder_values(row)]:
        connection.execute(insert(HOLDER), holders)


def overwrite(connection: Connection, row: TitleRow) -> None:
    """Replace the row with the same rowguid, and its holders."""
    connection.execute(HOLDER.delete().where(HOLDER.c.title_rowguid == row.key))
    connection.execute(TITLE.delete().where(TITLE.c.rowguid == row.key))
    add(connection, [row])


def title_values(row: TitleRow) -> dict[str, Any]:
    """The columns of ``ex_bdc_title`` for a row."""
    texts = {name: None if text is None else text.encode("gb18030") for name, text in row.texts.items()}
    head = {"rowguid": row.key, "operatetype": row.operation, "update_time": row.update_time}
    return head | row.columns | texts | row.raw


def holder_values(row: TitleRow) -> list[dict[str, Any]]:
    """The columns of ``ex_bdc_qlr`` for each holder of a row."""
    return [
        {
            "title_rowguid": row.key,
            "sxh": number,
            "qlr": owner.name.encode("gb18030"),
            "zjzl": owner.kind,
            "zjh": owner.number,
            "qlbl": owner.share,
        }
        for number, owner in enumerate(row.owners, 1)
    ]

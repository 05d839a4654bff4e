"""The five tables of the exchange database of project approvals, and their rows."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
)

from sandbox.errors import Misconfigured
from sandbox.projects.projects import Projects, Tables

metadata = MetaData()
_CHUNK = 200
"""Projects in one transaction."""


def _table(name: str, *columns: Column[str]) -> Table:
    """A table with the columns that all five have: whether the row is valid (1, 0) and why not; whether the receiver
    took it (0 new, 3 accepted, -1 bad) and what is bad; its update time, a text of Beijing time."""
    return Table(
        name,
        metadata,
        Column("lsh", BigInteger, primary_key=True, autoincrement=False),
        *columns,
        Column("sjyxbs", String(1), nullable=False),
        Column("sjwxyy", String(500)),
        Column("sjsczt", String(2), nullable=False),
        Column("sbyy", String(500)),
        Column("gxsj", String(19), nullable=False, index=True),
    )


def _text(name: str, length: int = 100) -> Column[str]:
    return Column(name, String(length))


def _code(name: str) -> Column[str]:
    return Column(name, String(64), index=True)


PROJECT: Final = _table(
    "SPGL_XMJBXXB",
    *(_code("xmdm"), _code("gcdm"), _text("xzqhdm", 6), _text("xmmc", 300), _text("lxlx", 1), _text("ztze", 20)),
    *(_text("jsdd", 300), _text("ydmj", 20), _text("jzmj", 20), _text("nkgsj"), _text("njcsj"), _text("splclx", 2)),
)
UNIT: Final = _table(
    "SPGL_XMDWXXB", _code("xmdm"), _code("gcdm"), _text("dwmc", 200), _code("dwtyshxydm"), _text("dwlx", 2)
)
MATTER: Final = _table(
    "SPGL_XMSPSXBLXXB",
    *(_code("xmdm"), _code("gcdm"), _code("spsxslbm"), _text("spsxbm", 20), _text("spbmbm", 40), _text("slfs", 2)),
    Column("sxblsx", Integer),  # type: ignore[arg-type]
)
PROGRESS: Final = _table(
    "SPGL_XMSPSXBLXXXXB", _code("spsxslbm"), _text("blr"), _text("blzt", 2), _text("blyj", 500), _text("blsj")
)
DOCUMENT: Final = _table(
    "SPGL_XMSPSXPFWJXXB",
    *(
        _code("xmdm"),
        _code("gcdm"),
        _code("spsxslbm"),
        _text("pfrq"),
        _text("pfwh"),
        _text("pfwjbt"),
        _text("pfwjyxqx"),
    ),
)


def engine_of(url: str) -> Engine:
    """An engine for the exchange database."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def configure(connection: object, record: object) -> None:  # noqa: ARG001
            connection.execute("PRAGMA busy_timeout=30000")  # type: ignore[attr-defined]
            connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]

    return engine


def make(url: str, projects: Projects, again: bool) -> None:
    """Create the tables with their rows. With ``again``, existing ones are dropped. Raises ``Misconfigured`` when there
    are rows."""
    engine = engine_of(url)
    try:
        if again:
            metadata.drop_all(engine)
        metadata.create_all(engine)
        with engine.connect() as connection:
            if connection.execute(select(PROJECT.c.lsh).limit(1)).first():
                raise Misconfigured("the project tables are not empty", "name another database, or drop them")
        for begin in range(0, projects.count, _CHUNK):
            end = min(begin + _CHUNK, projects.count)
            add(engine, [projects.project(number) for number in range(begin, end)])
    finally:
        engine.dispose()


def add(engine: Engine, made: list[Tables]) -> None:
    """Insert the rows of some projects, parents first, in one transaction."""
    with engine.begin() as connection:
        for table, name in (
            (PROJECT, "projects"),
            (UNIT, "units"),
            (MATTER, "matters"),
            (PROGRESS, "progress"),
            (DOCUMENT, "documents"),
        ):
            if rows := [row for one in made for row in getattr(one, name)]:
                connection.execute(insert(table), rows)

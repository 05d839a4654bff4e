"""What the utility's system keeps of its steps: the list that a hub fetches, and the step table that it reads."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    func,
    insert,
    select,
    update,
)  # fmt: skip
from sqlalchemy.pool import NullPool

METADATA = MetaData()
EVENT = Table(
    "step_event",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("body", Text, nullable=False),
)
"""The list of events, oldest first."""
REPORTED = Table(
    "step_reported",
    METADATA,
    Column("way", String(8), primary_key=True),
    Column("moments", Integer, nullable=False),
)
"""Moments that were reported over each way, each time that they were."""
PLAYED = Table(
    "step_played",
    METADATA,
    Column("what", String(200), primary_key=True),
    Column("begun", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("doubted", Integer, nullable=False),
)
"""Cases that are played once: moments that were begun, those of them that were reported for sure, and those that were
begun twice because the first time has no answer."""
STEP = Table(
    "dwd_cst_step_rec",
    METADATA,
    Column("step_id", String(64), primary_key=True),
    Column("app_no", String(32), nullable=False),
    Column("step_no", String(8), nullable=False),
    Column("step_name", String(64)),
    Column("step_stat", String(8)),
    Column("rcv_time", String(32)),
    Column("acmp_time", String(32)),
    Column("req_time", String(32)),
    Column("handler_no", String(32)),
    Column("county_code", String(16)),
    Column("etl_time", BigInteger, nullable=False),
)
"""One row a step, overwritten in place."""


def engine_of(url: str) -> Engine:
    """The engine of a database with these tables, which are made where they are missing."""
    engine = create_engine(url, poolclass=NullPool)
    METADATA.create_all(engine)
    return engine


def list_events(engine: Engine, events: Sequence[Mapping[str, Any]]) -> None:
    """Append events to the list."""
    with engine.begin() as connection:
        rows = [{"body": json.dumps(one, ensure_ascii=False)} for one in events]
        connection.execute(insert(EVENT), rows)


def count(engine: Engine, way: str, moments: int) -> None:
    """Count what was reported over a way."""
    with engine.begin() as connection:
        _count(connection, way, moments)


def _count(connection: Connection, way: str, moments: int) -> None:
    changed = update(REPORTED).where(REPORTED.c.way == way).values(moments=REPORTED.c.moments + moments)
    if not connection.execute(changed).rowcount:
        connection.execute(insert(REPORTED), [{"way": way, "moments": moments}])


def begin(engine: Engine, what: str) -> None:
    """Write down that the next moment of a case is about to be reported."""
    with engine.begin() as connection:
        row = connection.execute(select(PLAYED).where(PLAYED.c.what == what)).one_or_none()
        if row is None:
            connection.execute(insert(PLAYED).values(what=what, begun=1, done=0, doubted=0))
        else:
            doubted = row.doubted + (row.begun > row.done)
            values = {"begun": row.done + 1, "doubted": doubted}
            connection.execute(update(PLAYED).where(PLAYED.c.what == what).values(values))


def done(engine: Engine, what: str, way: str) -> None:
    """Count the moment that was begun."""
    with engine.begin() as connection:
        connection.execute(update(PLAYED).where(PLAYED.c.what == what).values(done=PLAYED.c.begun))
        _count(connection, way, 1)


def played(engine: Engine, what: str) -> int:
    """Moments of a case that were reported."""
    with engine.connect() as connection:
        return connection.execute(select(PLAYED.c.done).where(PLAYED.c.what == what)).scalar_one_or_none() or 0


def doubted(engine: Engine) -> int:
    """Moments that were begun twice."""
    with engine.connect() as connection:
        return int(connection.execute(select(func.coalesce(func.sum(PLAYED.c.doubted), 0))).scalar_one())


def reported(engine: Engine) -> dict[str, int]:
    """Way → moments that were reported over it."""
    with engine.connect() as connection:
        return {row.way: row.moments for row in connection.execute(select(REPORTED))}


def page(engine: Engine, after: int, limit: int) -> dict[str, Any]:
    """The events after a cursor."""
    query = select(EVENT).where(EVENT.c.seq > after).order_by(EVENT.c.seq).limit(limit + 1)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    shown = rows[:limit]
    items = [json.loads(row.body) for row in shown]
    return {"items": items, "next": str(shown[-1].seq if shown else after), "more": len(rows) > limit}


def write_rows(engine: Engine, rows: Sequence[Mapping[str, Any]], now_ms: int) -> int:
    """Write rows of the step table in place. Returns how many moments of steps they tell that were not told before."""
    fresh = 0
    with engine.begin() as connection:
        for row in rows:
            before = connection.execute(select(STEP).where(STEP.c.step_id == row["step_id"])).one_or_none()
            times = ("rcv_time", "acmp_time", "req_time")
            if before is not None and all(before._mapping[name] == row.get(name) for name in times):
                continue
            latest = connection.execute(select(func.max(STEP.c.etl_time))).scalar_one() or 0
            connection.execute(delete(STEP).where(STEP.c.step_id == row["step_id"]))
            connection.execute(insert(STEP), [{**row, "etl_time": max(now_ms, latest + 1)}])
            fresh += 1
    return fresh

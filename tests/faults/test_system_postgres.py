"""PostgreSQL falls over inside a transaction, and comes back: P1 (nothing lost), P2 (nothing doubled)."""

import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from sandbox.servers.postgres import Server
from tests.e2e.harness import PATIENCE_S, World, real_engines, world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

DOWN_S = 3.0
HOLD = "LOCK TABLE {} IN SHARE MODE"
"""Writers of the table wait with their transaction open; readers do not."""


def stop_inside(server: Server, table: str, begin: Callable[[], object]) -> None:
    """Have a transaction of the hub's open on ``table``, then end the server as ``kill -9`` would; start it again."""
    store = {"host": "127.0.0.1", "port": server.port, "user": "postgres", "dbname": "store"}
    with psycopg.connect(**store) as connection:  # type: ignore[arg-type]
        connection.execute(HOLD.format(table).encode())
        begin()
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
        until(lambda: connection.execute(waits, [table]).fetchone() != (0,), f"nobody writes {table}")
        server.control("stop", "-m", "immediate")
        connection.close()
    time.sleep(DOWN_S)
    server.run()


def until(done: Callable[[], bool], otherwise: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline_s, otherwise
        time.sleep(0.05)


def in_flight(one: World, server: Server) -> bool:
    """Whether a delivery is claimed and not acknowledged."""
    with psycopg.connect(host="127.0.0.1", port=server.port, user="postgres", dbname="store") as connection:
        query = b"SELECT count(*) FROM attempt WHERE claimed_by IS NOT NULL"
        return connection.execute(query).fetchone() != (0,)


def test_p1_p2_postgres_ends_while_a_batch_is_projected_and_while_a_delivery_is_claimed(tmp_path: Path) -> None:
    with real_engines(tmp_path, partitions=2) as engines, world(tmp_path, 1_500, engines=engines.settings) as one:
        stop_inside(engines.database, "tally", one.start)
        one.settle()
        one.sandbox.fault("utility_crm", "latency", delay_s=2.0)
        one.submit(one.applications()[:2])
        until(lambda: in_flight(one, engines.database), "nothing was claimed")
        stop_inside(engines.database, "attempt", lambda: None)
        one.sandbox.clear("utility_crm")
        one.settle(deliveries=6)
        one.check()

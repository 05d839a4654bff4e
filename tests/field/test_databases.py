"""The hub's own databases: what an operator must correct is said, and a pooler before PostgreSQL does no harm (P1)."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select, text

from hub.errors import HubError, Misconfigured, RecordRejected, Unavailable
from hub.runtime.tables import stage_status
from hub.stores import bulk, outbox
from hub.stores.database import Database
from hub.stores.migrate import STORE
from hub.stores.tables import outbox as outbox_rows
from sandbox.servers import postgres
from sandbox.servers.missing import Missing
from sandbox.servers.ports import free_port

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    try:
        server = postgres.start()
    except Missing as missing:
        pytest.skip(str(missing))
    yield server
    server.stop()


def said(url: str, statement: str = "SELECT 1") -> HubError:
    with pytest.raises((Misconfigured, Unavailable)) as told:
        store = Database(url)
        with store.write() as connection:
            connection.execute(text(statement))
    store.close()
    return told.value


def test_what_an_operator_must_correct_is_said(server: postgres.Server) -> None:
    url = server.create("store")
    STORE.upgrade(url)
    with psycopg.connect(host="127.0.0.1", port=server.port, user="postgres", dbname="store", autocommit=True) as admin:
        admin.execute("CREATE ROLE reader LOGIN PASSWORD 'right'")
        rules = server.home / "data" / "pg_hba.conf"
        rules.write_text("host all reader 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n")
        server.control("reload")
        reader = url.replace("postgres@", "reader:{}@")
        base = url.rpartition("/")[0]
        found = {
            "password": said(reader.format("wrong")),
            "database": said(f"{base}/nope"),
            "role": said(url.replace("postgres@", "no_such_role@")),
            "grant": said(reader.format("right"), "SELECT * FROM outbox"),
            "table": said(url, "SELECT * FROM no_such_table"),
            "port": said(url.replace(f":{server.port}/", ":1/")),
        }
        admin.execute("ALTER ROLE reader CONNECTION LIMIT 0")
        found["slots"] = said(reader.format("right"))
        admin.execute("ALTER DATABASE store SET default_transaction_read_only = on")
        found["standby"] = said(url, "DELETE FROM outbox")
    expected = {
        "password": (Misconfigured, "refuses the user or the password"),
        "database": (Misconfigured, "no database of this name"),
        "role": (Misconfigured, "refuses the user or the password"),
        "grant": (Misconfigured, "no privilege"),
        "table": (Misconfigured, "no such table"),
        "port": (Unavailable, "nothing listens"),
        "slots": (Unavailable, "no free connection"),
        "standby": (Unavailable, "takes no writes"),
    }
    assert {name: type(error) for name, error in found.items()} == {name: sort for name, (sort, _) in expected.items()}
    assert [name for name, (_, words) in expected.items() if words not in str(found[name])] == []


@pytest.mark.parametrize(("topic", "code"), [("a\0b", "TEXT_CONTROL"), ("t" * 500, "TEXT_TOO_LONG")])
def test_p1_a_text_that_no_column_takes_is_a_fault_of_the_text(server: postgres.Server, topic: str, code: str) -> None:
    """No defect of the hub, for whom it came from (HTTP 422), and nothing of the transaction is stored."""
    STORE.upgrade(url := server.create("store"))
    store = Database(url)
    with pytest.raises(RecordRejected, match=code), store.write() as connection:
        outbox.put(connection, [outbox.Message("t", b"", b"", {}, 1), outbox.Message(topic, b"", b"", {}, 1)])
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(outbox_rows)).scalar_one() == 0
    store.close()


# ---- PgBouncer -----------------------------------------------------------------------------------------------------


@pytest.fixture
def pooled(server: postgres.Server, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated store behind PgBouncer in transaction mode, with two connections for all."""
    program = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed (Debian: pgbouncer)")
    STORE.upgrade(server.create("store"))
    port = free_port()
    settings = server.home / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\nstore = host=127.0.0.1 port={server.port} dbname=store user=postgres\n"
        f"[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nunix_socket_dir=\nauth_type=any\n"
        "pool_mode=transaction\ndefault_pool_size=2\nmax_client_conn=100\nignore_startup_parameters=extra_float_digits\n"
    )
    settings.chmod(0o644)
    user = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None
    with (tmp_path / "pgbouncer.log").open("wb") as out:
        process = subprocess.Popen([program, str(settings)], user=user, cwd="/", stdout=out, stderr=out)
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/store"
    deadline_s = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="store").close()
            break
        except psycopg.OperationalError:
            assert time.monotonic() < deadline_s, (tmp_path / "pgbouncer.log").read_text()
    yield url
    process.terminate()
    process.wait(10)


def test_p1_p2_a_pooler_that_gives_each_transaction_another_connection_does_no_harm(pooled: str) -> None:
    """Statements that were prepared on one connection are missing, or others, on the next."""
    store = Database(pooled)

    def work(worker: int) -> None:
        for step in range(12):
            with store.write() as connection:
                bulk.force_index(connection)
                message = outbox.Message("t", b"k", b"v", {"n": str(step)}, 1)
                outbox.put(connection, [message, message])
            with store.read() as connection:
                bulk.find(connection, [outbox_rows.c.seq], outbox_rows.c.key, [b"k"])
                connection.execute(select(func.count()).select_from(stage_status)).scalar_one()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(work, worker) for worker in range(6)]:
            done.result()
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(outbox_rows)).scalar_one() == 6 * 12 * 2
    store.close()

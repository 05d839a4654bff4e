"""Fixtures that more than one folder uses."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import create_engine, make_url, text

from hub.privacy.vault import DatabaseVault, MasterKey
from hub.stores.database import Database
from hub.stores.migrate import STORE
from sandbox.servers import kafka, mariadb, postgres
from sandbox.servers.missing import Missing
from tests import fresh
from tests.clocks import HandClock

# How long an example takes says nothing about the product: speed is a benchmark, never a timed test.
settings.register_profile("hub", deadline=None)
settings.load_profile("hub")

# The default draws an exception with all local variables: seconds for each. The command's lines have it plain too.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

# As the command does: what is written is for its own user only.
os.umask(0o077)


# Brokers of tests live for seconds: no time is spent on making their code fast.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

_LONGEST_FIRST = (
    *("tests/faults/test_schedules.py", "tests/e2e/test_kills.py", "tests/faults/test_system_", "tests/faults/"),
    *("tests/e2e/", "tests/connectors/test_tutorial.py", "tests/contract/", "tests/field/", "tests/dummies/"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several processes share the files (``make test``): what takes minutes comes first, so that at the end none of
    them waits long for another."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: [item.nodeid.startswith(name) for name in _LONGEST_FIRST], reverse=True)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that runs inside a test sets the level of the whole process: the next test starts without it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True, scope="session")
def stores_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """In the process of the tests a new store is a copy of one that the migrations made: a copy takes 2 ms, they 80.
    Processes that tests start migrate, and so do the tests of the migrations (``upgrade_connection``)."""
    with pytest.MonkeyPatch.context() as patch:
        fresh.copy_new_stores(patch, tmp_path_factory.mktemp("stores"))
        yield


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """A store of one machine, with every table of the hub."""
    STORE.upgrade(url := f"sqlite:///{tmp_path}/store.db")
    store = Database(url)
    yield store
    store.close()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[DatabaseVault]:
    vault = DatabaseVault(Database(f"sqlite:///{tmp_path}/vault.db"), MasterKey(bytes(32)), HandClock())
    vault.prepare()
    yield vault
    vault.close()


@pytest.fixture(scope="session")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real broker: the one that ``HUB_TEST_KAFKA`` names (HOST:PORT), or one of our own for this run."""
    if named := os.environ.get("HUB_TEST_KAFKA"):
        yield f"kafka://{named}?replication=1&min_insync_replicas=1"
        return
    try:
        cluster = kafka.start(tmp_path_factory.mktemp("kafka") / "cluster")
    except Missing as missing:
        pytest.skip(str(missing))
    yield cluster.log_url
    cluster.stop()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL: the one whose URL ``HUB_TEST_POSTGRES`` is, or one of our own for this run."""
    if named := os.environ.get("HUB_TEST_POSTGRES"):
        yield named
        return
    try:
        server = postgres.start(durable=False)
    except Missing as missing:
        pytest.skip(str(missing))
    yield server.url
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A database of the test's own on that server, dropped afterwards."""
    server = make_url(postgres_server).set(drivername="postgresql+psycopg")
    name = f"hub_test_{uuid4().hex[:8]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.Server]:
    """A real MariaDB of our own for this run."""
    try:
        server = mariadb.start()
    except Missing as missing:
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture
def mariadb_url(mariadb_server: mariadb.Server) -> str:
    """A database of the test's own on that server."""
    return mariadb_server.create(f"hub_test_{uuid4().hex[:8]}")


_COUNTED = {
    "contract of the log, on SQLite": r"contract/test_record_log.*\[sqlite",
    "contract of the log, on Kafka": r"contract/test_record_log.*\[kafka",
    "contract of the store, on SQLite": r"contract/test_store.*\[sqlite",
    "contract of the store, on PostgreSQL": r"contract/test_store.*\[postgres",
    "fault schedules on a broker": r"faults/test_schedules",
    "faults of the broker, one by one": r"faults/test_(?!schedules|system|history|schedule\b)",
    "faults of the whole hub": r"faults/test_system",
    "guards taken out, and found out": r"found_out|is_caught|would_find_a_leak",
}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """At the very end, for who sees no more of a run than that: how many tests of each sort passed, and a line for each
    that failed. pytest's own lines for these have the whole message where ``CI`` is set."""
    yield
    passed = [report.nodeid for report in terminalreporter.getreports("passed")]
    counts = {what: sum(bool(re.search(name, one)) for one in passed) for what, name in _COUNTED.items()}
    if any(counts.values()):
        terminalreporter.section("passed, by what they are about", "-")
        for what, count in counts.items():
            terminalreporter.write_line(f"{count:5} {what}")
    for report in (*terminalreporter.getreports("error"), *terminalreporter.getreports("failed")):
        crash = getattr(report.longrepr, "reprcrash", None)
        why = str(crash.message if crash else report.longrepr or "").strip().partition("\n")[0]
        terminalreporter.write_line(f"FAILED {report.nodeid} - {why[:200]}")

"""An exchange database that refuses says why: each cause has its own words and its remedy, and none is "away"."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import create_engine

from hub.connect.host.registry import open_source
from hub.errors import HubError, Misconfigured, Unavailable
from sandbox.exchange import tables
from sandbox.servers import postgres
from sandbox.servers.missing import Missing
from sandbox.servers.postgres import Server
from tests.clocks import HandClock
from tests.field.exchange import NAME
from tests.grants import granted

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """An exchange database that ``reader`` may read with a password."""
    try:
        server = postgres.start()
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        engine = create_engine(server.create("exchange"))
        tables.metadata.create_all(engine)
        engine.dispose()
        run(server, "CREATE ROLE reader LOGIN PASSWORD 'right'", "GRANT SELECT ON ex_bdc_title, ex_bdc_qlr TO reader")
        (server.home / "data" / "pg_hba.conf").write_text(
            "host all reader 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n", "utf-8"
        )
        server.control("reload")
        yield server
    finally:
        server.stop()


def run(server: Server, *statements: str) -> None:
    with psycopg.connect(host="127.0.0.1", port=server.port, user="postgres", dbname="exchange") as connection:
        for statement in statements:
            connection.execute(statement.encode())


def told(server: Server, login: str = "reader:right", database: str = "exchange", port: int = 0) -> HubError:
    url = f"postgresql+psycopg://{login}@127.0.0.1:{port or server.port}/{database}"
    source = open_source(NAME, {"url": url, "connect_timeout_s": 2}, HandClock(), grant=granted(NAME))
    try:
        source.fetch(None)
    except HubError as error:
        return error
    finally:
        source.close()
    raise AssertionError("it did not refuse")


CAUSES = {
    "password": ("reader:wrong", "exchange", "password"),
    "role": ("stranger", "exchange", "user"),
    "database": ("postgres", "nothing", "database"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_an_operator_must_correct_is_named_with_its_setting(server: Server, cause: str) -> None:
    login, database, words = CAUSES[cause]
    error = told(server, login, database)
    assert isinstance(error, Misconfigured), error
    assert words in str(error) and f"connectors.{NAME}.url" in error.remedy
    assert "away" not in str(error) and "wrong" not in str(error)


@pytest.mark.parametrize(
    ("there", "back", "words"),
    [
        ("REVOKE SELECT ON ex_bdc_qlr FROM reader", "GRANT SELECT ON ex_bdc_qlr TO reader", "privilege"),
        ("ALTER TABLE ex_bdc_title RENAME TO gone", "ALTER TABLE gone RENAME TO ex_bdc_title", "ex_bdc_title"),
        (
            "ALTER TABLE ex_bdc_title ALTER update_time TYPE text",
            "ALTER TABLE ex_bdc_title ALTER update_time TYPE bigint USING update_time::bigint",
            "type",
        ),
    ],
)
def test_what_the_owner_changed_is_named(server: Server, there: str, back: str, words: str) -> None:
    insert = "INSERT INTO ex_bdc_title(rowguid, operatetype, update_time) VALUES ('1', 'U', 1) ON CONFLICT DO NOTHING"
    run(server, insert, there)
    try:
        error = told(server)
    finally:
        run(server, back)
    assert isinstance(error, Misconfigured), error
    assert words in str(error)


def test_what_may_pass_is_unavailable_and_named(server: Server) -> None:
    assert isinstance(refused := told(server, port=1), Unavailable)
    assert "refused" in str(refused)
    run(server, "ALTER ROLE reader CONNECTION LIMIT 0")
    try:
        error = told(server)
    finally:
        run(server, "ALTER ROLE reader CONNECTION LIMIT -1")
    assert isinstance(error, Unavailable)
    assert "connection" in str(error)


def test_a_server_that_speaks_the_protocol_under_another_name_is_read(server: Server) -> None:
    """人大金仓, 瀚高 and openGauss do not call themselves PostgreSQL; the protocol says which one they are like."""
    version = "KingbaseES V008R006C008B0014 on x86_64-pc-linux-gnu"
    run(
        server,
        "SET allow_system_table_mods = on",
        f"CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE AS $$SELECT '{version}'$$",
    )
    url = f"postgresql+psycopg://reader:right@127.0.0.1:{server.port}/exchange"
    source = open_source(NAME, {"url": url}, HandClock(), grant=granted(NAME))
    assert source.fetch(None).cursor
    source.close()

"""An operator sees why a database does not work, and what to do: by ``hub doctor``, for each cause with its own words.

Seen in other products: a wrong password, a revoked grant or a dropped database was shown as "away", and tried without
end.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from hub.bootstrap import open_hub
from hub.cli import cli
from hub.settings import Settings
from sandbox.servers import postgres
from sandbox.servers.missing import Missing
from sandbox.servers.postgres import Server

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
READER = "reader"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server on which ``reader`` needs a password, and may only read a prepared store and vault."""
    try:
        server = postgres.start()
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        for name in ("store", "vault"):
            server.create(name)
        _prepare(server)
        (server.home / "data" / "pg_hba.conf").write_text(
            f"host all {READER} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n", "utf-8"
        )
        server.control("reload")
        yield server
    finally:
        server.stop()


def _prepare(server: Server) -> None:
    urls = {f"{name}_url": url(server, name) for name in ("store", "vault")}
    home = server.home / "hub"
    own = {"master_key_file": home / "master.key", "log_url": f"sqlite:///{home}/log.db"}
    open_hub(Settings.model_validate({**urls, **own})).close()
    for name in ("store", "vault"):
        with psycopg.connect(host="127.0.0.1", port=server.port, user="postgres", dbname=name) as connection:
            if name == "store":
                connection.execute(f"CREATE ROLE {READER} LOGIN PASSWORD 'right'".encode())
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}".encode())
            connection.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {READER}".encode())


def url(server: Server, database: str, login: str = "postgres") -> str:
    return f"postgresql+psycopg://{login}@127.0.0.1:{server.port}/{database}"


def findings(server: Server, **urls: str) -> dict[str, dict[str, str]]:
    """What doctor says, by what it checked. All checks are made, also when one database refuses."""
    home = server.home / "hub"
    environ = {"HUB_LOG_URL": f"sqlite:///{home}/log.db", "HUB_MASTER_KEY_FILE": str(home / "master.key")}
    both = {name: url(server, name) for name in ("store", "vault")} | urls
    environ |= {f"HUB_{name.upper()}_URL": one for name, one in both.items()}
    done = CliRunner().invoke(cli, ["doctor", "--json"], env=environ)
    found = {one["what"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert {"settings", "log", "store", "vault", "schemas", "calendar"} <= found.keys()
    assert done.exit_code == (0 if all(one["sound"] for one in found.values()) else 1)
    return found


def test_what_may_be_written_is_sound(server: Server) -> None:
    found = findings(server)
    assert [name for name, one in found.items() if not one["sound"]] == []


CAUSES = {
    "wrong password": (f"{READER}:wrong", "", "password"),
    "no such role": ("stranger", "", "user"),
    "no such database": ("postgres", "nothing", "database"),
    "no right to write": (f"{READER}:right", "", "privilege"),
}


@pytest.mark.parametrize("part", ["store", "vault"])
@pytest.mark.parametrize("cause", CAUSES)
def test_p1_each_cause_has_its_own_words_and_remedy_and_none_is_away(server: Server, part: str, cause: str) -> None:
    login, database, words = CAUSES[cause]
    found = findings(server, **{part: url(server, database or part, login)})
    one = found[part]
    assert not one["sound"]
    assert words in one["detail"], one
    assert one["remedy"] and "away" not in one["detail"] + one["remedy"], one
    others = [name for name, other in found.items() if not other["sound"] and name != part]
    assert others == [], found


def test_a_server_that_does_not_listen_is_told_with_the_address_to_look_at(server: Server) -> None:
    found = findings(server, store="postgresql+psycopg://postgres@127.0.0.1:1/store")
    assert "refused" in found["store"]["detail"], found["store"]
    assert "store_url" in found["store"]["remedy"] and "store_url" not in found["store"]["detail"], found["store"]
    assert found["vault"]["sound"]


def test_p5_no_finding_has_a_password(server: Server, tmp_path: Path) -> None:
    for login in (f"{READER}:wrong-word", f"{READER}:right"):
        assert "wrong-word" not in json.dumps(findings(server, store=url(server, "store", login)))
    assert list(tmp_path.iterdir()) == []

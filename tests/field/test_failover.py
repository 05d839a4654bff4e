"""An asynchronous standby is promoted that lacks the last seconds: P1 (an acknowledged application is not lost without
a word), P2 (what was registered is not registered again)."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from hub.cases.tables import case
from hub.delivery.tables import attempt
from hub.errors import HubError, Misconfigured
from hub.pipeline.positions import check_outbox
from hub.stores.database import Database
from sandbox.servers import postgres
from sandbox.servers.missing import Missing
from sandbox.servers.ports import free_port
from tests.casework import ConnectionSystem, House, body

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


class Pair:
    """A primary and its standby, which takes the primary's port when it is promoted."""

    def __init__(self) -> None:
        self.primary = postgres.start()
        self.url = self.primary.create("store")
        self.port = free_port()
        self.folder = self.primary.home / "standby"

    def follow(self) -> None:
        """Make the standby and let it follow the primary."""
        place = ["-h", "127.0.0.1", "-p", str(self.primary.port), "-U", "postgres"]
        self._run("pg_basebackup", *place, "-D", str(self.folder), "-R", "-X", "stream", "-c", "fast")
        self._start(self.port)

    def cut(self) -> None:
        """End replication when the standby has all that is committed now."""
        with self._ask(self.primary.port) as one, self._ask(self.port) as two:
            written = one.execute("SELECT pg_current_wal_lsn()").fetchone()
            behind = b"SELECT pg_last_wal_replay_lsn() < %s"
            deadline_s = time.monotonic() + 60
            while two.execute(behind, written).fetchone() != (False,):
                assert time.monotonic() < deadline_s, "the standby does not follow"
        self._control("stop", "-m", "immediate")

    def promote(self) -> None:
        """The primary dies, and the standby takes its place."""
        self.primary.control("stop", "-m", "immediate")
        self._start(self.primary.port)
        self._control("promote")

    def stop(self) -> None:
        for stop in (lambda: self._control("stop", "-m", "immediate"), self.primary.stop):
            with suppress(subprocess.CalledProcessError):
                stop()

    def _ask(self, port: int) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="store", autocommit=True)

    def _start(self, port: int) -> None:
        options = f"-p {port} -h 127.0.0.1 -k {self.primary.home} -c max_connections=200"
        self._control("-o", options, "-l", str(self.primary.home / "standby.log"), "start")

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder), "-w", "-s", *arguments)

    def _run(self, tool: str, *arguments: str) -> None:
        postgres._run(self.primary.binaries, tool, *arguments)


@pytest.fixture
def pair() -> Iterator[Pair]:
    try:
        pair = Pair()
    except Missing as missing:
        pytest.skip(str(missing))
    yield pair
    pair.stop()


@pytest.fixture
def house(pair: Pair, tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, url=pair.url)
    pair.follow()
    yield house
    house.close()


def test_p2_a_standby_without_the_last_commits_is_refused(pair: Pair, house: House) -> None:
    sink = ConnectionSystem()
    house.submit(body("ONE"))
    house.relay()
    pair.cut()
    house.submit(body("TWO"))
    house.due()
    house.deliver(sink)
    house.relay()
    checked: list[str] = []

    def check() -> None:
        checked.append("failover")
        check_outbox(house.store, house.log)

    house.store.close()
    house.store = Database(pair.url)
    house.store.after_failover(check)
    house.rows(case)
    assert checked == []
    pair.promote()
    refused(house)
    assert checked
    with pytest.raises(Misconfigured, match="tables are behind the log"):
        check_outbox(Database(pair.url), house.log)


def refused(house: House) -> None:
    """Nothing is read or written in a hub that was running."""
    for _ in range(3):
        try:
            house.rows(case)
        except HubError as error:
            told = str(error)
        else:
            raise AssertionError("the running hub works on tables that lack what it wrote")
    assert "tables are behind the log" in told
    with pytest.raises(Misconfigured), house.store.write() as connection:
        connection.execute(select(attempt))


def test_a_standby_with_all_commits_takes_over_and_the_hub_works_on(pair: Pair, house: House) -> None:
    house.submit(body("ONE"))
    house.relay()
    house.store.after_failover(lambda: check_outbox(house.store, house.log))
    house.store.engine.dispose()
    house.rows(case)
    pair.cut()
    pair.promote()
    for _ in range(2):
        try:
            house.rows(case)
        except HubError:
            continue
    house.submit(body("TWO"))
    house.relay()
    assert len(house.rows(case)) == 2

"""The drill: everything is lost, and comes back from log, tables, vault and key as docs/operating.md says."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.runtime.runner import Runner
from sandbox.demo.demo import Live
from sandbox.servers.kafka import Node
from tests.e2e.harness import PATIENCE_S, Engines, World, real_engines, world

DATABASES = ("store", "vault")
DOWN = "business_licence"
"""The source that is away until the log has been copied: all that it has comes later than the backup."""
ELSE = "property_title"

pytestmark = pytest.mark.slow


@dataclass
class Installation:
    """A hub's key, databases and log: what is saved, lost and restored."""

    world: World
    engines: Engines
    safe: Path

    @property
    def key(self) -> Path:
        return self.world.home / "master.key"

    @property
    def broker(self) -> Node:
        (node,) = self.engines.broker.nodes
        return node

    def tool(self, name: str, *arguments: str) -> None:
        """One of PostgreSQL's own."""
        server = self.engines.database
        command = [str(server.binaries / name), "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]
        subprocess.run([*command, *arguments], check=True, capture_output=True)

    def dump(self, database: str) -> None:
        self.tool("pg_dump", "-Fc", "-f", str(self.safe / f"{database}.dump"), database)

    def copy_log(self) -> None:
        """Cold: the broker is stopped for as long as the copy, or a file system's snapshot, takes."""
        self.broker.stop()
        shutil.copytree(self.broker.home / "data", self.safe / "log")
        self.start_broker()

    def start_broker(self) -> None:
        self.broker.start()
        self.broker.wait_ready()

    def copy_key(self) -> None:
        shutil.copy2(self.key, self.safe / "master.key")

    def lose_everything(self) -> None:
        self.world.kill()
        self.broker.kill()
        shutil.rmtree(self.broker.home / "data")
        for database in DATABASES:
            self.tool("dropdb", "--force", database)
        self.key.unlink()

    def restore(self) -> None:
        """Key, vault, log, tables: in this order nothing ever meets what it cannot open."""
        shutil.copy2(self.safe / "master.key", self.key)
        self.restore_database("vault")
        shutil.copytree(self.safe / "log", self.broker.home / "data")
        self.start_broker()
        self.restore_database("store")

    def restore_database(self, database: str) -> None:
        self.tool("createdb", database)
        self.tool("pg_restore", "--exit-on-error", "-d", database, str(self.safe / f"{database}.dump"))


def command(one: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of the hub, as an operator gives it."""
    line = [sys.executable, "-m", "hub", "--config", str(one.config), *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def fetched(one: World) -> None:
    """Wait until every source's line balances, delivered or not."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        live = Live(hub, Runner(hub.clock), one.sandbox)
        while not all(line.balanced for line in live.lines()):
            assert time.monotonic() < deadline_s, f"does not balance: {live.lines()}\n{one.tail()}"
            time.sleep(0.2)


@pytest.mark.kafka
@pytest.mark.postgres
def test_p1_p2_p4_everything_lost_comes_back_from_the_backup(tmp_path: Path) -> None:
    """The tables' dump is older than the log, and the vault's newer. What a source gave after the log was copied is
    fetched once more, from the place that the copy has."""
    safe = tmp_path / "safe"
    safe.mkdir()
    with real_engines(tmp_path, partitions=2) as engines, world(tmp_path, 60, engines=engines.settings) as one:
        installation, entries = Installation(one, engines, safe), one.applications()
        one.sandbox.kill(DOWN)
        one.submit(entries[:1])
        one.start()
        one.registered(1)
        installation.dump("store")
        one.submit(entries[1:2])
        one.settle(deliveries=4, sources=[ELSE])
        effects = one.sandbox.control("utility_crm", "effects")
        one.sandbox.kill("utility_crm")  # what is lost must not have been delivered: docs/operating.md
        installation.copy_log()  # the hub goes on running beside it
        one.sandbox.restart(DOWN)
        fetched(one)
        installation.dump("vault")
        installation.copy_key()

        installation.lose_everything()
        installation.restore()
        refused = command(one, "run", "--no-web")
        assert refused.returncode != 0 and "hub rebuild --replace" in refused.stderr
        assert "hub rebuild --replace" in command(one, "doctor").stdout
        assert command(one, "rebuild", "--replace").returncode == 1
        equal = command(one, "rebuild", "--check")
        assert equal.returncode == 0, equal.stdout
        sound = command(one, "doctor")
        assert sound.returncode == 0, sound.stdout

        one.sandbox.restart("utility_crm")
        one.start()
        one.submit(entries[2:3])
        one.registered(3)
        one.settle(deliveries=8)  # the third waits for a title that its registry withholds
        one.check()
        after = one.sandbox.control("utility_crm", "effects")
        for what in ("applications", "evidence"):
            assert effects[what].items() <= after[what].items()
        assert command(one, "rebuild", "--check").returncode == 0


def test_p5_the_key_of_another_installation_is_refused(tmp_path: Path) -> None:
    with world(tmp_path, 20) as one:
        one.submit(one.applications()[:1])
        (one.home / "master.key").write_bytes(bytes(range(32)))
        for arguments in (["run", "--no-web"], ["rebuild", "--check"]):
            refused = command(one, *arguments)
            assert refused.returncode != 0 and "master key is not this vault's" in refused.stderr
        assert command(one, "doctor").returncode == 1

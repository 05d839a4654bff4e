"""A hub of this version joins one of the version before, which runs on the tables of its own time, and takes its place:
P1 (nothing lost), P2 (nothing doubled)."""

import os
import subprocess
import sys
import tarfile
import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.errors import Misconfigured
from hub.records.tables import tally
from hub.stores.migrate import current_revision, head
from tests.e2e.harness import PATIENCE_S, World, real_engines, world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
OLDER = "43512a3"
"""The last version whose tables are of revision 0001."""


def unpack(folder: Path) -> Path:
    """The older version's files."""
    found = subprocess.run(["git", "archive", OLDER], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"this copy of the project has no history with {OLDER}")
    with tarfile.open(fileobj=BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def start_older(one: World, code: Path) -> subprocess.Popen[bytes]:
    """``hub run`` of the older version, with settings that it knows."""
    settings = [line for line in one.config.read_text("utf-8").splitlines() if not line.startswith("kafka.")]
    config = one.home / "older.toml"
    config.touch(mode=0o600)
    config.write_text("\n".join(settings), "utf-8")
    command = [sys.executable, "-m", "hub", "--config", str(config), "run", "--no-web"]
    environ = os.environ | {"HUB_INSTANCE": "older", "PYTHONPATH": str(code)}
    with (one.home / "older.stderr").open("ab") as stream:
        process = subprocess.Popen(command, env=environ, cwd=code, stdout=stream, stderr=stream)
    one.hubs.append(process)
    return process


def revision(one: World) -> str | None:
    with one.hub() as hub, hub.store.read() as connection:
        return current_revision(connection)


def until_it_receives(one: World) -> None:
    """Wait until some of what came is in the tables."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        while time.monotonic() < deadline_s:
            with suppress(Misconfigured), hub.store.read() as connection:
                if connection.execute(select(tally.c.received)).first():
                    return
            time.sleep(0.2)
    raise AssertionError((one.home / "older.stderr").read_text("utf-8")[-2_000:])


def until_it_migrates(one: World) -> None:
    """Wait until the tables are of this version."""
    deadline_s = time.monotonic() + PATIENCE_S
    while revision(one) != head():
        assert time.monotonic() < deadline_s, one.tail()
        time.sleep(0.2)


def test_p1_p2_a_rolling_upgrade_from_the_version_before_balances_while_both_work(tmp_path: Path) -> None:
    code = unpack(tmp_path / "code")
    with real_engines(tmp_path, partitions=2) as engines, world(tmp_path, 2_000, engines=engines.settings) as one:
        # Tables of the older version's own making: the world's are of this one.
        fresh = engines.database.create("older")
        one.config.write_text(one.config.read_text("utf-8").replace(engines.settings["store_url"], fresh), "utf-8")
        older = start_older(one, code)
        until_it_receives(one)
        assert revision(one) == "0001"
        one.start(environ={"HUB_INSTANCE": "newer"})
        until_it_migrates(one)
        one.at_work("newer")
        one.submit(one.applications()[:2])
        for _ in range(5):
            one.sandbox.control("business_licence", "advance", {"steps": 200})
            time.sleep(1)
        older.terminate()
        assert older.wait(20) == 0
        one.settle(deliveries=6)
        one.check()

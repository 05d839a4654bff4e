"""A hub of the next version joins one of the version before, which runs on the tables of its own time, and takes its
place: P1 (nothing lost), P2 (nothing doubled)."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.errors import Misconfigured
from hub.privacy.tables import VAULT
from hub.records.tables import tally
from hub.stores.database import Database
from hub.stores.migrate import STORE, History
from tests.e2e.harness import PATIENCE_S, World, real_engines, world
from tests.migration import plant

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
OLDER: str | None = "a281bb9"
"""The commit of the version before."""
NEW_WAYS = ("file",)
"""Ways of a grant that the version before refuses."""
PLANTED = {STORE: "tally", VAULT: "identity"}
"""What the next version's revision changes, in each history."""


def older_code(folder: Path) -> Path:
    """The older version's files."""
    if OLDER is None:
        return ROOT
    found = subprocess.run(["git", "archive", OLDER], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"this copy of the project has no history with {OLDER}")
    with tarfile.open(fileobj=BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")
    declare_entries(folder)
    return folder


def declare_entries(folder: Path) -> None:
    """What that version's package would declare: the one that is installed has the parts of this version."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    info = folder / f"onecert_hub-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n", "utf-8")
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    lines = (line for group, parts in groups.items() for line in _group(group, parts))
    (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")


def _group(name: str, parts: dict[str, str]) -> list[str]:
    return [f"[{name}]", *(f"{part} = {where}" for part, where in parts.items())]


def newer_code(folder: Path) -> Path:
    """This version's files, with one more revision of each database."""
    for package in ("hub", "connectors", "schemas", "sandbox"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for history, table in PLANTED.items():
        plant(folder / history.versions.relative_to(ROOT), history.head(), table)
    return folder


def start(one: World, code: Path, instance: str, **settings: str) -> subprocess.Popen[bytes]:
    """``hub run`` of one version. ``settings``: those that only this version knows."""
    command = [sys.executable, "-m", "hub", "--config", str(one.config), "run", "--no-web"]
    environ = os.environ | {"HUB_INSTANCE": instance, "PYTHONPATH": str(code)} | settings
    with one.stderr.open("ab") as stream:
        process = subprocess.Popen(command, env=environ, cwd=code, stdout=stream, stderr=stream)
    one.hubs.append(process)
    return process


def older_grants(one: World) -> Path:
    """The world's grants, without the ways that the older version does not know."""
    text = one.sandbox.grants.read_text("utf-8")
    for way in NEW_WAYS:
        assert f', "{way}"' in text
        text = text.replace(f', "{way}"', "")
    file = one.home / "older-grants.toml"
    file.write_text(text, "utf-8")
    return file


def revision(history: History, url: str) -> str | None:
    database = Database(url)
    try:
        with database.read() as connection:
            return history.current(connection)
    finally:
        database.close()


def until_it_receives(one: World) -> None:
    """Wait until some of what came is in the tables."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        while time.monotonic() < deadline_s:
            with suppress(Misconfigured), hub.store.read() as connection:
                if connection.execute(select(tally.c.received)).first():
                    return
            time.sleep(0.2)
    raise AssertionError(one.tail())


def until_it_migrates(one: World, history: History, url: str, before: str | None) -> None:
    """Wait until one database's tables are of the newer version: each is migrated in a transaction of its own."""
    deadline_s = time.monotonic() + PATIENCE_S
    while revision(history, url) == before:
        assert time.monotonic() < deadline_s, one.tail()
        time.sleep(0.2)


def test_p1_p2_a_rolling_upgrade_balances_while_both_versions_work(tmp_path: Path) -> None:
    older, newer = older_code(tmp_path / "older"), newer_code(tmp_path / "newer")
    with real_engines(tmp_path, partitions=2) as engines, world(tmp_path, 2_000, engines=engines.settings) as one:
        # Tables of the older version's own making: the world's are of this one.
        fresh = {name: engines.database.create(f"older_{name}") for name in ("store", "vault")}
        text = one.config.read_text("utf-8")
        for name, url in fresh.items():
            text = text.replace(engines.settings[f"{name}_url"], url)
        # The files are of the older version: what is new is set for the newer hub only, by the environment.
        grants = older_grants(one)
        one.config.write_text(text.replace(json.dumps(str(one.sandbox.grants)), json.dumps(str(grants))), "utf-8")
        first = start(one, older, "older")
        until_it_receives(one)
        before = {history: revision(history, fresh[history.name]) for history in PLANTED}
        one.process = start(one, newer, "newer", HUB_GRANTS=str(one.sandbox.grants))
        for history in PLANTED:
            until_it_migrates(one, history, fresh[history.name], before[history])
        one.at_work("newer")
        one.submit(one.applications()[:2])
        for _ in range(5):
            one.sandbox.control("business_licence", "advance", {"steps": 200})
            time.sleep(1)
        first.terminate()
        assert first.wait(20) == 0
        one.settle(deliveries=6)
        one.check()

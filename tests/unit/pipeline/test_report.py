"""Verdicts that are written back: P1 and P2 through the whole hub, and through ``kill -9`` between the source and the
log."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, update

from hub.bootstrap import Hub, open_hub
from hub.records.tables import record, tally, waiting
from hub.runtime.runner import Runner
from hub.settings import Settings
from sandbox import launch
from sandbox.launch import Running
from sandbox.projects.tables import DOCUMENT, PROJECT
from tests.feeding import settings

NAMES = ("project_register", "project_approval")
SIZE = 240
PATIENCE_S = 40.0


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    with launch.start(7, SIZE, tmp_path / "world", systems=("projects",), defect_share=0.3) as running:
        yield running


def tables(sandbox: Running) -> dict[str, dict[str, Any]]:
    quick = {"lag_s": 0.5, "sweep_s": 0.2, "poll_s": 0.1, "page_rows": 20}
    return {name: {**sandbox.connectors()[name], **quick} for name in NAMES}


def of_hub(home: Path, sandbox: Running) -> Settings:
    return settings(home, tables(sandbox), grants=sandbox.grants)


def states(sandbox: Running, table: Any) -> dict[str, tuple[str, str]]:
    engine = create_engine(sandbox.urls["projects"])
    with engine.connect() as connection:
        rows = connection.execute(select(table.c.lsh, table.c.sjsczt, table.c.sbyy)).all()
    engine.dispose()
    return {str(lsh): (state, reason or "") for lsh, state, reason in rows}


def expected(sandbox: Running, source: str) -> dict[str, tuple[str, str | None]]:
    """Key → what the source must be told, and the code in the reason."""
    lines = (json.loads(line) for line in sandbox.truth.open(encoding="utf-8"))
    return {
        line["key"]: ("-1", line["code"]) if line["code"] not in (None, "NOT_AN_APPROVAL") else ("3", None)
        for line in lines
        if line["source"] == source
    }


def told_rightly(sandbox: Running) -> bool:
    for name, table in zip(NAMES, (PROJECT, DOCUMENT), strict=True):
        found = states(sandbox, table)
        for key, (state, code) in expected(sandbox, name).items():
            if found[key][0] != state or (code or "") not in found[key][1] or bool(code) != bool(found[key][1]):
                return False
    return True


def run(hub: Hub, done: Any) -> None:
    """All stages, until ``done``."""
    runner = Runner(hub.clock)
    hub.start(runner, hub.tasks())
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline, [f"{one.name}: {one.trouble}" for one in runner.progress if one.trouble]
            time.sleep(0.1)
    finally:
        runner.stop()


def rows(hub: Hub, table: Any) -> list[Any]:
    with hub.store.read() as connection:
        return list(connection.execute(select(table)).all())


def test_p1_p2_every_row_gets_its_verdict_back_and_the_line_balances(sandbox: Running, tmp_path: Path) -> None:
    hub = open_hub(of_hub(tmp_path, sandbox))
    try:
        run(hub, lambda: told_rightly(sandbox) and not rows(hub, waiting))
        summary = json.loads(sandbox.truth_summary.read_text("utf-8"))
        for line in rows(hub, tally):
            truth = summary[line.source]
            assert (line.received, line.verified, line.rejected, line.duplicate) == (
                truth["emitted"], truth["verified"], truth["rejected"], 0,
            )  # fmt: skip
    finally:
        hub.close()


CHILD = """
import json, sys, time
from pathlib import Path
from hub.bootstrap import open_hub
from hub.runtime.runner import Runner
from tests.feeding import settings
hub = open_hub(settings(Path(sys.argv[1]), json.loads(sys.argv[2]), grants=sys.argv[3]))
runner = Runner(hub.clock)
hub.start(runner, hub.tasks())
time.sleep(60)
"""


def test_p2_killed_after_the_source_was_told_and_before_the_log_was(sandbox: Running, tmp_path: Path) -> None:
    given = [str(tmp_path), json.dumps(tables(sandbox)), str(sandbox.grants)]
    arguments = [sys.executable, "-c", CHILD, *given]
    root = Path(__file__).parents[3]
    environment = {**os.environ, "HUB_CRASH": "report.written:2"}
    killed = subprocess.run(arguments, cwd=root, env=environment, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not told_rightly(sandbox)
    hub = open_hub(of_hub(tmp_path, sandbox))
    try:
        run(hub, lambda: told_rightly(sandbox))
        assert Counter(row.seen for row in rows(hub, record)).keys() == {1}, "nothing was received twice"
    finally:
        hub.close()


def test_a_project_that_the_owner_corrects_lets_its_approvals_be_verified(sandbox: Running, tmp_path: Path) -> None:
    """A bad project is told so, its documents wait and are told nothing; corrected, both are accepted."""
    engine = create_engine(sandbox.urls["projects"])
    good = {"xzqhdm": "120101", "njcsj": "2026-12-31"}
    with engine.begin() as connection:
        connection.execute(update(PROJECT).where(PROJECT.c.lsh == 1).values(njcsj="2020-01-01"))
    hub = open_hub(of_hub(tmp_path, sandbox))
    try:
        run(hub, lambda: states(sandbox, PROJECT)["1"][0] == "-1" and rows(hub, waiting))
        assert "DATE_ORDER" in states(sandbox, PROJECT)["1"][1]
        assert states(sandbox, DOCUMENT)["1"] == ("0", "")
        with engine.begin() as connection:
            fresh = good | {"gxsj": "2025-06-01 00:00:00", "sjsczt": "0", "sbyy": None}
            connection.execute(update(PROJECT).where(PROJECT.c.lsh == 1).values(**fresh))
        run(hub, lambda: states(sandbox, PROJECT)["1"][0] == "3" and states(sandbox, DOCUMENT)["1"][0] == "3")
    finally:
        hub.close()
        engine.dispose()

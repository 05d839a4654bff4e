"""A whole hub as its operator runs it: a real process on a sandbox, killed and started again at will.

The sandbox belongs to the test's process, so that it outlives every hub; the hub writes to a home of its own. Only
processes started here are ever signalled, each by its handle.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub
from hub.clock import SystemClock
from hub.pipeline import lookup, project, relay, verify
from hub.records.topics import LOOKUP_REQUESTS
from hub.sandbox.launch import Running
from hub.stores import outbox, tables

PATIENCE_S = 60.0
STOP_S = 20.0
_LOOK_S = 0.1
_TAIL_LINES = 40
# Small pages and short waits: many transactions in little time.
QUICK: Mapping[str, Mapping[str, Any]] = {
    "business_licence": {"page_rows": 50, "poll_s": 0.1},
    "property_title": {"page_rows": 50, "poll_s": 0.1, "lag_s": 0.5, "sweep_s": 0.2},
    "utility_crm": {},
}
HUB = ("-m", "hub")
BROKEN_HUB = str(Path(__file__).with_name("broken_hub.py"))


class Process:
    """One hub process."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], cwd: Path, stderr: Path) -> None:
        self._stderr = stderr
        with stderr.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=dict(environ), cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """As ``kill -9``."""
        self._process.kill()
        self._process.wait(STOP_S)

    def stop(self) -> None:
        """As an operator does: SIGTERM, and it ends by itself."""
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the hub did not stop within {STOP_S:.0f} s\n{tail(self._stderr)}")
        assert code == 0, f"the hub ended with {code}\n{tail(self._stderr)}"

    def dies(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until it is killed at its crash point."""
        try:
            code = self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"it never came to the crash point\n{tail(self._stderr)}")
        assert code == -signal.SIGKILL, f"the hub ended with {code} before the crash point\n{tail(self._stderr)}"


class Scene:
    """One hub's home on a running sandbox. Close it when done; the sandbox is the caller's."""

    def __init__(
        self,
        sandbox: Running,
        home: Path,
        *,
        connectors: Mapping[str, Mapping[str, Any]] | None = None,
        settings: str = "",
        partitions: int = 2,
    ) -> None:
        self.sandbox = sandbox
        self.home = home
        self.config = home / "hub.toml"
        self.stderr = home / "hub.log"
        self.submitted: dict[bytes, dict[str, Any]] = {}
        self._processes: list[Process] = []
        home.mkdir(parents=True, exist_ok=True)
        self._write_settings(partitions, settings, connectors or {})
        chosen = hub_settings.load(self.config, environ={})
        open_hub(chosen).close()
        # It reads the log and writes to the tables, as the commands do beside a running hub.
        self.hub = Hub(chosen, SystemClock())
        self.applications = self.hub.applications()

    def _write_settings(self, partitions: int, more: str, connectors: Mapping[str, Mapping[str, Any]]) -> None:
        lines = [
            f"partitions = {partitions}",
            *(f'{name}_url = "sqlite:///{name}.db"' for name in ("log", "store", "vault")),
            'master_key_file = "master.key"',
            more,
            "[limits]",
            "batch_records = 200",
        ]
        for name, table in self.sandbox.connectors().items():
            given = {**table, **QUICK[name], **connectors.get(name, {})}
            lines += [f"[connectors.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in given.items())]
        self.config.touch(mode=0o600)
        self.config.write_text("\n".join(lines) + "\n", "utf-8")

    def close(self) -> None:
        for process in self._processes:
            if process.alive():
                process.kill()
        self.hub.close()

    # ---- the hub's process -----------------------------------------------------------------------------------------

    def start(self, crash: str = "", program: Sequence[str] = HUB, options: Sequence[str] = ("--no-web",)) -> Process:
        """``hub run`` as a process; ``crash`` is a crash point ``NAME:COUNT``."""
        command = [sys.executable, *program, "--config", str(self.config), "run", *options]
        process = Process(command, self._environ(crash), self.home, self.stderr)
        self._processes.append(process)
        return process

    def command(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """One ``hub`` command to its end."""
        command = [sys.executable, *HUB, "--config", str(self.config), *arguments]
        return subprocess.run(
            command,
            env=self._environ(),
            cwd=self.home,
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def _environ(self, crash: str = "") -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        return own | {"COLUMNS": "200"} | ({"HUB_CRASH": crash} if crash else {})

    # ---- applications ----------------------------------------------------------------------------------------------

    def entries(self) -> list[dict[str, Any]]:
        """The sandbox's applications, numbered for this home: several hubs may share one connection system."""
        entries: list[dict[str, Any]] = json.loads(self.sandbox.applications.read_text("utf-8"))
        for entry in entries:
            entry["body"]["external_no"] = self.number(entry["id"])
        return entries

    def number(self, name: str) -> str:
        return f"{self.home.name}:{name}"

    def submit(self, entries: Sequence[dict[str, Any]]) -> list[bytes]:
        ids = [self.applications.submit(entry["body"]).application_id for entry in entries]
        self.submitted |= dict(zip(ids, entries, strict=True))
        return ids

    # ---- waiting ---------------------------------------------------------------------------------------------------

    def settle(self, process: Process, patience_s: float = PATIENCE_S) -> None:
        """Wait until nothing is left to do: every row judged, every question answered, every delivery ended."""
        before = None

        def at_rest() -> str:
            nonlocal before
            left, now = self.left(), self._ends()
            quiet, before = now == before, now
            return left or ("" if quiet else "the log still grows")

        self.wait(process, at_rest, patience_s)

    def wait(self, process: Process, awaited: Callable[[], str], patience_s: float = PATIENCE_S) -> None:
        """Wait until ``awaited`` has nothing left to say, while ``process`` lives."""
        deadline = time.monotonic() + patience_s
        while words := awaited():
            if not process.alive() or time.monotonic() > deadline:
                how = "ended" if not process.alive() else f"took more than {patience_s:.0f} s"
                pytest.fail(f"the hub {how}; still awaited: {words}\n{tail(self.stderr)}")
            time.sleep(_LOOK_S)

    def left(self) -> str:
        """What is still to be done, in words; upstream first."""
        return self._rows_left() or self._groups_left() or self._outbox_left() or self._deliveries_left()

    def truth_summary(self) -> dict[str, dict[str, Any]]:
        summary: dict[str, dict[str, Any]] = json.loads(self.sandbox.truth_summary.read_text("utf-8"))
        return summary

    def _rows_left(self) -> str:
        with self.hub.store.read() as connection:
            tallies = {row.source: row for row in connection.execute(select(tables.tally))}
        for source, truth in self.truth_summary().items():
            row = tallies.get(source)
            fed = row.received - row.looked_up if row else 0
            if fed < truth["emitted"]:
                return f"{source}: {fed} of {truth['emitted']} received"
            if row and (pending := row.received - row.verified - row.rejected - row.duplicate):
                return f"{source}: {pending} without a verdict"
        return ""

    def _groups_left(self) -> str:
        log = self.hub.log
        with self.hub.store.read() as connection:
            places = {project.GROUP: (project.INPUTS, project.read_offsets(connection))}
        places[lookup.GROUP] = ((LOOKUP_REQUESTS,), log.committed(lookup.GROUP))
        places[verify.GROUP] = (verify.INPUTS, log.committed(verify.GROUP))
        for group, (topics, positions) in places.items():
            for topic in topics:
                for partition, (_, end) in log.bounds(topic).items():
                    if positions.get((topic, partition), 0) < end:
                        return f"{group} is behind on {topic}/{partition}"
        return ""

    def _outbox_left(self) -> str:
        with self.hub.store.read() as connection:
            written = outbox.allocated(connection)
        return "the outbox is not published" if written > relay.watermark(self.hub.log) else ""

    def _deliveries_left(self) -> str:
        delivery, need = tables.delivery.c, tables.application_need.c
        undone = select(func.count()).where(delivery.state.in_(("pending", "in_flight")))
        is_due = need.next_ask_ms <= self.hub.clock.now_ms()
        due = select(func.count()).where(need.state == "open", is_due, need.wanted_id.is_not(None))
        with self.hub.store.read() as connection:
            deliveries, needs = connection.execute(undone).scalar_one(), connection.execute(due).scalar_one()
        return f"{deliveries} deliveries, {needs} needs that are due" if deliveries or needs else ""

    def _ends(self) -> dict[str, dict[int, tuple[int, int]]]:
        return {topic: self.hub.log.bounds(topic) for topic in self.hub.log.topics()}


@contextmanager
def scene(sandbox: Running, home: Path, **more: Any) -> Iterator[Scene]:
    """A ``Scene`` that is closed at the end, its processes killed."""
    one = Scene(sandbox, home, **more)
    try:
        yield one
    finally:
        one.close()


def tail(file: Path) -> str:
    """The end of a hub's log output, for the message of a failure."""
    lines = file.read_text("utf-8", "replace").splitlines() if file.exists() else []
    return "\n".join(["--- the hub's last lines ---", *lines[-_TAIL_LINES:]])

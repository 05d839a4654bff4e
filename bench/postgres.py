"""``python -m bench.postgres``: ingest and project with their tables on a PostgreSQL of the bench's own.

The log is the embedded one, so that no broker shares the processors. Rows, each records a second over ``--size``
business licences whose subjects are all new: *new*, identities and keys alone; *known*, the same once more by a vault
that has read nothing yet; *seal*; *ingest*, from the gateway's page to the log; *project*, what was received and its
verdicts. Beside them microseconds of processor a record, here and in the server.

``--beside DIR`` measures another checkout, with an environment of its own in ``DIR/.venv``, in turn with this one, and
prints the ratios of neighbouring turns: smallest, median, largest.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
ROWS = ("new", "known", "seal", "ingest", "project")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_VAULT_AT_ONCE = 1_500
"""New identities in one call: as many as a page of 500 licences has."""

Figures = dict[str, dict[str, float]]
"""Row → ``rate`` (records a second), ``client_us`` and ``server_us`` (processor, a record)."""


class Info(NamedTuple):
    """A connector's name and kind, and what else sealing asks for."""

    name: str
    kind: str
    scope: str = "bench"
    mapping: bytes = bytes(8)


# ---- one measurement, in a process of its own; also of an older checkout --------------------------------------------


class Watch:
    """Adds up time by row: of the clock, of this process, of the server's processes."""

    def __init__(self, postmaster: int) -> None:
        self._postmaster = postmaster
        self.spent: dict[str, list[float]] = {}

    @contextmanager
    def on(self, row: str) -> Iterator[None]:
        before = self._now()
        yield
        sums = self.spent.setdefault(row, [0.0, 0.0, 0.0])
        self.spent[row] = [total + after - was for total, after, was in zip(sums, self._now(), before, strict=True)]

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), _children_s(self._postmaster)

    def figures(self, records: dict[str, int]) -> Figures:
        return {
            row: {
                "rate": records[row] / wall,
                "client_us": here / records[row] * 1e6,
                "server_us": there / records[row] * 1e6,
            }
            for row, (wall, here, there) in self.spent.items()
        }


def _children_s(parent: int) -> float:
    """Processor seconds of a process's children that live."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == parent:
            total += (int(fields[11]) + int(fields[12])) * _TICK_S
    return total


def measure(urls: dict[str, str], home: Path, size: int, postmaster: int) -> Figures:
    from bench.world import KIND, NAME, Feed
    from hub.bootstrap import open_hub
    from hub.settings import Settings

    places = {f"{name}_url": url for name, url in urls.items()}
    settings = Settings.model_validate(
        {**places, "log_url": f"sqlite:///{home}/log.db", "master_key_file": home / "key"}
    )
    watch, feed = Watch(postmaster), Feed(size)
    hub = open_hub(settings)
    try:
        for holder in (hub, hub.connectors):  # an older hub has them itself
            getattr(holder, "__dict__", {})["trusted"] = {NAME: feed.trusted()}
        _vault(hub, size, watch, "new")
        other = open_hub(settings)
        _vault(other, size, watch, "known")
        other.close()
        rows = _ingest(hub, feed, Info(NAME, KIND), watch)
        _run(hub.task("verify"), rows)
        with watch.on("project"):
            _run(hub.task("project"), 2 * rows)
        _check(hub, feed.verdicts()[""])
    finally:
        hub.close()
    return watch.figures({"new": size, "known": size, "seal": rows, "ingest": rows, "project": rows})


def _vault(hub: Any, size: int, watch: Watch, row: str) -> None:
    for start in range(0, size, _VAULT_AT_ONCE):
        people = [("bench", str(number)) for number in range(start, min(start + _VAULT_AT_ONCE, size))]
        with watch.on(row):
            hub.vault.keys(hub.vault.identify(people))


def _ingest(hub: Any, feed: Any, info: Info, watch: Watch) -> int:
    envelopes = _envelopes()(info.name, hub.settings.partitions, datetime.now(UTC))
    writer, total = hub.log.writer("bench"), 0
    for page in feed.pages():
        with watch.on("ingest"):
            rows = feed.read(page)
            with watch.on("seal"):
                sealed = hub.sealer.seal_page(info, rows, hub.clock.now_ms())
            writer.commit(envelopes.page(sealed, None))
        total += len(rows)
    writer.close()
    return total


def _envelopes() -> Any:
    """By the name that it has here, or had in older checkouts."""
    try:
        return import_module("hub.topics.received").Envelopes
    except ImportError:
        return import_module("hub.pipeline.received").Envelopes


def _check(hub: Any, verified: int) -> None:
    """Quick and wrong does not count. Half a percent of the rows come twice."""
    from sqlalchemy import text

    with hub.store.read() as connection:
        found = connection.execute(text("SELECT count(*) FROM record WHERE state = 'verified'")).scalar_one()
    if not 0.99 * verified < found <= verified:
        raise SystemExit(f"{found} records are verified, not {verified}")


def _run(make: Any, messages: int) -> None:
    stage, taken = make(), 0
    while taken < messages:
        taken += stage.step()
    stage.close()


# ---- turns ---------------------------------------------------------------------------------------------------------


def _turn(server: Any, checkout: Path, size: int, turn: str) -> Figures:
    urls = {name: server.create(f"{name}_{turn}") for name in ("store", "vault")}
    postmaster = (server.home / "data" / "postmaster.pid").read_text("utf-8").splitlines()[0]
    python = checkout / ".venv" / "bin" / "python"
    command = [str(python) if checkout != ROOT and python.exists() else sys.executable, str(Path(__file__))]
    with tempfile.TemporaryDirectory() as home:
        one = json.dumps({"urls": urls, "home": home, "size": size, "postmaster": int(postmaster)})
        environ = os.environ | {"PYTHONPATH": str(checkout), "HUB_LOG_LEVEL": "WARNING"}
        done = subprocess.run(
            [*command, "--one", one], capture_output=True, text=True, env=environ, cwd=checkout, check=False
        )
    if done.returncode:
        raise SystemExit(done.stderr[-2_000:])
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def _show(name: str, turns: Sequence[Figures]) -> None:
    print(f"{name}: median of {len(turns)} (smallest to largest); µs of processor a record, here and in the server")
    for row in ROWS:
        rates = [turn[row]["rate"] for turn in turns]
        here, there = (statistics.median(turn[row][one] for turn in turns) for one in ("client_us", "server_us"))
        print(
            f"  {row:8} {statistics.median(rates):9,.0f}/s ({min(rates):,.0f} to {max(rates):,.0f})"
            f"  {here:6.1f}  {there:6.1f}"
        )


def _work(figures: dict[str, float]) -> float:
    return figures["client_us"] + figures["server_us"]


def _spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.postgres", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--beside", type=Path, help="another checkout of the hub")
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one = json.loads(options.one)
        print(json.dumps(measure(one["urls"], Path(one["home"]), one["size"], one["postmaster"])))
        return
    from sandbox.servers import postgres

    server, ours, theirs = postgres.start(), [], []
    try:
        for turn in range(options.turns):
            if options.beside:
                theirs.append(_turn(server, options.beside.resolve(), options.size, f"theirs_{turn}"))
            ours.append(_turn(server, ROOT, options.size, f"ours_{turn}"))
    finally:
        server.stop()
    _show("this checkout", ours)
    if theirs:
        _show(str(options.beside), theirs)
        for row in ROWS:
            pairs = [(mine[row], other[row]) for mine, other in zip(ours, theirs, strict=True)]
            rates = [mine["rate"] / other["rate"] for mine, other in pairs]
            work = [_work(other) / _work(mine) for mine, other in pairs]
            print(f"  {row:8} {_spread(rates)} of its records a second, {_spread(work)} by processor time")


if __name__ == "__main__":
    main()

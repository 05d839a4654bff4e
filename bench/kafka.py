"""``make bench LOG=kafka``: the hub's stages beside bare loops and other people's engines on the same sealed records.

One broker and one PostgreSQL of its own; every row opens and judges with the hub's own adjudicator and writes the
hub's own headers. Rows take turns in a rotated order; medians and the ratios of turns that lie side by side count.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.latency import Latency
from bench.latency import measure as during_backfill
from bench.race import Run, run
from bench.rows import ROWS, Row
from bench.site import Site, start
from bench.world import now
from sandbox.servers.missing import Missing

Results = dict[str, list[Run]]
Target = tuple[str, bool]
"""What the figures say beside what was promised, and whether it is met."""
STAGE, BARE = "verify stage, 2 workers", "bare kafka-python loop, 2 processes"
REPLAY, DECODE = "replay: log.scan and decode", "raw consume and decode"
_PEERS = ("Quix", "FastStream", "Faust")


def measure(sizes: Sequence[int], repeats: int, wanted: Sequence[str], backfill: int, out: Path) -> bool:
    """Run, print and write down; whether every target that could be measured is met. ``wanted``: only rows with one
    of these words, and ``latency``; all of it otherwise."""
    rows = [row for row in ROWS if not wanted or any(one.lower() in row.name.lower() for one in wanted)]
    report: dict[str, Any] = {"at": now(), "sizes": {}}
    targets: list[Target] = []
    try:
        for size in sizes if rows else ():
            results = _raced(size, rows, repeats)
            _show(size, rows, results)
            targets += _targets(results)
            report["sizes"][size] = {name: [one.plain() for one in runs] for name, runs in results.items()}
        if backfill and (not wanted or "latency" in wanted):
            found = _waited(backfill)
            targets.append(found.target())
            report["latency"] = found.plain()
    except Missing as missing:
        sys.exit(f"error: {missing}")
    for text, met in targets:
        print(f"{'met    ' if met else 'NOT met'}  {text}")
    out.write_text(json.dumps(report | {"targets": targets}, indent=1) + "\n", "utf-8")
    return all(met for _, met in targets)


@contextmanager
def _site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="onecert-bench-") as home:
        site = start(Path(home))
        try:
            yield site
        finally:
            site.stop()


def _raced(size: int, rows: Sequence[Row], repeats: int) -> Results:
    with _site() as site:
        print(f"sealing {size:,} records …", file=sys.stderr, flush=True)
        site.load(size)
        return _race(site, rows, repeats)


def _waited(records: int) -> Latency:
    with _site() as site:
        print(f"applications during a backfill of {records:,} records …", file=sys.stderr, flush=True)
        return during_backfill(site, records)


def _race(site: Site, rows: Sequence[Row], repeats: int) -> Results:
    results: Results = {row.name: [] for row in rows}
    for turn in range(repeats):
        # Every other turn backwards: neighbours stay neighbours, and nobody is always the first.
        for row in rows if turn % 2 == 0 else reversed(rows):
            one = run(site, row)
            results[row.name].append(one)
            print(f"  {row.name}: {one.rate:,.0f}/s {one.trouble}", file=sys.stderr, flush=True)
    return results


def _targets(results: Results) -> list[Target]:
    """For as far as their rows were run."""
    found: list[Target] = []
    for above, below, least in ((STAGE, BARE, 0.9), (REPLAY, DECODE, 0.8)):
        ratio = _ratio(results, above, below)
        if ratio is not None:
            found.append((f"{above} / {below}: {ratio:.2f}, at least {least}", ratio >= least))
    stage = _median(results.get(STAGE, ()))
    for name in results:
        if stage and name.startswith(_PEERS):
            rate = _median(results[name])
            found.append((f"{STAGE} ahead of {name}: {stage:,.0f} and {rate:,.0f} records/s", stage > rate))
    return found


def _ratio(results: Results, above: str, below: str) -> float | None:
    """Median of the ratios of each turn."""
    turns = (
        zip(results.get(above, ()), results.get(below, ()), strict=True)
        if above in results and below in results
        else ()
    )
    ratios = [one.rate / other.rate for one, other in turns if one.rate and other.rate]
    return statistics.median(ratios) if ratios else None


def _median(runs: Sequence[Run]) -> float:
    rates = [one.rate for one in runs if one.rate]
    return statistics.median(rates) if rates else 0.0


def _show(size: int, rows: Sequence[Row], results: Results) -> None:
    table = Table(
        "row", "min/s", "median/s", "max/s", "client µs", "broker µs", "peak MB", "verdicts", title=f"{size:,} records"
    )
    for row in rows:
        runs = results[row.name]
        rates = [f"{pick([one.rate for one in runs]):,.0f}" for pick in (min, statistics.median, max)]
        said = next((one.trouble for one in runs if one.trouble), "" if row.is_limit else "right")
        once = "" if row.is_limit or row.exactly_once else ", at least once"
        table.add_row(row.name, *rates, *_used(runs), said + once)
    Console(width=150).print(table)


def _used(runs: Sequence[Run]) -> tuple[str, str, str]:
    """CPU of client and broker, µs a record, and peak memory, MB; of the median kind."""
    clients = [one.cpu_us for one in runs if one.cpu_us is not None]
    brokers = [one.broker_us for one in runs if one.broker_us is not None]
    peaks = [one.memory / 1e6 for one in runs if one.memory]
    return tuple(f"{statistics.median(one):.0f}" if one else "" for one in (clients, brokers, peaks))  # type: ignore[return-value]

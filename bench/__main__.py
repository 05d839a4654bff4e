"""``make bench``: speed of every stage on the embedded log. ``make bench SIZES=10000,100000,1000000`` shows the shape.
``make bench LOG=kafka``: on a real broker, beside bare loops and other engines (``bench/kafka.py``).

Prints min, median and max of the repeats in records a second, the ratio to the bare library, and the peak memory;
writes the same as JSON to ``bench-sqlite.json`` or ``bench-kafka.json``. Each measurement runs in a process of its own.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import kafka
from bench.stages import measure
from bench.world import now

ROWS = (
    "map",
    "seal",
    "append",
    "verify",
    "project",
    "whole",
    "replay",
    "scan",
    "fastavro decode alone",
    "SQLite insert alone",
)
BESIDE = {"append": "SQLite insert alone", "replay": "fastavro decode alone", "verify": "fastavro decode alone"}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--log", choices=("sqlite", "kafka"), default="sqlite")
    parser.add_argument("--sizes", help="records per measurement, comma-separated")
    parser.add_argument("--peers", default="", help="with --log kafka: only rows with these words, comma-separated")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backfill", type=int, default=100_000, help="with --log kafka: records; 0 leaves it out")
    parser.add_argument("--out", type=Path, help="bench-sqlite.json or bench-kafka.json otherwise")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        rates, memory = measure(options.one, lambda stage: print(f"  {stage} …", file=sys.stderr, flush=True))
        print(json.dumps({"rates": rates, "memory": memory}))
        return
    out = options.out or Path(f"bench-{options.log}.json")
    if options.log == "kafka":
        words = [word for word in options.peers.split(",") if word]
        sys.exit(
            0 if kafka.measure(_sizes(options.sizes or "100000"), options.repeats, words, options.backfill, out) else 1
        )
    sizes = _sizes(options.sizes or "10000,50000")
    results = {size: [_one(size) for _ in range(options.repeats)] for size in sizes}
    _show(results)
    out.write_text(json.dumps({"at": now(), "results": results}, indent=1) + "\n", "utf-8")


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",")]


def _one(size: int) -> dict[str, object]:
    print(f"{size} records", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, "-m", "bench", "--one", str(size)], stdout=subprocess.PIPE, check=True)
    result: dict[str, object] = json.loads(done.stdout)
    return result


def _show(results: dict[int, list[dict[str, object]]]) -> None:
    table = Table("row", "records", "min/s", "median/s", "max/s", "µs a record", "of the bare library")
    for row in ROWS:
        for size, runs in results.items():
            rates = sorted(_rate(run, row) for run in runs)
            median = statistics.median(rates)
            beside = statistics.median(_rate(run, BESIDE[row]) for run in runs) if row in BESIDE else 0.0
            ratio = f"{median / beside:.2f}" if beside else ""
            table.add_row(
                row,
                f"{size:,}",
                f"{rates[0]:,.0f}",
                f"{median:,.0f}",
                f"{rates[-1]:,.0f}",
                f"{1e6 / median:.1f}",
                ratio,
            )
    Console(width=110).print(table)
    for size, runs in results.items():
        print(f"{size:>10,} records: peak memory {max(int(str(run['memory'])) for run in runs) / 1e6:.0f} MB")


def _rate(run: dict[str, object], row: str) -> float:
    rates = run["rates"]
    assert isinstance(rates, dict)
    return float(rates[row])


main()

"""``python -m bench.mapping``: processor time of mapping one row by its declaration, in microseconds: the smallest and
the median of 25 runs.

The rows are the samples of the two connectors, with the sandbox's grants: left out what the grant does not have, made
bytes of where the source sends none, mapped. One process, no servers.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.clock import SystemClock
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import of_package
from hub.grants.grant import Grant
from sandbox.grants import GRANTS

RUNS, ROWS = 25, 900
_CONNECTORS = Path(__file__).parents[1] / "connectors"


def main() -> None:
    for name, raw in (("business_licence", b"signed"), ("property_title", None)):
        context, rows = _context(name), _rows(name)
        costs = [_cost_us(lambda: [row_of(context, row, raw) for row in rows], len(rows)) for _ in range(RUNS)]  # noqa: B023
        print(f"{name:<18} {min(costs):5.1f} µs smallest, {statistics.median(costs):5.1f} µs median")


def _context(name: str) -> Context:
    folder = of_package(f"connectors.{name}")
    grant = Grant.model_validate({**GRANTS[name], "source": name})
    return Context(folder.info, folder.info.limits, SystemClock(), folder, grant)


def _rows(name: str) -> list[DeclaredRow]:
    files = sorted((_CONNECTORS / name / "samples").glob("*.json"))
    samples = [json.loads(file.read_text("utf-8")) for file in files if "expected" not in file.name]
    return [DeclaredRow("k", 7, "UPSERT", _columns(one)) for one in samples]


def _columns(sample: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sample.items() if name not in ("rowguid", "operatetype")}


def _cost_us(work: Callable[[], object], rows: int) -> float:
    turns, began_s = ROWS // rows, time.process_time()
    for _ in range(turns):
        work()
    return (time.process_time() - began_s) / turns / rows * 1e6


if __name__ == "__main__":
    main()

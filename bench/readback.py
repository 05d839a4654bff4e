"""``python -m bench.readback [PIECES]``: what it costs to ask a connection system for each piece after its yes.

The deliver stage on the embedded log and SQLite, before the sandbox's connection system over HTTP: so many
registrations are delivered, in turn without and with the question, on loopback and before a system that takes 50 ms for
every answer. Prints as JSON, median of the turns: pieces a second, milliseconds a piece, and those of the hub's own
processor time; the ratios are those of neighbouring turns, median, smallest and largest.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hub.clock import SystemClock
from hub.connect.host import registry
from sandbox import launch
from tests.casework import House, body

PIECES, TURNS = 200, 5
SLOW_S = 0.05
_NAME = "utility_crm"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.readback", description=__doc__)
    parser.add_argument("pieces", nargs="?", type=int, default=PIECES, help="of one turn (default: %(default)s)")
    pieces = parser.parse_args().pieces
    with (
        tempfile.TemporaryDirectory() as folder,
        launch.start(1, 20, Path(folder) / "sandbox", systems=(_NAME,)) as sandbox,
    ):
        house = House(Path(folder))
        try:
            for delay_s in (0.0, SLOW_S):
                if delay_s:
                    sandbox.fault(_NAME, "latency", delay_s=delay_s)
                print(json.dumps({"answer_takes_ms": delay_s * 1000, **_compared(house, sandbox, pieces)}), flush=True)
        finally:
            house.close()


def _compared(house: House, sandbox: launch.Running, pieces: int) -> dict[str, Any]:
    """The turns of one system. The two are measured one after the other, so that both meet the same machine."""
    settings = {**sandbox.connectors()[_NAME], "rate_per_s": 1e6, "burst": 10**6}
    sink = registry.open_sink(_NAME, settings, SystemClock())
    taken: dict[bool, list[Turn]] = {False: [], True: []}
    _turn(house, sink, pieces, True)
    for _ in range(TURNS):
        for asked, turns in taken.items():
            turns.append(_turn(house, sink, pieces, asked))
    sink.close()
    of = {name: [[getattr(one, name) for one in taken[asked]] for asked in (True, False)] for name in Turn._fields}
    told = {"pieces": pieces, "without": _median(taken[False], pieces), "with": _median(taken[True], pieces)}
    return told | {f"ratio_{name}": _ratios(*both) for name, both in of.items()}


class Turn(NamedTuple):
    """One turn: seconds that passed, and those of the processor."""

    wall_s: float
    processor_s: float


def _median(turns: Sequence[Turn], pieces: int) -> dict[str, float]:
    wall_s, processor_s = (statistics.median(times) for times in zip(*turns, strict=True))
    each = {"ms_a_piece": wall_s / pieces * 1000, "processor_ms_a_piece": processor_s / pieces * 1000}
    return {"per_s": round(pieces / wall_s)} | {name: round(value, 2) for name, value in each.items()}


def _ratios(those: Sequence[float], others: Sequence[float]) -> list[float]:
    found = [one / other for one, other in zip(those, others, strict=True)]
    return [round(one, 2) for one in (statistics.median(found), min(found), max(found))]


_numbers = iter(range(10**9))


def _turn(house: House, sink: Any, pieces: int, asked: bool) -> Turn:
    """Until so many registrations are delivered; the submissions are not counted."""
    for _ in range(pieces):
        house.submit(body(f"B-{next(_numbers)}"))
    begun, used = time.perf_counter(), time.process_time()
    done = house.deliver(sink, reads_back=asked)
    assert done == pieces, (done, pieces)
    return Turn(time.perf_counter() - begun, time.process_time() - used)


if __name__ == "__main__":
    main()

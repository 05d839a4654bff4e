"""One row's run: from the moment when each of its processes has its first records to the one when every verdict is
committed. What was committed before then does not count: processes do not start in the same instant."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.rows import ROOT, Row, environ
from bench.site import Outputs, Site

BATCH = 5_000
"""Records in one transaction, of every row alike."""

CUT_S = 180.0
"""A row that needs longer is cut and rated on what it committed."""
_STABLE_S = 1.5
_END_S = 10.0
Processes = list[subprocess.Popen[bytes]]


@dataclass(slots=True)
class Run:
    """One measurement. ``rate`` is records a second; CPU is µs a record; ``memory`` the largest process's peak, in
    bytes."""

    rate: float = 0.0
    trouble: str = ""
    cpu_us: float | None = None
    broker_us: float | None = None
    memory: int | None = None

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def run(site: Site, row: Row) -> Run:
    if trouble := row.prepare():
        return Run(trouble=trouble)
    if row.is_limit:
        return _limit(site, row)
    site.clear()
    with site.outputs() as outputs, _started(site, row) as (processes, stamp):
        return _watch(site, outputs, processes, stamp)


def _limit(site: Site, row: Row) -> Run:
    done = subprocess.run(
        row.command(), capture_output=True, text=True, env=environ(**site.environ()), cwd=ROOT, check=False
    )
    if done.returncode:
        return Run(trouble=(done.stderr.strip().splitlines() or ["?"])[-1][:200])
    return Run(**json.loads(done.stdout))


@contextmanager
def _started(site: Site, row: Row) -> Iterator[tuple[Processes, Path]]:
    """The row's processes, all of one group; ended on leaving."""
    name = uuid.uuid4().hex[:8]
    stamp = site.home / f"stamp-{name}"
    processes: Processes = []
    with (site.home / "peers.log").open("ab") as log:
        try:
            for number in range(row.processes):
                own = {"HUB_INSTANCE": f"bench-{number}", "BENCH_GROUP": f"bench.{name}", "BENCH_STAMP": str(stamp)}
                command = row.command()
                processes.append(
                    subprocess.Popen(
                        command,
                        stdout=log,
                        stderr=log,
                        env=environ(**site.environ(), **own, HUB_LIMITS__BATCH_RECORDS=str(BATCH)),
                        cwd=ROOT,
                    )
                )
            yield processes, stamp
        finally:
            _end(processes)


def _end(processes: Processes) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _watch(site: Site, outputs: Outputs, processes: Processes, stamp: Path) -> Run:
    """Wait until everything is committed and nothing more comes; then compare verdicts."""
    begun_s, result, last, before = time.time(), Run(), (0, 0), 0
    broker = site.cluster.nodes[0].process
    assert broker is not None
    broker_s, changed_s = _cpu_s(broker.pid), begun_s
    used_s: list[float] = []
    while True:
        time.sleep(0.05)
        ends, now_s = outputs.ends(), time.time()
        if len(_stamps(stamp)) < len(processes):
            before = ends[0]
        if ends != last:
            last, changed_s = ends, now_s
            used_s = [_cpu_s(process.pid) for process in processes]
            broker_used_s = _cpu_s(broker.pid) - broker_s
        elif ends[0] == ends[1] and ends[0] >= site.records and now_s - changed_s > _STABLE_S:
            break
        if any(process.poll() is not None for process in processes):
            result.trouble = f"ended by itself: {_last_line(site.home / 'peers.log')}"
        elif now_s - begun_s > CUT_S:
            result.trouble = f"cut after {CUT_S:.0f} s"
        if result.trouble:
            break
    stamps = _stamps(stamp)
    if len(stamps) < len(processes) or not used_s:
        return Run(trouble=result.trouble or f"{len(stamps)} of {len(processes)} processes had records")
    found = outputs.verdicts()
    done = max(1, min(found.total(), site.records))
    result.rate = max(1, done - before) / (changed_s - max(one["at"] for one in stamps))
    result.cpu_us = (sum(used_s) - sum(one["cpu"] for one in stamps)) / done * 1e6
    result.broker_us = broker_used_s / done * 1e6
    result.memory = max(_peak(process.pid) for process in processes)
    if found != site.expected and not result.trouble:
        result.trouble = (
            f"wrong verdicts: {dict(found - site.expected)} too many, {dict(site.expected - found)} missing"
        )
        print(result.trouble, file=sys.stderr)
    return result


def _last_line(file: Path) -> str:
    return (file.read_text("utf-8", "replace").strip().splitlines() or ["?"])[-1][:200]


def _stamps(stamp: Path) -> list[dict[str, float]]:
    """When each process had its first records, and the processor time that it had used by then."""
    return [json.loads(file.read_text("utf-8")) for file in stamp.parent.glob(f"{stamp.name}.*[0-9]")]


def _cpu_s(pid: int) -> float:
    try:
        numbers = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)

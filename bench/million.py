"""A first load of very many rows, then a full reload of as many, on Kafka and PostgreSQL.

    python -m bench.million                         a million rows (about an hour of two cores)
    python -m bench.million --rows 20000            the same, small

An exchange table has so many titles, each of another holder. One hub process takes them in; in the middle it is killed
(SIGKILL) and starts again. Meanwhile applications are submitted whose evidence must be asked for, by sources that take
300 ms for an answer. Then the owner writes all rows again, and the hub finds them unchanged.

It prints, and writes to ``bench-million.json``: rows a second; how much the memory of the process grew after a fifth of
the rows (at most 200,000) on; p50 and p95 of the look-ups; whether each row is in the tables once. Exit 1 when a target
is missed. The load of the machine is part of the result.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, func, insert, select, text

from bench import site as sites
from bench.latency import WITHIN_S, Latency, answerable, await_evidence, percentile, slow_down, submit
from bench.rows import ROOT, environ
from bench.site import Site
from bench.world import now
from hub import settings
from hub.bootstrap import Hub, open_hub
from hub.cases.evidence.tables import need
from hub.ingest.control import Reports
from hub.records.tables import record, tally
from sandbox import launch
from sandbox.exchange.tables import HOLDER, TITLE

NAME = "property_title"
WORLD_SIZE = 16_000
GROWN_MB_MAX = 50.0
_SEED, _CHUNK, _LOOK_S, _EVERY_S, _TOGETHER = 13, 2_000, 1.0, 25.0, 3
_WEIGHTS = [2**place % 11 for place in range(17, 0, -1)]


@dataclass(slots=True)
class Phase:
    """One part of the run: rows, seconds, and (rows so far, MB) of each process."""

    rows: int = 0
    seconds: float = 0.0
    memory: list[list[tuple[int, float]]] = field(default_factory=list)

    def grown_mb(self, after: int) -> float:
        """How much the largest process grew after its first ``after`` rows."""
        grown = [0.0]
        for seen in self.memory:
            late = [mb for rows, mb in seen if rows - seen[0][0] >= after]
            grown += [max(late) - late[0]] if late else []
        return round(max(grown), 1)


class HubProcess:
    """``hub run`` of one process on a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._start()

    def _start(self) -> None:
        with (self._site.home / "hub.log").open("ab") as log:
            command = [sys.executable, "-m", "hub", "run", "--no-web"]
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env=environ(**self._site.environ()), cwd=ROOT
            )

    def memory_mb(self) -> float:
        """Its resident memory."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the hub has ended: see hub.log")

    def kill_and_start(self) -> None:
        """SIGKILL, then a new process."""
        self._process.kill()
        self._process.wait()
        self._start()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


def grow(connection: Connection, rows: int) -> None:
    """Add titles until the table has ``rows``, each with another unit and holder, changed before those of the world."""
    base = [dict(row._mapping) for row in connection.execute(select(TITLE).where(func.length(TITLE.c.bdcdyh) == 28))]
    first_ms = min(row["update_time"] for row in base)
    there = connection.execute(select(func.count()).select_from(TITLE)).scalar_one()
    numbers = iter(range(rows - there))
    while some := list(islice(numbers, _CHUNK)):
        connection.execute(insert(TITLE), [_title(base[one % len(base)], one, first_ms) for one in some])
        connection.execute(insert(HOLDER), [_holder(one) for one in some])


def _title(like: dict[str, Any], number: int, first_ms: int) -> dict[str, Any]:
    place = {name: like[name].decode("gb18030", "replace") for name in ("bdcqzh", "zl") if like[name]}
    changed = {
        "bdcqzh": re.sub(r"第\d+号", f"第{number:07d}号", place.get("bdcqzh", "")).encode("gb18030"),
        "zl": re.sub(r"\d+号(?!楼)", f"{number + 1}号", place.get("zl", "")).encode("gb18030"),
    }
    key = {"rowguid": f"m{number:08d}", "update_time": first_ms - 10_000_000 + number, "operatetype": "I"}
    return like | changed | key | {"bdcdyh": f"{like['bdcdyh'][:20]}{number:08d}", "gyfs": "0"}


def _holder(number: int) -> dict[str, Any]:
    digits = f"120101{date(1950, 1, 1) + timedelta(days=number // 900):%Y%m%d}{number % 900 + 100}"
    check = "10X98765432"[sum(int(one) * weight for one, weight in zip(digits, _WEIGHTS, strict=True)) % 11]
    name = "王伟".encode("gb18030")
    return {"title_rowguid": f"m{number:08d}", "sxh": 1, "qlr": name, "zjzl": "1", "zjh": digits + check, "qlbl": None}


@contextmanager
def prepared(home: Path, rows: int) -> Iterator[tuple[Site, Path, str]]:
    """Servers, the sandbox and the large table: the site, the file of applications and the table's URL."""
    site = sites.start(home)
    try:
        url = site.database.create("exchange")
        world = min(WORLD_SIZE, rows // 2)
        with launch.start(
            _SEED, world, home / "sandbox", defect_share=0.0, applications_count=world, exchange_url=url
        ) as sandbox:
            engine = create_engine(url)
            with engine.begin() as connection:
                grow(connection, rows)
            slow_down(url)
            sandbox.fault("business_licence", "latency", delay_s=0.3)
            tables = sandbox.connectors()
            tables[NAME] |= {"lag_s": 5.0, "sweep_s": 30.0}
            site.write_settings(tables, sandbox.grants)
            yield site, sandbox.applications, url
            engine.dispose()
    finally:
        site.stop()


class Applicants:
    """Submits some applications every ``_EVERY_S`` and times their evidence."""

    def __init__(self, hub: Hub, bodies: Iterator[dict[str, Any]]) -> None:
        self._hub, self._bodies, self._service = hub, bodies, hub.applications()
        self._asked_s = 0.0
        self.found = Latency()

    def ask(self) -> None:
        """The next round, if it is time."""
        if time.monotonic() - self._asked_s <= _EVERY_S:
            return
        begun = dict(submit(self._service, body) for body in islice(self._bodies, _TOGETHER))
        await_evidence(self._hub, begun, self.found)
        _tell_missing(self._hub, begun)
        self._asked_s = time.monotonic()
        _say(f"evidence {json.dumps(self.found.plain())}")


def load(hub: Hub, process: HubProcess, applicants: Applicants, rows: int) -> Phase:
    """The first load, with applications, and a SIGKILL in the middle."""
    phase, began_s, killed = Phase(rows, memory=[[]]), time.monotonic(), False
    while (done := _received(hub)) < rows:
        phase.memory[-1].append((done, process.memory_mb()))
        if not killed and done >= rows // 2:
            process.kill_and_start()
            killed = True
            phase.memory.append([])
        elif done:
            applicants.ask()
        if len(phase.memory[-1]) % 20 == 1:
            _say(f"{done:,} of {rows:,}, {phase.memory[-1][-1][1]:.0f} MB")
        time.sleep(_LOOK_S)
    phase.seconds = time.monotonic() - began_s
    return phase


def _tell_missing(hub: Hub, begun: Iterable[bytes]) -> None:
    """Why evidence is missing, by kind."""
    query = select(need.c.kind, need.c.reason).where(need.c.case_id.in_(list(begun)), need.c.state == "open")
    with hub.store.read() as connection:
        for kind, reason in connection.execute(query):
            _say(f"missing: {kind} {reason}")


def reload(hub: Hub, process: HubProcess, applicants: Applicants, url: str, rows: int) -> Phase:
    """The owner writes every row again; the hub reads them all, and nothing is new. Applications come meanwhile."""
    engine = create_engine(url)
    with engine.begin() as connection:
        real = "ex_bdc_title_quick"
        moment = int(time.time() * 1000)
        connection.execute(text(f"UPDATE {real} SET update_time = {moment}"))  # noqa: S608 - a number of our own
    engine.dispose()
    phase, began_s = Phase(rows, memory=[[]]), time.monotonic()
    reports = Reports(hub.store, hub.clock)
    while not _has_read(hub, moment):
        report = reports.get(NAME)
        read = int((report.rate_per_s or 0) * (time.monotonic() - began_s)) if report else 0
        phase.memory[-1].append((min(read, rows), process.memory_mb()))
        applicants.ask()
        time.sleep(_LOOK_S)
    phase.seconds = time.monotonic() - began_s
    return phase


def _has_read(hub: Hub, moment: int) -> bool:
    """Whether the memory of seen rows has every row with the reload's time."""
    query = text("SELECT 1 FROM source_row WHERE source = :name AND version < :moment AND present LIMIT 1")
    with hub.store.read() as connection:
        return connection.execute(query, {"name": NAME, "moment": moment}).first() is None


def _received(hub: Hub) -> int:
    query = select(func.coalesce(func.sum(tally.c.received - tally.c.looked_up), 0)).where(tally.c.source == NAME)
    with hub.store.read() as connection:
        return int(connection.execute(query).scalar_one())


def _once(hub: Hub) -> int:
    """The records of the source that the tables have."""
    with hub.store.read() as connection:
        found = connection.execute(select(func.count(record.c.row_id.distinct())).where(record.c.source == NAME))
        return int(found.scalar_one())


def measure(home: Path, rows: int) -> dict[str, Any]:
    """All of it."""
    with prepared(home, rows) as (site, applications, url):
        _say("the table is ready")
        hub, process = open_hub(settings.load(site.home / "hub.toml", environ={})), HubProcess(site)
        try:
            bodies = answerable(applications)
            asking = Applicants(hub, bodies)
            first = load(hub, process, asking, rows)
            _say(f"first load: {rows / first.seconds:.0f} rows a second")
            meanwhile = Applicants(hub, bodies)
            again = reload(hub, process, meanwhile, url, rows)
            once = _once(hub)
        finally:
            process.stop()
            hub.close()
    after = min(200_000, rows // 5)
    return {
        "time": now(), "rows": rows, "load_average": os.getloadavg(), "cores": os.cpu_count(),
        "first": {"rows_a_second": round(rows / first.seconds), "grown_mb": first.grown_mb(after)},
        "reload": {"rows_a_second": round(rows / again.seconds), "grown_mb": again.grown_mb(after)},
        "grown_after_rows": after, "look_ups": asking.found.plain(), "reload_evidence": _told(meanwhile.found),
        "rows_in_tables": once,
        "memory": [asdict(first)["memory"], asdict(again)["memory"]],
    }  # fmt: skip


def _told(found: Latency) -> dict[str, float]:
    """Times until the evidence was there, also where the feed had brought it before."""
    times = [*found.asked, *found.fed]
    return {
        "asked": len(found.asked),
        "fed": len(found.fed),
        "missing": found.missing,
        "p95_s": percentile(times, 0.95),
    }


def missed(result: dict[str, Any]) -> list[str]:
    """The targets that were not met."""
    told = []
    for phase in ("first", "reload"):
        if result[phase]["grown_mb"] > GROWN_MB_MAX:
            told.append(f"memory grew by {result[phase]['grown_mb']} MB in the phase {phase}")
    if not percentile([result["look_ups"]["p95_s"]], 1) <= WITHIN_S:
        told.append(f"p95 of look-ups is {result['look_ups']['p95_s']} s")
    if result["rows_in_tables"] != result["rows"]:
        told.append(f"{result['rows_in_tables']} of {result['rows']} rows are in the tables")
    return told


def _say(words: str) -> None:
    print(f"  {words}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path("bench-million.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-million-") as folder:
        result = measure(Path(folder), options.rows)
    options.out.write_text(json.dumps(result, indent=1), "utf-8")
    print(json.dumps({name: value for name, value in result.items() if name != "memory"}, indent=1))
    for words in (found := missed(result)):
        print(f"missed: {words}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

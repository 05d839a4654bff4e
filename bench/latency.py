"""How long an application waits for its evidence while a backfill runs.

A whole hub of two workers on Kafka and PostgreSQL takes in everything that the sandbox's sources have; both answer each
call after 300 ms. Meanwhile 20 applications at a time are submitted, again and again: the time of each is
from its submission to the moment when all its evidence is there.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, cast, create_engine, func, select, text

from bench.rows import ROOT, environ
from bench.site import Site
from bench.waiting import steps
from hub import settings
from hub.bootstrap import Hub, open_hub
from hub.cases.by import By
from hub.cases.evidence.tables import need
from hub.records.tables import tally
from sandbox import launch

TOGETHER = 20
WITHIN_S = 3.0
_ANSWER_AFTER_S = 0.3
# The title table behind a view that answers as late.
_SLOW_TITLES = """
ALTER TABLE ex_bdc_title RENAME TO ex_bdc_title_quick;
CREATE VIEW ex_bdc_title AS
    SELECT title.* FROM ex_bdc_title_quick AS title CROSS JOIN (SELECT 1 FROM pg_sleep(0.3)) AS pause;
"""
_GIVE_UP_S = 20.0
_LOOK_S = 0.02
_ROUNDS_MAX = 200
_SEED = 11


@dataclass(slots=True)
class Latency:
    """Seconds of each application whose evidence had to be asked for; ``fed``: of those whose the feed had brought."""

    asked: list[float] = field(default_factory=list)
    fed: list[float] = field(default_factory=list)
    missing: int = 0
    """Applications without all their evidence after 20 s."""
    records: int = 0
    """Records that the backfill brought meanwhile."""
    seconds: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)
    """Where the last round's time went, see ``bench.waiting``."""

    def plain(self) -> dict[str, Any]:
        return {
            "asked": len(self.asked), "fed": len(self.fed), "missing": self.missing, "records": self.records,
            "backfill_rate": self.records / self.seconds if self.seconds else 0.0,
            "p50_s": percentile(self.asked, 0.5), "p95_s": percentile(self.asked, 0.95),
            "max_s": percentile(self.asked, 1), "spent_s": self.spent,
        }  # fmt: skip

    def target(self) -> tuple[str, bool]:
        p95 = percentile(self.asked, 0.95)
        words = (
            f"look-up evidence, {TOGETHER} in parallel, during a backfill: p50 {percentile(self.asked, 0.5):.2f} s, "
            f"p95 {p95:.2f} s, max {percentile(self.asked, 1):.2f} s of {len(self.asked)} applications, "
            f"{self.missing} without; p95 at most {WITHIN_S:.0f} s"
        )
        return words, bool(self.asked) and p95 <= WITHIN_S and not self.missing


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` of all do not exceed; NaN of none.

    >>> percentile([3.0, 1.0, 2.0], 0.5), percentile([3.0, 1.0, 2.0], 0.95)
    (2.0, 3.0)
    """
    if not values:
        return float("nan")
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]


def measure(site: Site, records: int) -> Latency:
    """``site``'s hub.toml is written anew for the sandbox's sources."""
    world = site.home / "sandbox"
    titles = site.database.create("exchange")
    with launch.start(_SEED, records // 2, world, applications_count=records // 20, exchange_url=titles) as sandbox:
        sandbox.fault("business_licence", "latency", delay_s=_ANSWER_AFTER_S)
        slow_down(titles)
        site.write_settings(sandbox.connectors(), sandbox.grants)
        hub = open_hub(settings.load(site.home / "hub.toml", environ={}))
        try:
            with _running(site):
                return _rounds(hub, answerable(sandbox.applications), records)
        finally:
            hub.close()


def slow_down(url: str) -> None:
    """Let the title table take its time: each question reads it once, and waits there."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(_SLOW_TITLES))
    engine.dispose()


@contextmanager
def _running(site: Site) -> Iterator[None]:
    command = [sys.executable, "-m", "hub", "run", "--workers", "2", "--no-web"]
    with (site.home / "hub.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ(**site.environ()), cwd=ROOT)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def answerable(file: Path) -> Iterator[dict[str, Any]]:
    """Applications of enterprises whose every piece of evidence is in the world; the last first, because the feed gets
    there last. A resident's identity comes by a ticket, not by a look-up."""
    for entry in reversed(json.loads(file.read_text("utf-8"))):
        expected, body = entry["expected"], entry["body"]
        licensed = "uscc" in body["applicant"] and expected["licence_status"] == "CURRENT"
        if expected["title_key"] and licensed and body["voltage"] == "LOW" and entry["story"] in ("own", "co-owner"):
            yield body


def _rounds(hub: Hub, bodies: Iterator[dict[str, Any]], records: int) -> Latency:
    """Rounds while the feeds bring records; the first is not counted, because workers are still sharing out the
    work."""
    found, service, began_s, first = Latency(), hub.applications(), time.monotonic(), 0
    with ThreadPoolExecutor(TOGETHER) as pool:
        while _received(hub) < 1_000:
            time.sleep(0.1)
        for number in range(_ROUNDS_MAX):
            together = [body for _, body in zip(range(TOGETHER), bodies, strict=False)]
            received = _received(hub)
            if len(together) < TOGETHER or received >= records * 0.98:
                break
            if number == 1:
                found, first, began_s = Latency(), received, time.monotonic()
            begun = {
                future.result()[0]: future.result()[1]
                for future in [pool.submit(submit, service, one) for one in together]
            }
            await_evidence(hub, begun, found)
            found.records, found.seconds = _received(hub) - first, time.monotonic() - began_s
            found.spent = steps(hub, begun)
            print(f"  {received:,} of {records:,}: {json.dumps(found.plain())}", file=sys.stderr, flush=True)
    return found


BY = By("cli:bench")


def submit(service: Any, body: dict[str, Any]) -> tuple[bytes, float]:
    begun_s = time.monotonic()
    return service.submit(body, BY).case_id, begun_s


def await_evidence(hub: Hub, begun: dict[bytes, float], found: Latency) -> None:
    waits, waiting = need.c, set(begun)
    until_s = time.monotonic() + _GIVE_UP_S
    while waiting and time.monotonic() < until_s:
        open_needs = func.sum(cast(waits.state == "open", Integer))
        query = select(waits.case_id, open_needs, func.max(waits.attempt)).where(waits.case_id.in_(waiting))
        with hub.store.read() as connection:
            rows = connection.execute(query.group_by(waits.case_id)).all()
        now_s = time.monotonic()
        for identity, still_open, attempts in rows:
            if not still_open:
                waiting.discard(bytes(identity))
                (found.asked if attempts else found.fed).append(now_s - begun[bytes(identity)])
        time.sleep(_LOOK_S)
    found.missing += len(waiting)


def _received(hub: Hub) -> int:
    with hub.store.read() as connection:
        return int(connection.execute(select(func.coalesce(func.sum(tally.c.received), 0))).scalar_one())

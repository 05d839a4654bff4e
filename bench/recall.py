"""``python -m bench.recall [CASES] [--kafka]``: how long a connection system waits until it hears that a title ended.

A whole hub, every stage in a thread, before the sandbox's connection system over HTTP: on the embedded log and SQLite,
or with ``--kafka`` on a real broker and PostgreSQL that the bench starts.
Each case has a title that is delivered; then the titles are revoked one after another, a few at once. The time of each
is from the record's verdict to the moment when the system has stored the withdrawal.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from bench.latency import BY, percentile
from hub.bootstrap import Hub, open_hub
from hub.cases.connection.recall.tables import recall
from hub.ports import SourceRow
from hub.records.tables import record
from hub.runtime.runner import Runner
from hub.topics.received import Envelopes
from sandbox import launch
from tests import feeding, samples
from tests.casework import body
from tests.e2e.harness import real_engines

CASES = 200
WITHIN_S = 5.0
_KIND = "licence.property-title"
_PATIENCE_S = 120.0
_TOGETHER_MAX = 5
_PAUSE_MAX_S = 0.5


def main() -> int:
    """Print the figures as JSON; 1 where the 95th percentile is above ``WITHIN_S``."""
    parser = argparse.ArgumentParser(prog="python -m bench.recall", description=__doc__)
    parser.add_argument("cases", nargs="?", type=int, default=CASES, help="applications (default: %(default)s)")
    parser.add_argument("--kafka", action="store_true", help="on a real broker and PostgreSQL")
    args = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="onecert-recall-"))
    try:
        with real_engines(home) if args.kafka else nullcontext() as engines:
            waits = _measure(home, args.cases, _settings(engines.settings) if engines else {})
    finally:
        shutil.rmtree(home)
    told = {f"p{round(share * 100)}_s": round(percentile(waits, share), 3) for share in (0.05, 0.5, 0.95, 1)}
    print(json.dumps({"cases": len(waits), **told}))
    return int(percentile(waits, 0.95) > WITHIN_S)


def _settings(written: Mapping[str, Any]) -> dict[str, Any]:
    """Lines of a settings file, as its reader has them."""
    return tomllib.loads("\n".join(f"{key} = {json.dumps(value)}" for key, value in written.items()))


def _measure(home: Path, cases: int, engines: Mapping[str, Any]) -> list[float]:
    with launch.start(11, 20, home / "sandbox", applications_count=1) as sandbox:
        crm = {"utility_crm": sandbox.connectors()["utility_crm"]}
        hub = open_hub(feeding.settings(home, crm, **engines))
        runner = Runner(hub.clock)
        try:
            for name, make in hub.tasks():
                runner.start(name, make)
            titles = [_title(number) for number in range(cases)]
            for number, one in enumerate(titles):
                hub.applications().submit(body(f"R-{number}", site={"unit_no": one["unit"]["unit_no"]}), BY)
            _read(hub, titles)
            _until(lambda: _acknowledged(sandbox, "evidence") == cases, "not delivered")
            _revoke(hub, titles, Random(13))
            _until(lambda: _acknowledged(sandbox, "withdrawals") == cases, "not taken back")
            return _waits(hub, sandbox)
        finally:
            runner.stop()
            hub.close()


def _title(number: int) -> dict[str, Any]:
    found = samples.title(f"R-{number}", 1, f"120101001001GB{number // 1000 + 1:05d}F{number % 1000 + 1:08d}")
    found["unit"]["title_no"] = f"津(2020)和平区不动产权第{2_000_000 + number}号"
    return found


def _revoke(hub: Hub, titles: list[dict[str, Any]], moments: Random) -> None:
    left = list(titles)
    while left:
        together = [left.pop() for _ in range(min(len(left), moments.randint(1, _TOGETHER_MAX)))]
        source = {"version": hub.clock.now_ms()}
        _read(hub, [one | {"status": "REVOKED", "source": one["source"] | source} for one in together])
        time.sleep(moments.uniform(0, _PAUSE_MAX_S))


def _read(hub: Hub, titles: list[dict[str, Any]]) -> None:
    """A source has these, and the hub has read them."""
    rows = [SourceRow(one["source"]["key"], one["source"]["version"], repr(one).encode(), dict(one)) for one in titles]
    sealed = hub.sealer.seal_page(samples.Info("samples", _KIND), rows, hub.clock.now_ms())
    writer = hub.log.writer("samples")
    writer.commit(Envelopes("samples", hub.settings.partitions, hub.clock.now()).page(sealed, {"place": 1}))
    writer.close()


def _waits(hub: Hub, sandbox: launch.Running) -> list[float]:
    """Seconds from each verdict to the moment when the system stored the withdrawal."""
    told = {one["externalAppNo"]: one["receivedAt"] for one in _effects(sandbox)}
    with hub.store.read() as connection:
        query = select(recall.c.case_id, record.c.judged_ms).join(record, record.c.record_id == recall.c.later_id)
        judged = {bytes(row.case_id): row.judged_ms for row in connection.execute(query)}
    references = hub.parts.references("utility_crm")
    return [
        datetime.fromisoformat(told[references.hub_number(case_id)]).timestamp() - at_ms / 1000
        for case_id, at_ms in judged.items()
    ]


def _effects(sandbox: launch.Running) -> list[dict[str, Any]]:
    entries = sandbox.control("utility_crm", "effects")["effects"]
    return [one for one in entries if one["what"] == "withdrawals"]


def _acknowledged(sandbox: launch.Running, what: str) -> int:
    return len(sandbox.control("utility_crm", "effects")[what])


def _until(done: Callable[[], bool], otherwise: str) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not done():
        if time.monotonic() > deadline_s:
            raise SystemExit(otherwise)
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())

"""A hub that feeds from a sandbox, for tests of ingest and lookup: real log, tables, keys and servers."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hub.bootstrap import Hub, open_hub
from hub.ingest.stage import Ingest
from hub.ports import LogRecord
from hub.settings import Settings
from sandbox.launch import Running
from tests.grants import written

PATIENCE_S = 15.0


def settings(home: Path, connectors: Mapping[str, Mapping[str, Any]], **more: Any) -> Settings:
    urls = {f"{what}_url": f"sqlite:///{home}/{what}.db" for what in ("log", "store", "vault")}
    own = {"master_key_file": home / "master.key", "partitions": 2, "connectors": connectors}
    own["grants"] = written(home, connectors)
    if "log_url" not in more:  # the embedded log has all that was written: nobody waits for more
        own["limits"] = {"poll_timeout_s": 0.02}
    return Settings.model_validate({**urls, **own, **more})


def connectors(sandbox: Running, *names: str, **more: Any) -> dict[str, dict[str, Any]]:
    """Settings of the named connectors, quick ones."""
    quick = {"property_title": {"lag_s": 0.5, "sweep_s": 0.2}}
    every = {"poll_s": 0.1, "page_rows": 50, **more}
    return {name: {**sandbox.connectors()[name], **quick.get(name, {}), **every} for name in names}


def flow(hub: Hub, *stages: str) -> None:
    """Run verify and project, or these stages, until each has no more to do."""
    for name in stages or ("verify", "project"):
        stage = hub.task(name)()
        while stage.step():
            pass
        stage.close()


def received(hub: Hub, kind: str) -> list[LogRecord]:
    topic = f"{kind}.received"
    return [
        record
        for partition in range(hub.settings.partitions)
        for batch in hub.log.scan(topic, partition)
        for record in batch.records
    ]


def ids(hub: Hub, kind: str) -> Counter[bytes]:
    return Counter(dict(record.headers)["ce_id"] for record in received(hub, kind))


def until(task: Any, done: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Step ``task`` until ``done``."""
    deadline = time.monotonic() + patience_s
    while not done():
        assert time.monotonic() < deadline, "it did not come to that in time"
        task.step()


@contextmanager
def feeding(home: Path, tables: Mapping[str, Mapping[str, Any]], **more: Any) -> Any:
    """An open hub and its running ingest stage."""
    hub = open_hub(settings(home, tables, **more))
    try:
        task = hub.task("ingest")()
        assert isinstance(task, Ingest)
        try:
            yield hub, task
        finally:
            task.close()
    finally:
        hub.close()


def caught_up(hub: Hub, task: Ingest, *names: str) -> None:
    """Step until the named sources report that nothing more waits."""
    from hub.ingest.control import RUNNING, Reports

    reports = Reports(hub.store, hub.clock)

    def done() -> bool:
        found = [reports.get(name) for name in names]
        return all(report and report.state == RUNNING and report.rows and not report.behind_ms for report in found)

    until(task, done)

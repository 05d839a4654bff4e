"""``hub topics``: what is on the log."""

import json
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.cli._console import console
from hub.clock import SystemClock
from hub.logs import open_log
from hub.ports import RecordLog


@click.command("topics")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def command(config: Path | None, name: str | None, as_json: bool) -> None:
    """List the topics, or one topic by its partitions. Reads only: `hub run` may go on.

    \b
      hub topics
      hub topics licence.business.received
    """
    log = open_log(hub_settings.load(config).log_url, SystemClock())
    try:
        topics = log.topics()
        if name and name not in topics:
            raise click.UsageError(f"no topic {name!r}; `hub topics` lists them")
        rows = _partitions(log, name) if name else [_summary(log, one) for one in sorted(topics)]
    finally:
        log.close()
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    table = Table(*rows[0] if rows else ("no topics yet: `hub run` creates them",))
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    console().print(table)


def _summary(log: RecordLog, name: str) -> dict[str, Any]:
    bounds = log.bounds(name)
    return {"topic": name, "partitions": len(bounds), "offsets": sum(end - first for first, end in bounds.values())}


def _partitions(log: RecordLog, name: str) -> list[dict[str, Any]]:
    return [
        {"partition": partition, "first": first, "end": end} for partition, (first, end) in log.bounds(name).items()
    ]

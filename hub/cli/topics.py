"""``hub topics list|show|apply``: what the log holds, beside what is declared."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.cli._console import console
from hub.clock import SystemClock
from hub.errors import Misconfigured
from hub.logs import open_log
from hub.ports import RecordLog
from hub.records.topics import declared
from hub.settings import Settings


@contextmanager
def opened(config: Path | None, url: str | None) -> Iterator[tuple[RecordLog, Settings]]:
    """The log of the settings, or the one named by ``url``; nothing else of the hub is opened."""
    settings = hub_settings.load(config)
    log = open_log(url or settings.log_url, SystemClock(), settings.kafka)
    try:
        yield log, settings
    finally:
        log.close()


log_option = click.option("--log", "url", metavar="URL", help="Another log than the settings': sqlite:///PATH.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group("topics", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """The topics of the record log. Without a verb: list them. May run beside `hub run`."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@log_option
@json_option
@click.pass_obj
def list_(config: Path | None, url: str | None = None, as_json: bool = False) -> None:
    """Every topic, declared or found: partitions, offsets in use, and whether it is as declared."""
    with opened(config, url) as (log, settings):
        rows = list(_rows(log, settings))
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    table = Table("topic", "partitions", "offsets in use", "state")
    for row in rows:
        table.add_row(row["topic"], str(row["partitions"]), f"{row['offsets']:,}", row["state"])
    console().print(table)


def _rows(log: RecordLog, settings: Settings) -> Iterator[dict[str, Any]]:
    wanted = {spec.name: spec.partitions for spec in declared(settings.partitions)}
    found = log.topics()
    for name in sorted(wanted.keys() | found.keys()):
        partitions = found.get(name, 0)
        offsets = sum(end - first for first, end in log.bounds(name).values()) if partitions else 0
        yield {
            "topic": name,
            "partitions": partitions,
            "offsets": offsets,
            "state": _state(partitions, wanted.get(name, 0)),
        }


def _state(found: int, wanted: int) -> str:
    if not wanted:
        return "not declared"
    if not found:
        return "missing"
    return "as declared" if found == wanted else f"{wanted} partitions declared"


@command.command("show")
@click.argument("name")
@log_option
@json_option
@click.pass_obj
def show(config: Path | None, name: str, url: str | None, as_json: bool) -> None:
    """The partitions of one topic: first offset kept, and the offset that comes next."""
    with opened(config, url) as (log, _):
        bounds = known(log, name)
    if as_json:
        for partition, (first, end) in bounds.items():
            click.echo(json.dumps({"topic": name, "partition": partition, "first": first, "end": end}))
        return
    table = Table("partition", "first offset", "next offset", title=name)
    for partition, (first, end) in bounds.items():
        table.add_row(str(partition), str(first), str(end))
    console().print(table)


def known(log: RecordLog, topic: str) -> dict[int, tuple[int, int]]:
    """A topic's bounds. Raises ``Misconfigured`` naming the topics that there are."""
    there = log.topics()
    if topic not in there:
        raise Misconfigured(f"no topic {topic!r} in this log", f"there are: {', '.join(there) or 'none yet'}")
    return log.bounds(topic)


@command.command("apply")
@log_option
@click.pass_obj
def apply(config: Path | None, url: str | None) -> None:
    """Create the declared topics that are missing. Never changes or deletes one."""
    with opened(config, url) as (log, settings):
        made = log.create(declared(settings.partitions))
    click.echo(f"{len(made)} created" + (f": {', '.join(made)}" if made else ", nothing was missing"))

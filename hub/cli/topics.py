"""``hub topics list|show|apply``: what the log holds, beside what is declared."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.cli._console import console
from hub.clock import SystemClock
from hub.errors import Misconfigured
from hub.logs import open_admin, open_log
from hub.logs.missing import missing_topics, uneven
from hub.ports import Difference, Grant, RecordLog
from hub.settings import Settings
from hub.topics.acls import granted
from hub.topics.declared import about, declared


@contextmanager
def opened(config: Path | None, url: str | None) -> Iterator[tuple[RecordLog, Settings]]:
    """The log of the settings, or the one named by ``url``, which then is the settings'; nothing else of the hub is
    opened."""
    settings = hub_settings.load(config)
    settings = settings.model_copy(update={"log_url": url or settings.log_url})
    log = open_log(settings.log_url, SystemClock(), settings.kafka)
    try:
        yield log, settings
    finally:
        log.close()


log_option = click.option("--log", "url", metavar="URL", help="Another log than the settings'.")
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
    wanted = {spec.name for spec in declared(settings.partitions)}
    found = log.topics()
    differing = differences(log, settings)
    for name in sorted(wanted | found.keys()):
        partitions = found.get(name, 0)
        offsets = sum(end - first for first, end in log.bounds(name).values()) if partitions else 0
        differs = [f"{one.what} {one.found}, not {one.wanted}" for one in differing if one.topic == name]
        state = "; ".join(differs) if name in found else "missing"
        yield {
            "topic": name,
            "partitions": partitions,
            "offsets": offsets,
            "state": (state or "as declared") if name in wanted else "not declared",
        }


def differences(log: RecordLog, settings: Settings) -> list[Difference]:
    """How the topics that are there differ from what is declared and set."""
    specs = declared(settings.partitions)
    found = uneven(log.topics(), specs)
    if admin := open_admin(settings.log_url, settings.kafka):
        with admin:
            found += admin.differences(specs)
    return found


@command.command("show")
@click.argument("name")
@log_option
@json_option
@click.pass_obj
def show(config: Path | None, name: str, url: str | None, as_json: bool) -> None:
    """The partitions of one topic: first offset kept, and the offset that comes next."""
    with opened(config, url) as (log, settings):
        bounds = known(log, name)
        ours = name in {spec.name for spec in declared(settings.partitions)}
    if as_json:
        for partition, (first, end) in bounds.items():
            click.echo(json.dumps({"topic": name, "partition": partition, "first": first, "end": end}))
        return
    table = Table("partition", "first offset", "next offset", title=f"{name}: {about(name)}" if ours else name)
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
@click.option("--acls", is_flag=True, help="Also grant what hub/topics/acls.toml declares; needs an administrator.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.pass_obj
def apply(config: Path | None, url: str | None, acls: bool, dry_run: bool) -> None:
    """Create the declared topics that are missing, and name those that differ. Never changes or deletes one."""
    with opened(config, url) as (log, settings):
        specs = declared(settings.partitions)
        if dry_run:
            _say("topics", "would be created", [spec.name for spec in missing_topics(log.topics(), specs)])
        else:
            _say("topics", "created", log.create(specs))
        for one in differences(log, settings):
            click.echo(f"left as it is: {one.topic} has {one.what} {one.found}, not {one.wanted}")
        if acls:
            grants = _grant(settings, dry_run)
            _say("grants", "would be added" if dry_run else "added", [_told(grant) for grant in grants])


def _say(things: str, done: str, names: Sequence[str]) -> None:
    click.echo(f"{len(names)} {things} {done}" + "".join(f"\n  {name}" for name in names))


def _grant(settings: Settings, dry_run: bool) -> list[Grant]:
    """Add the grants that are missing, unless it is a rehearsal, and return them."""
    admin = open_admin(settings.log_url, settings.kafka)
    if admin is None:
        raise Misconfigured("the embedded log grants nothing to anybody", "leave --acls out")
    with admin:
        missing = admin.missing(granted(settings.kafka.principals))
        if missing and not dry_run:
            admin.grant(missing)
    return missing


def _told(grant: Grant) -> str:
    return f"{grant.principal} may {grant.operation} {grant.resource} {grant.name}{'*' if grant.prefix else ''}"

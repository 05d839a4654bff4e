"""``hub topics list|show|apply``: compares the topics of the log with the declared ones, and creates missing ones."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.cli.shown.console import console
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
    """The log of the settings, or the log at ``url``, and the settings with its URL. Opens no other part of the hub."""
    settings = hub_settings.load(config)
    settings = settings.model_copy(update={"log_url": url or settings.log_url})
    log = open_log(settings.log_url, SystemClock(), settings.kafka)
    try:
        yield log, settings
    finally:
        log.close()


log_option = click.option("--log", "url", metavar="URL", help="URL of another log. [default: log_url of the settings]")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")


@click.group("topics", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """The topics of the record log. Without a subcommand: list them. `hub run` may run meanwhile."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@log_option
@json_option
@click.pass_obj
def list_(config: Path | None, url: str | None = None, as_json: bool = False) -> None:
    """List all declared and existing topics: partitions, offsets in use, and whether they are as declared."""
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
    """How the existing topics differ from the declarations and the settings. Raises as ``RecordLog`` does."""
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
    """Show the partitions of one topic: the first existing offset, and the next offset."""
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
    """The bounds of a topic: partition → (first offset, offset after the last). Raises ``Misconfigured`` when the log
    has no such topic."""
    there = log.topics()
    if topic not in there:
        raise Misconfigured(f"no topic {topic!r} in this log", f"there are: {', '.join(there) or 'none yet'}")
    return log.bounds(topic)


@command.command("apply")
@log_option
@click.option("--acls", is_flag=True, help="Also add the grants of hub/topics/acls.toml. Needs an administrator.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.pass_obj
def apply(config: Path | None, url: str | None, acls: bool, dry_run: bool) -> None:
    """Create the declared topics that are missing, and show those that differ. Never changes or deletes a topic."""
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
    """Add the missing grants, except in a dry run, and return them."""
    admin = open_admin(settings.log_url, settings.kafka)
    if admin is None:
        raise Misconfigured("the embedded log has no grants", "leave --acls out")
    with admin:
        missing = admin.missing(granted(settings.kafka.principals))
        if missing and not dry_run:
            admin.grant(missing)
    return missing


def _told(grant: Grant) -> str:
    return f"{grant.principal} may {grant.operation} {grant.resource} {grant.name}{'*' if grant.prefix else ''}"

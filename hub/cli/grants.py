"""``hub grants``: what the provider of each source allowed."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from hub import settings as hub_settings
from hub.bootstrap import reading
from hub.cli.shown.console import console
from hub.clock import SystemClock
from hub.connect.host.configured import Connectors
from hub.connect.host.granted import GrantFinding, compare
from hub.errors import HubError, Misconfigured
from hub.grants.grant import Grant, today
from hub.ingest.dropped import DroppedColumns
from hub.privacy.purposes import shipped
from hub.settings import Settings

JSON = click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")


@click.group("grants")
def command() -> None:
    """Sharing grants: what the provider of each source allowed (fields, purposes, ways, term, quota).

    They are in the file that the setting `grants` names, one table per source. A call beyond its grant is not made,
    and a column outside it is dropped before anything is written.
    """


@command.command("list")
@JSON
@click.pass_obj
def list_(config: Path | None, as_json: bool) -> None:
    """List the grants, the days until each ends, and the rows from which columns outside it were dropped."""
    settings = hub_settings.load(config)
    connectors, day = Connectors(settings, SystemClock()), today(SystemClock())
    dropped = _dropped(settings)
    if as_json:
        click.echo(json.dumps([_plain(one, day, dropped) for one in connectors.grants.values()], ensure_ascii=False))
        return
    table = Table("source", "approval", "provider", "ways", "until", "days left", "calls a day", "dropped columns")
    for one in connectors.grants.values():
        row = (one.source, one.approval, one.provider, ", ".join(sorted(one.ways)), str(one.until))
        quota = str(one.calls_a_day) if one.calls_a_day else "no number"
        told = "\n".join(f"{path}: {rows} rows" for path, rows in sorted(dropped.get(one.source, {}).items()))
        table.add_row(*map(escape, row), str(one.days_left(day)), quota, escape(told))
    console().print(table)
    for name in connectors.sources.keys() - connectors.grants.keys():
        click.echo(f"{name} has no grant: it is not called (`hub grants check`)")


@command.command("show")
@click.argument("source")
@JSON
@click.pass_obj
def show(config: Path | None, source: str, as_json: bool) -> None:
    """Show the whole grant of SOURCE."""
    settings = hub_settings.load(config)
    grants = Connectors(settings, SystemClock()).grants
    if source not in grants:
        raise Misconfigured(f"{source} has no grant", f"grants here: {', '.join(grants) or 'none'}")
    found = _plain(grants[source], today(SystemClock()), _dropped(settings))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    table = Table("key", Column("value", overflow="fold"), show_header=False)
    for key, value in found.items():
        table.add_row(key, escape(", ".join(map(str, value)) if isinstance(value, (list, dict)) else str(value)))
    console().print(table)


@command.command("check")
@JSON
@click.pass_obj
def check(config: Path | None, as_json: bool) -> None:
    """Check the grants against the settings, the purposes and what the connectors read.

    Exit 1 when the hub would make no call, or a grant names what there is not; other findings are for a person to look
    at.
    """
    connectors = Connectors(hub_settings.load(config), SystemClock())
    found = list(compare(connectors.grants, connectors.sources, shipped().names(), today(SystemClock())))
    for one in found:
        click.echo(json.dumps(one._asdict(), ensure_ascii=False) if as_json else _told(one))
    if not found and not as_json:
        click.echo(f"{len(connectors.grants)} grants, nothing to report")
    sys.exit(1 if any(one.grave for one in found) else 0)


def _told(one: GrantFinding) -> str:
    mark = click.style("BAD ", fg="red") if one.grave else click.style("LOOK", fg="yellow")
    return f"{mark} {one.source}{f'.{one.key}' if one.key else ''}: {one.told}\n     → {one.remedy}"


def _plain(grant: Grant, day: date, dropped: Mapping[str, Counter[str]]) -> dict[str, Any]:
    found = grant.model_dump(mode="json")
    lists = {name: sorted(value) for name, value in found.items() if isinstance(value, list)}
    return found | lists | {"days_left": grant.days_left(day), "dropped": dict(dropped.get(grant.source, {}))}


def _dropped(settings: Settings) -> dict[str, Counter[str]]:
    """What was dropped; nothing where there is no hub yet, or its store does not answer."""
    try:
        with reading(settings) as hub:
            return DroppedColumns(hub.store).all()
    except HubError:
        return {}

"""``hub connectors``: the installed connectors, the state of their feeds, and the operator's orders."""

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub, reading
from hub.cli.parts.again import reread
from hub.cli.parts.lint import lint, new, reference
from hub.cli.parts.looking import ask, probe_
from hub.cli.parts.reload import reload
from hub.cli.shown.console import console
from hub.cli.shown.far import done_of_total, ends_at
from hub.clock import in_china
from hub.connect.host.circuit import CLOSED
from hub.connect.host.registry import Installed, discover
from hub.delivery.status import ABSENT, SinkStatus, statuses
from hub.errors import Misconfigured
from hub.ingest.control import FAILED, PAUSED, RUNNING, STOPPED, UNASSIGNED, Order, Orders, Report, Reports
from hub.ingest.reload import Reloads
from hub.ingest.seen import StoredSeen
from hub.topics.cursors import newest

_TROUBLE = "trouble (times: China)"
_SOUND = (RUNNING, UNASSIGNED)
LOOK_UP_ONLY = "LOOK_UP_ONLY"
JSON = click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")


@click.group("connectors")
def command() -> None:
    """Connectors to outside systems: list them, show the state of each feed, pause or restart it.

    Orders are stored in the hub's store. A running hub carries them out within a second, a stopped hub when it
    starts.
    """


for _one in (new, lint, reference):
    command.add_command(_one)


@command.command("list")
@JSON
@click.pass_obj
def list_(config: Path | None, as_json: bool) -> None:
    """List every installed connector, and whether it is configured."""
    settings = hub_settings.load(config)
    installed = discover(settings.connectors_dir)
    found = [_described(name, one, name in settings.connectors) for name, one in installed.items()]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    table = Table("name", "configured", "direction", "transport", "kind", "assurance", "look-up by", "accepts", "title")
    for one in found:
        table.add_row(*(", ".join(value) if isinstance(value, list) else str(value) for value in one.values()))
    console().print(table)


def _described(name: str, installed: Installed | Misconfigured, configured: bool) -> dict[str, Any]:
    if isinstance(installed, Misconfigured):
        gaps = dict.fromkeys(("direction", "transport", "kind", "assurance"), "")
        return {"name": name, "configured": configured, **gaps, "lookup_by": [], "accepts": [], "title": str(installed)}
    info = installed.info
    return {
        "name": name,
        "configured": configured,
        "direction": info.direction,
        "transport": info.transport,
        "kind": info.kind,
        "assurance": info.assurance,
        "lookup_by": list(info.lookup_by),
        "accepts": list(info.accepts),
        "title": f"{info.title.zh} {info.title.en}",
    }


@command.command("status")
@click.argument("name", required=False)
@JSON
@click.pass_obj
def status(config: Path | None, name: str | None, as_json: bool) -> None:
    """Show the state of each source's feed, by its results: rows taken of those that the source has, rate, and when it
    will have them all; and what failed last. Likewise of each sink. Exit 1 when a feed has failed or is stale, or when
    a sink does not work.

    \b
    RUNNING     its fetches work (stale: no fetch worked for a minute)
    WAITING     its hours of calls are over, or its part of the day's quota is used: it continues at the time shown
    PAUSED      an operator paused it; cursor and connections stay
    STOPPED     an operator stopped it; its cursor may be set
    FAILED      an error that does not pass with time; retried with back-off
    RESTARTING  it is starting again
    UNASSIGNED  no hub process runs it
    LOOK_UP_ONLY  its grant allows no feed: it is only asked
    STALE       (a sink) its stage has made no step for a minute
    ABSENT      (a sink) pieces wait for it, and it is not in the settings
    """
    sound = True
    with reading(hub_settings.load(config)) as hub:
        reports, reloads = Reports(hub.store, hub.clock), Reloads(hub.store, hub.clock)
        every = statuses(hub.store, hub.clock, hub.connectors.sinks)
        sinks = [one for one in every if name in (None, one.name) and (one.waiting or one.state != ABSENT)]
        sound &= all(one.state in _SOUND for one in sinks)
        shown = []
        for source in [hub.connectors.source(name)] if name and not sinks else () if name else hub.connectors.sources:
            report = reports.get(source) or Report(source, UNASSIGNED)
            if source not in hub.connectors.feeds:
                report.state = LOOK_UP_ONLY
            if reloads.differ(source):
                told = f"the running hubs have different settings: `hub connectors reload {source}`"
                report.trouble = f"{report.trouble}; {told}" if report.trouble else told
            stale = reports.stale(report)
            sound &= not stale and report.state != FAILED
            shown.append((report, stale))
        _show_status(shown, sinks, hub.clock.process_ms(), as_json)
    sys.exit(0 if sound else 1)


def _show_status(shown: list[tuple[Report, bool]], sinks: Sequence[SinkStatus], now_ms: int, as_json: bool) -> None:
    if as_json:
        shapes = [*(_connect_shape(*one) for one in shown), *map(_sink_shape, sinks)]
        click.echo(json.dumps(shapes, ensure_ascii=False))
        return
    if shown:
        _show_sources(shown, now_ms)
    if sinks:
        _show_sinks(sinks)
    if not shown and not sinks:
        click.echo("no source and no sink is configured: `hub connectors list` shows what can be")


def _show_sinks(sinks: Sequence[SinkStatus]) -> None:
    table = Table("sink", "state", "pieces waiting", "failing", Column(_TROUBLE, overflow="fold"))
    for one in sinks:
        table.add_row(one.name, one.state, str(one.waiting), str(one.failing), escape(_sink_trouble(one)))
    console().print(table)


def _sink_trouble(one: SinkStatus) -> str:
    """What fails now, or what failed last, when and for which application."""
    if one.stage_trouble or not one.trouble:
        return one.stage_trouble
    return f"{'' if one.failing else 'over; '}last at {in_china(one.trouble_ms)}, application {one.case_id}: {one.told}"


def _sink_shape(one: SinkStatus) -> dict[str, Any]:
    """As ``_connect_shape``, for a sink."""
    where = {"state": one.state, "worker_id": one.worker}
    task = {"id": 0, **where, **({"trace": one.stage_trouble} if one.stage_trouble else {})}
    progress = {key: value for key, value in one._asdict().items() if key not in ("name", "state", "worker")}
    return {"name": one.name, "connector": where, "tasks": [task], "type": "sink", "progress": progress}


def _show_sources(shown: list[tuple[Report, bool]], now_ms: int) -> None:
    counts = ("rows", "rows/s", "ends", "last fetch", "behind for", "quota left")
    table = Table("name", "state", *counts, Column(_TROUBLE, overflow="fold"))
    for report, stale in shown:
        table.add_row(
            report.name,
            f"{report.state} (stale)" if stale else report.state,
            done_of_total(report),
            "" if report.rate_per_s is None else f"{report.rate_per_s:.0f}",
            ends_at(report, now_ms),
            _age(report.fetched_ms, now_ms),
            _age(report.behind_ms, now_ms),
            "" if report.quota_left is None else str(report.quota_left),
            escape(_trouble(report)),
        )
    console().print(table)


def _trouble(report: Report) -> str:
    """What fails now, or what failed last and when."""
    if report.failures > 1 or report.circuit != CLOSED:
        return f"{report.trouble} ({report.failures} failures, circuit {report.circuit})"
    if report.trouble or not report.last_trouble:
        return report.trouble
    return f"over; last at {in_china(report.last_trouble_ms)}: {report.last_trouble}"


def _connect_shape(report: Report, stale: bool) -> dict[str, Any]:
    """The JSON shape of Kafka Connect's ``GET /connectors/{name}/status``, with a ``progress`` object."""
    where = {"state": report.state, "worker_id": report.worker}
    task = {"id": 0, **where, **({"trace": report.trace} if report.trace else {})}
    progress = {key: value for key, value in asdict(report).items() if key not in ("name", "state", "worker", "trace")}
    shape = {"name": report.name, "connector": where, "tasks": [task], "type": "source"}
    return shape | {"stale": stale, "progress": progress | {"left_s": report.left_s}}


def _age(then_ms: int, now_ms: int) -> str:
    return f"{max(0, now_ms - then_ms) / 1000:.0f} s" if then_ms else ""


def _ordering(verb: str, wanted: str, words: str) -> click.Command:
    @click.argument("name")
    @click.pass_obj
    def order(config: Path | None, name: str) -> None:
        with _open(config) as hub:
            Orders(hub.store).want(hub.connectors.source(name), wanted)
        click.echo(f"{name}: {wanted} ordered")

    return click.command(verb, help=words)(order)


command.add_command(_ordering("pause", PAUSED, "Fetch no more pages of NAME. Its cursor and its connections stay."))
command.add_command(_ordering("resume", RUNNING, "Continue NAME after a pause or stop."))
command.add_command(_ordering("stop", STOPPED, "Stop NAME and close its connections. Its cursor may then be set."))


@command.command("restart")
@click.argument("name")
@click.pass_obj
def restart(config: Path | None, name: str) -> None:
    """Start NAME again from its last durable cursor, with new connections. Also starts a paused or stopped one."""
    with _open(config) as hub:
        Orders(hub.store).restart(hub.connectors.source(name))
    click.echo(f"{name}: restart ordered")


@command.command("offsets")
@click.argument("name")
@click.option("--set", "wish", metavar="JSON", help="Continue at this cursor. Only while stopped.")
@click.option(
    "--reset",
    is_flag=True,
    help="Continue at the beginning. Only while stopped. Rows that come again have the same ids.",
)
@click.option("--forget", is_flag=True, help="Also delete the memory of seen rows, so that unchanged rows come again.")
@JSON
@click.pass_obj
def offsets(config: Path | None, name: str, wish: str | None, reset: bool, forget: bool, as_json: bool) -> None:
    """Show or set the cursor of NAME's feed."""
    if wish is not None and reset:
        raise click.UsageError("--set and --reset exclude each other")
    settings = hub_settings.load(config)
    writes = wish is not None or reset or forget
    with closing(open_hub(settings)) if writes else reading(settings) as hub:
        source, orders = hub.connectors.source(name), Orders(hub.store)
        if writes:
            _refuse_unless_stopped(hub, source, orders.get(source))
        if wish is not None or reset:
            orders.move(source, None if reset else _cursor(wish or ""))
        if forget:
            StoredSeen(hub.store, hub.seen_key).forget(source)
        _show_offsets(source, newest(hub.log, source), orders.get(source), as_json)


def _refuse_unless_stopped(hub: Hub, name: str, order: Order) -> None:
    report = Reports(hub.store, hub.clock).get(name)
    if order.wanted != STOPPED or (report and report.state not in (STOPPED, UNASSIGNED)):
        raise Misconfigured(f"{name} is not stopped", f"run `hub connectors stop {name}` first, and see its status")


def _cursor(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise click.UsageError("--set needs a JSON object, as `hub connectors offsets NAME --json` shows it")
    return value


def _show_offsets(name: str, cursor: Any, order: Order, as_json: bool) -> None:
    wished = {} if order.cursor is None else {"next": json.loads(order.cursor)}
    if as_json:
        click.echo(json.dumps({"name": name, "cursor": cursor, **wished}, ensure_ascii=False))
        return
    click.echo(f"{name}: {json.dumps(cursor, ensure_ascii=False) if cursor else 'at the beginning'}")
    if wished:
        click.echo(f"  set for its next start: {json.dumps(wished['next'], ensure_ascii=False)}")


command.add_command(probe_)
command.add_command(ask)
command.add_command(reread)
command.add_command(reload)


def _open(config: Path | None) -> closing[Hub]:
    return closing(open_hub(hub_settings.load(config)))

"""``hub rebuild``: makes the projections again from the topics, compares, and names each row that differs."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub, reading
from hub.cli.shown.console import console
from hub.pipeline import rebuild
from hub.pipeline.rebuild import Comparison
from hub.stores.database import Database
from hub.stores.migrate import STORE

Progressed = Callable[[str, int], None]


@click.command("rebuild")
@click.option("--check", is_flag=True, help="Only compare; the default.")
@click.option("--replace", is_flag=True, help="Replace the live tables by the rebuilt ones. Stop the hub first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def command(config: Path | None, check: bool, replace: bool, as_json: bool) -> None:
    """Make all projections again from the topics, and compare them with the tables by a canonical hash of each table.

    Each row that differs is named by table and primary key. A hub may run meanwhile: this command reads one snapshot,
    and writes to a temporary database. Events that the relay has not published yet are read from the outbox. No event
    is published.

    Exit 1 when a row differs.
    """
    if check and replace:
        raise click.UsageError("either --check or --replace")
    settings = hub_settings.load(config)
    with (
        closing(open_hub(settings)) if replace else reading(settings) as hub,
        tempfile.TemporaryDirectory(prefix="hub-rebuild-") as folder,
        _progress() as progress,
    ):
        found = _run(hub, f"sqlite:///{folder}/rebuilt.db", replace, progress)
    _show_json(found) if as_json else _show(found, replace)
    if not all(one.equal for one in found):
        raise click.exceptions.Exit(1)


def _run(hub: Hub, url: str, replace: bool, progress: Progressed) -> list[Comparison]:
    STORE.upgrade(url, hub.procedures.tables)
    fresh = Database(url)
    try:
        with hub.store.read() as live:
            stops = rebuild.rebuild(hub.log, live, fresh, hub.procedures, progress)
            with fresh.read() as rebuilt:
                found = rebuild.compare(live, rebuilt, hub.procedures)
        if replace:
            with fresh.read() as rebuilt:
                rebuild.replace(hub.log, hub.store, rebuilt, stops, hub.procedures)
            hub.begin_positions_again()
            rebuild.hear_again(hub.store, hub.log, hub.journal)
        return found
    finally:
        fresh.close()


@contextmanager
def _progress() -> Iterator[Progressed]:
    """A line of progress on standard error, if that is a terminal."""
    out = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,} messages"))
    with Progress(*columns, TimeElapsedColumn(), console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("replaying", total=None)
        yield lambda topic, count: bar.update(task, description=topic, advance=count)


def _show(found: list[Comparison], replaced: bool) -> None:
    table = Table("table", "rows", "rebuilt", "hash of the topics", "")
    for one in found:
        verdict = "[green]equal[/]" if one.equal else f"[red]{one.differing} differ[/]"
        table.add_row(one.table, f"{one.live_rows:,}", f"{one.rebuilt_rows:,}", one.rebuilt_hash[:16], verdict)
    out = console()
    out.print(table)
    for one in found:
        for row in one.differences:
            columns = f" ({', '.join(row.columns)})" if row.columns else ""
            out.print(f"{row.what} {row.table} {row.key}{columns}", highlight=False, soft_wrap=True)
        if one.differing > len(one.differences):
            out.print(f"… and {one.differing - len(one.differences)} more in {one.table}")
    if replaced:
        out.print("The live tables were replaced.")


def _show_json(found: list[Comparison]) -> None:
    tables = [
        {
            "table": one.table,
            "equal": one.equal,
            "rows": one.live_rows,
            "rebuilt_rows": one.rebuilt_rows,
            "hash": one.live_hash,
            "rebuilt_hash": one.rebuilt_hash,
            "differing": one.differing,
            "differences": [row._asdict() for row in one.differences],
        }
        for one in found
    ]
    click.echo(json.dumps({"equal": all(one.equal for one in found), "tables": tables}))

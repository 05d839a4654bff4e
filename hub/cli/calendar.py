"""``hub calendar import|show``: the working days that dates are counted by."""

import json
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import open_hub, reading
from hub.cases import notices
from hub.cases.calendar import china_day
from hub.cases.imports.notice import NOTICE_BYTES_MAX
from hub.cases.imports.notices import Notices
from hub.cases.times import iso
from hub.cli.parts.applications import by_user
from hub.cli.shown.console import console
from hub.clock import in_china


@click.group("calendar")
def command() -> None:
    """The working days that dates are counted by: those that this release knows, and imported notices."""


@command.command("import")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def import_(config: Path | None, file: Any) -> None:
    """Import a notice about the working days of a year from FILE (TOML), as soon as it is published or changed.

    The dates of all cases that have counted a changed day, and are not over, are then computed again by `hub run`, and
    the connection system is told. The same file again changes nothing.
    """
    content = file.read(NOTICE_BYTES_MAX + 1)
    hub = open_hub(hub_settings.load(config))
    try:
        done = Notices(hub.store, hub.journal).import_file(content, by_user())
    finally:
        hub.close()
    click.echo(f"{'imported' if done.created else 'imported before'}: {done.version}, import {done.edition}")


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(config: Path | None, as_json: bool) -> None:
    """The imported notices, and until when working days are known."""
    with reading(hub_settings.load(config)) as hub:
        with hub.store.read() as connection:
            rows, calendar = notices.rows(connection), notices.calendar(connection)
        until = calendar.known_until(china_day(hub.clock.now()))
    if as_json:
        imports = [_plain(row) for row in rows]
        click.echo(json.dumps({"known_until": until.isoformat(), "imports": imports}, ensure_ascii=False))
        return
    table = Table("import", "year", "version", "source", "imported (China)", "by")
    for row in rows:
        cells = (str(row.edition), str(row.year), row.version, row.source, in_china(row.imported_ms), row.principal)
        table.add_row(*map(escape, cells))
    console().print(table)
    click.echo(f"working days are known until {until}; later dates are provisional")


def _plain(row: Any) -> dict[str, Any]:
    """A notice as JSON: its days as the notice gives them, one by one; the time in UTC."""
    copied = ("edition", "year", "version", "source", "digest", "changed_from", "changed_to")
    listed = {name: json.loads(getattr(row, name)) for name in ("days_off", "make_up_days")}
    values = {name: getattr(row, name) for name in copied}
    return {**values, **listed, "imported_at": iso(row.imported_ms), "by": row.principal}

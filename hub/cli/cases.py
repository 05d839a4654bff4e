"""``hub cases list|show``: cases of every procedure that is installed."""

import json
from pathlib import Path

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import reading
from hub.cases import views
from hub.cases.procedure import installed
from hub.cli.shown.console import console
from hub.cli.shown.moments import shown_in_china
from hub.errors import RecordRejected


@click.group("cases")
def command() -> None:
    """Cases of every procedure: what was decided for which sink, and how it ended.

    A procedure shows the reasons of its cases in words with its own verb, for example `hub application show`.
    """


@command.command("list")
@click.option("--procedure", type=click.Choice([one.name for one in installed()]), help="Only of this procedure.")
@click.option("--after", default="", help="Continue after this case, the last of the page before.")
@click.option("--limit", type=click.IntRange(1, views.LIST_MAX), default=50, show_default=True, help="Largest number.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def list_(config: Path | None, procedure: str | None, after: str, limit: int, as_json: bool) -> None:
    """Cases, newest first."""
    with reading(hub_settings.load(config)) as hub, hub.store.read() as connection:
        found = views.listing(connection, procedure or "", _id(after) if after else b"", limit)
    table = Table("case", "procedure", "state", "opened (China)", "events", "pieces")
    for one in found:
        if as_json:
            click.echo(json.dumps(one))
        states = ", ".join(f"{piece['sink']}/{piece['kind']} {piece['state']}" for piece in one["pieces"])
        table.add_row(
            one["case_id"], one["procedure"], one["state"], shown_in_china(one["opened_at"]), str(one["events"]), states
        )
    if not as_json:
        console().print(table)


@command.command("show")
@click.argument("case_id")
@click.pass_obj
def show(config: Path | None, case_id: str) -> None:
    """One case as JSON. CASE_ID is its id in hexadecimal."""
    with reading(hub_settings.load(config)) as hub, hub.store.read() as connection:
        click.echo(json.dumps(views.one(connection, _id(case_id)), indent=1))


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise RecordRejected("NO_SUCH_CASE", detail="an id is 32 hexadecimal digits") from None

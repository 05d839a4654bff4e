"""``hub application steps``: what the utility reported of one application, with what only its records hold."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from hub import settings as hub_settings
from hub.bootstrap import open_hub
from hub.cases import reasons
from hub.cases.steps.judge import Why
from hub.cases.steps.words import WORDS
from hub.cli.parts.applications import Direct, or_leave
from hub.cli.parts.named import Which, named
from hub.cli.shown.console import console
from hub.cli.shown.moments import TIME, shown_in_china

Json = dict[str, Any]
_TITLES = {
    "manager": "客户经理 manager",
    "grid": "网格 grid",
    "appointment_at": "预约 appointment",
    "contract_signed_at": "合同签订 contract signed",
    "meter_no": "电表 meter",
    "first_reading_at": "首次抄表 first read",
    "first_reading": "首次示数 first reading (kWh)",
}


@click.command("steps")
@named
@click.option("--person", required=True, help="Your name; it is recorded, sealed, that you looked.")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object per line.")
@click.pass_obj
def steps(config: Path | None, which: Which, person: str, as_json: bool) -> None:
    """Every step that the utility reported of one application, by its time, with its verdict: COUNTED or why not.

    Also what the step says beside its time: the customer manager, the grid, the appointment, when the contract was
    signed, the meter and its first reading. These are in the sealed records only, and are opened here; what was erased
    says so. That you looked is recorded with --person and the application's purpose. The API shows them to no one: the
    command uses the log and the store of the settings. Exit 1 when there is no such application.
    """
    with closing(open_hub(hub_settings.load(config))) as hub:
        to = Direct(hub)
        found = or_leave(lambda: to.steps(which.at(to), person))
    if as_json:
        for one in found:
            click.echo(json.dumps(one, ensure_ascii=False))
    elif found:
        console().print(table(found))
    else:
        click.echo("no step was reported")


def table(found: Sequence[Json]) -> Table:
    """The steps for people."""
    shown = Table("segment", "action", TIME, "verdict", Column("details", overflow="fold"))
    for one in found:
        cells = one["segment"] or "", one["action"], shown_in_china(one["at"]), _verdict(one), "\n".join(_details(one))
        shown.add_row(*map(escape, cells))
    return shown


def _verdict(one: Json) -> str:
    late = ", received late" if one["late"] else ""
    if one["why"] is None:
        return f"{one['state']}{late}"
    words = WORDS[Why(one["why"])].words
    return f"{one['state']}{late}: {words.zh} {words.en} ({one['why']})"


def _details(one: Json) -> Iterator[str]:
    """What the record says, a line for each; or why it does not open."""
    if problem := one["problem"]:
        words = reasons.words(problem)
        yield f"{words.zh} {words.en} ({problem})"
    for name, title in _TITLES.items():
        if (said := one[name]) is not None:
            yield f"{title}: {shown_in_china(said) if name.endswith('_at') else said}"

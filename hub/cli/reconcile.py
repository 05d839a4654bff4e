"""``hub reconcile SOURCE --date D``: compares a source's own list of one day with what the hub has."""

import csv
import json
import sys
from datetime import datetime
from pathlib import Path

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import reading
from hub.cli.shown.console import console
from hub.cli.shown.files import opened
from hub.pipeline.reconcile import MISSING, PENDING, REJECTED, UNCHANGED, VERIFIED, Reconciliation, reconcile
from hub.records.rules import CODES

_CHINESE = {MISSING: "枢纽未收到", PENDING: "待处理", VERIFIED: "核验通过", REJECTED: "拒收", UNCHANGED: "无变化"}


@click.command("reconcile")
@click.argument("source")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day at the source, Beijing time."
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path),
    help="Write each key with its state and the reason in Chinese; - is standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON.")
@click.pass_obj
def command(config: Path | None, source: str, day: datetime, csv_file: Path | None, as_json: bool) -> None:
    """Compare the keys that SOURCE changed on a day with what the hub received, verified and rejected.

    Exit 1 when a key is missing in the hub. The CSV file holds the source's own keys. It is meant for the department
    that owns the source, to correct its data.
    """
    with reading(hub_settings.load(config)) as hub:
        account = reconcile(source, day.date(), hub.parts)
    if csv_file:
        _write(account, csv_file)
    if as_json:
        click.echo(json.dumps(_counts(account)))
    elif str(csv_file) != "-":
        _show(account)
    sys.exit(0 if account.complete else 1)


def _counts(account: Reconciliation) -> dict[str, object]:
    return {
        "source": account.source,
        "date": account.day.isoformat(),
        "grant": account.grant,
        "at_source": len(account.lines),
        **{state: account.count(state) for state in (VERIFIED, REJECTED, UNCHANGED, PENDING, MISSING)},
        "unreadable": account.unreadable,
        "revised": account.revised,
        "readings": account.readings,
    }


def _show(account: Reconciliation) -> None:
    table = Table(*_counts(account))
    table.add_row(*(str(value) for value in _counts(account).values()))
    console().print(table)
    if account.unreadable and not account.complete:
        click.echo(
            f"{account.unreadable} rows received since that day have no readable key: a missing key may belong to one "
            "of them (`hub rejected list`)"
        )
    if not account.complete:
        click.echo(
            f"{account.count(MISSING)} keys are missing: list them with --csv FILE, "
            f"then read them again: `hub connectors reread {account.source} --keys KEY,KEY` (the part before #)"
        )


def _write(account: Reconciliation, file: Path) -> None:
    with opened(file, "utf-8-sig") as stream:
        rows = csv.writer(stream)
        rows.writerow(("主键 key", "状态 state", "代码 code", "原因 reason"))
        for line in account.lines:
            rows.writerow((line.key, _CHINESE[line.state], line.code, CODES[line.code].chinese if line.code else ""))

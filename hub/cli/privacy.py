"""``hub privacy``: erases what is not needed any more."""

import json
from pathlib import Path

import click
from rich.table import Table

from hub.cli.parts.jobs import job_hub
from hub.cli.shown.console import console
from hub.pipeline.unused.erase import Erasure, erase_unused


@click.group("privacy")
def command() -> None:
    """Personal data that is not needed any more."""


@command.command("erase-unused")
@click.option("--dry-run", is_flag=True, help="Only count what would be erased.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def erase(config: Path | None, dry_run: bool, as_json: bool) -> None:
    """Erase records that no application used, after the days that their source's grant states (`erase_after_days`).

    A record stays while it is younger, while an application used it or can find it, and while its source has no grant.
    Of the others the keys are destroyed: they cannot be opened or found again. Topics, counts and proofs stay as they
    are. Keys of people and enterprises that something else needs stay too.

    It may run while the hub runs. The hub does it by itself once a day (`hub run --list`, stage erase).
    """
    with job_hub(config, dry_run) as hub:
        done = erase_unused(hub.parts, dry_run)
    if as_json:
        lines = [{"source": source, "kind": kind, "records": count} for (source, kind), count in done.erased.items()]
        click.echo(json.dumps({"dry_run": dry_run, "erased": lines, "keys": done.subjects}, ensure_ascii=False))
        return
    _show(done, dry_run)


def _show(done: Erasure, dry_run: bool) -> None:
    would = "would be erased" if dry_run else "erased"
    table = Table("source", "kind", would, "over its term, and needed")
    for source, kind in sorted({*done.erased, *done.stayed}):
        table.add_row(source, kind, str(done.erased[source, kind]), str(done.stayed.get((source, kind), 0)))
    console().print(table)
    click.echo(f"{done.subjects} keys {would}")

"""``hub connectors reread``: rows that are read from their source again, beside its feed."""

import json
import sys
from contextlib import closing
from pathlib import Path

import click

from hub.cli.parts.jobs import job_hub, progress_line
from hub.cli.shown.moments import MOMENT
from hub.pipeline.again.reread import Reread
from hub.pipeline.again.reread import reread as read_again
from hub.ports import Extent

KEYS_MAX = 100_000
"""Most keys of one command."""


@click.command("reread")
@click.argument("name")
@click.option(
    "--keys",
    multiple=True,
    metavar="KEYS",
    help="Keys of rows at the source, separated by commas; - reads one key a line from standard input.",
)
@click.option("--since", type=MOMENT, help="Rows that the source changed at or after this time, China's time.")
@click.option("--until", type=MOMENT, help="Rows that the source changed before this time, China's time.")
@click.option("--dry-run", is_flag=True, help="Read, and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def reread(
    config: Path | None,
    name: str,
    keys: tuple[str, ...],
    since: int | None,
    until: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read chosen rows of NAME again, beside its feed: its cursor stays where it is.

    For rows that the hub missed (`hub reconcile` names them), and for rows that the owner corrected without a new time.
    What the hub has already is not sent again. Each page is one call of the source's quota. Exit 1 when the source does
    not have one of the keys. It is safe to run the command again after it was interrupted. It needs no running hub;
    with the embedded log, stop `hub run` first.
    """
    extent = Extent(_keys(keys), since, until)
    if bool(extent.keys) == (since is not None or until is not None):
        raise click.UsageError("name either --keys, or --since and --until, or one of these two")
    with (
        job_hub(config, dry_run) as hub,
        closing(hub.connectors.open_source(name)) as source,
        progress_line("asking the source") as tell,
    ):
        done = read_again(hub.parts, source, extent, dry_run, lambda so_far: tell(f"{so_far.read} read"))
    _show(done, dry_run, as_json)
    click.get_current_context().exit(1 if done.missing else 0)


def _keys(given: tuple[str, ...]) -> tuple[str, ...]:
    words = [word.strip() for text in given for word in _words(text)]
    keys = tuple(dict.fromkeys(word for word in words if word))
    if len(keys) > KEYS_MAX:
        raise click.UsageError(f"{len(keys)} keys; one command takes {KEYS_MAX}: use --since and --until")
    return keys


def _words(text: str) -> list[str]:
    return sys.stdin.read().splitlines() if text == "-" else text.split(",")


def _show(done: Reread, dry_run: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**done._asdict(), "dry_run": dry_run}))
        return
    sent = "would be sent" if dry_run else "sent"
    click.echo(f"{done.read} rows read: {done.sent} {sent}, {done.unchanged} unchanged")
    if done.missing:
        click.echo(f"{done.missing} keys are not in the source now")

"""``hub records``: what the hub has of the records of its sources, and mapping them again."""

import json
from contextlib import closing
from pathlib import Path

import click

from hub import settings as hub_settings
from hub.bootstrap import reading
from hub.cli.parts.jobs import job_hub, progress_line
from hub.cli.shown.entity import plain, plain_files, show_entity, show_files
from hub.cli.shown.moments import MOMENT
from hub.operate.entity import entity
from hub.operate.filed import files
from hub.pipeline.again.remap import Chosen, Remap, Remapped
from hub.records.rules import CODES

_ID_BYTES = 16


def _id(_: click.Context, __: click.Parameter, text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _ID_BYTES:
        raise click.BadParameter(f"{text!r} is no id: {2 * _ID_BYTES} hexadecimal digits")
    return found


@click.group("records")
def command() -> None:
    """Records: what is known of one thing, and mapping records again after a mapping or a code table was corrected."""


@command.command("remap")
@click.option("--source", required=True, metavar="NAME", help="Name of the connector.")
@click.option("--code", default="", help="Only records whose newest verdict is a rejection with this reason code.")
@click.option("--since", type=MOMENT, help="Only records with a verdict at or after this time, China's time.")
@click.option("--dry-run", is_flag=True, help="Only count the records.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def remap(config: Path | None, source: str, code: str, since: int | None, dry_run: bool, as_json: bool) -> None:
    """Map records again from their sealed originals, by the mapping and the code tables in force. The source is not
    asked.

    \b
    1. correct mapping.toml or codes.csv of the connector
    2. hub connectors reload NAME
    3. hub records remap --source NAME --code STATUS_UNKNOWN --dry-run, then without --dry-run

    A record keeps its id, and gets a new reading and a new verdict; it is not counted as received again. Of one that an
    application has used, the connection system gets the new reading. Nothing is sent for a record that is mapped as
    before. One that only the former mapping can read stays as it is: exit 1. It is safe to run the command again after
    it was interrupted. It needs no running hub; with the embedded log, stop `hub run` first.
    """
    if code and code not in CODES:
        raise click.UsageError(f"no reason code {code!r}: see docs/codes.md, or `hub check --list-codes`")
    with (
        job_hub(config, dry_run) as hub,
        closing(hub.connectors.open_source(source)) as opened,
        progress_line("reading topics") as tell,
    ):
        job = Remap(hub.parts, opened)
        done = job.run(Chosen(code, since or 0), dry_run, lambda so_far: tell(f"{so_far.sent} sent"))
    _show(done, dry_run, as_json)
    click.get_current_context().exit(1 if done.worse else 0)


@command.command("show")
@click.argument("wanted", metavar="ID", callback=_id)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(config: Path | None, wanted: bytes, as_json: bool) -> None:
    """Show what is known of one thing: ID is the id of one of its current records, or its entity id (the key on its
    topics), in hexadecimal digits.

    The same title may come from a district and from its city: both records stay, and for each field the highest
    authority that states it is shown (setting `authorities`). Personal values are shown by their form only, 津(2021)
    as 字(9999). Of a licence whose file the archive may have, state, size and digest of the file are shown too. Nothing
    is written. Exit 1 when there is no such current record.
    """
    with reading(hub_settings.load(config)) as hub:
        found = entity(hub.store, hub.log, hub.opener, hub.authorities, wanted)
        ids = [one.record_id for one in found.records] if found else []
        filed = files(hub.store, hub.log, hub.opener, ids)
    if found is None:
        raise click.ClickException(f"no current record and no entity has the id {wanted.hex()}")
    if as_json:
        click.echo(json.dumps({**plain(found), "files": plain_files(filed)}, ensure_ascii=False))
    else:
        show_entity(found)
        show_files(filed)


def _show(done: Remapped, dry_run: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**done._asdict(), "dry_run": dry_run}))
        return
    would = "would be " if dry_run else ""
    click.echo(
        f"{done.sent} mapped otherwise and {would}sent, {done.unchanged} mapped as before, {done.erased} erased, "
        f"{done.lost} without an original"
    )
    if done.worse:
        click.echo(
            f"{done.worse} left as they are: only the former mapping can read them — see the connector's mapping with "
            "`hub connectors probe NAME`"
        )

"""``hub rejected list|show|waiting|redrive``: the rejected records, their reasons, those that wait for another record,
and sending rejected ones through verify again."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table
from sqlalchemy import select

from hub import settings as hub_settings
from hub.bootstrap import Hub, reading
from hub.cases.times import iso
from hub.cli.parts.jobs import job_hub, progress_line
from hub.cli.shown.console import console
from hub.cli.shown.moments import MOMENT, TIME
from hub.clock import in_china
from hub.operate.held import held
from hub.pipeline.redrive import OUTSIDE, Filter, Redrive, Rejection, open_rejections, read_rejections
from hub.ports import Batch
from hub.records.kinds import KINDS, find_kind
from hub.records.rules import CODES
from hub.records.tables import tally

_TOPICS = [f"{kind}.rejected" for kind in KINDS]
_RECORD_ID = re.compile("[0-9A-Fa-f]{32}")
FILTERS = [
    click.option("--kind", help="licence.business, or just business."),
    click.option("--source", default="", help="Name of the connector."),
    click.option("--code", default="", help="Reason code (docs/codes.md)."),
    click.option("--id", "record_id", default="", metavar="HEX", help="Only this record id."),
    click.option("--since", type=MOMENT, help="Rejected at or after this time, China's time."),
]


def _filtered(function: Any) -> Any:
    for option in reversed(FILTERS):
        function = option(function)
    return function


def _filter(hub: Hub, kind: str | None, source: str, code: str, record_id: str, since: int | None) -> Filter:
    """The filter. A name that means nothing here is an error: an empty answer would look like good news."""
    found = find_kind(kind) if kind else None
    if kind and not found:
        raise click.UsageError(f"no kind {kind!r}; there are {', '.join(KINDS)}")
    if source and source not in (known := _sources(hub)):
        raise click.UsageError(f"no source {source!r}; there are {', '.join(known)}")
    if code and code not in CODES:
        raise click.UsageError(f"no reason code {code!r}: see docs/codes.md, or `hub check --list-codes`")
    if record_id and not _RECORD_ID.fullmatch(record_id):
        raise click.UsageError(f"{record_id!r} is no record id: 32 hexadecimal digits")
    return Filter(found.name if found else "", source, code, record_id.lower(), since or 0)


def _sources(hub: Hub) -> list[str]:
    """The configured sources, and those that records came from before."""
    with hub.store.read() as connection:
        seen = connection.execute(select(tally.c.source).distinct()).scalars()
        return sorted({*hub.connectors.sources, *seen, OUTSIDE})


@click.group("rejected")
def command() -> None:
    """Rejected records: list them, show the reasons, and send them through again when the cause is fixed.

    No personal value is shown, only the open part, the reason codes and the names of the fields.
    """


@command.command("list")
@_filtered
@click.option("--limit", default=50, show_default=True, help="Largest number of rows; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def list_(config: Path | None, /, limit: int, as_json: bool, **wanted: Any) -> None:
    """List the rejections that are still open, with all reasons, in the order of their topics; then count each reason.

    A rejection is open until its record is verified, or the source sends a later content of the row. `hub replay
    TOPIC` shows all rejections there ever were.
    """
    counts: Counter[str] = Counter()
    table = Table("topic/partition/offset", TIME, "source", "attempt", Column("reasons", overflow="fold"))
    total = 0
    with reading(hub_settings.load(config)) as hub:
        for one in open_rejections(hub.log, hub.store, _filter(hub, **wanted)):
            counts.update(reason["code"] for reason in one.reasons)
            total += 1
            if limit and total > limit:
                continue
            if as_json:
                click.echo(json.dumps(_plain(one), ensure_ascii=False))
            else:
                cells = (one.place, in_china(one.timestamp_ms), one.source, str(one.attempt), _reasons(one))
                table.add_row(*map(escape, cells))
    if not as_json:
        _print_list(table, total, counts)


def _print_list(table: Table, total: int, counts: Counter[str]) -> None:
    out = console()
    if not total:
        out.print("no rejection is open · 没有待处理的拒收记录")
        return
    out.print(table)
    if total > table.row_count:
        out.print(f"{total - table.row_count} more: --limit 0 lists all", highlight=False)
    for code, count in counts.most_common():
        out.print(f"{count:8}  {escape(code):20} {_words(code)}", highlight=False)


def _words(code: str) -> str:
    """The words of a code; a package that is not installed may have published it."""
    return f"{CODES[code].chinese} · {CODES[code].english}" if code in CODES else "·"


@command.command("show")
@click.argument("place", metavar="TOPIC/PARTITION/OFFSET")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(config: Path | None, place: str, as_json: bool) -> None:
    """Show one rejected record: its source, and its reasons in words with the clause."""
    topic, partition, offset = _place(place)
    if topic not in _TOPICS:
        raise click.UsageError(f"{topic!r} is no topic of rejected records; there are {', '.join(_TOPICS)}")
    with reading(hub_settings.load(config)) as hub:
        found = _find(hub, topic, partition, offset)
    if as_json:
        click.echo(json.dumps(_plain(found), ensure_ascii=False))
        return
    click.echo(
        f"record   {found.record_id}\nsource   {found.source}\n"
        f"rejected {in_china(found.timestamp_ms)} China time, attempt {found.attempt}"
    )
    for reason in found.reasons:
        click.echo(f"\n{reason['code']}  {reason['field']}")
        if told := CODES.get(reason["code"]):
            click.echo(f"  {told.chinese}\n  {told.english}\n  {told.clause}")


def _place(text: str) -> tuple[str, int, int]:
    try:
        topic, partition, offset = text.split("/")
        return topic, int(partition), int(offset)
    except ValueError:
        raise click.UsageError(f"{text!r} is not TOPIC/PARTITION/OFFSET, as `hub rejected list` shows it") from None


def _find(hub: Hub, topic: str, partition: int, offset: int) -> Rejection:
    record = hub.log.read(topic, partition, offset)
    if record is not None:
        return next(one for one, _ in read_rejections(Batch(topic, partition, [record])))
    raise click.UsageError(f"nothing committed at {topic}/{partition}/{offset}")


@command.command("waiting")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def waiting_(config: Path | None, as_json: bool) -> None:
    """Count the records that wait until another record about the same thing is verified, and since when.

    They are not rejected, and get their verdict without a command as soon as the other one is verified: an approval
    waits for its project.
    To end a long wait, look with `hub rejected list --kind KIND` why that record was rejected.
    """
    with reading(hub_settings.load(config)) as hub, hub.store.read() as connection:
        found = held(connection)
    table = Table("source", "kind", "waits for", "records", f"first of them, {TIME}")
    for one in found:
        since_ms = int(one.since.timestamp() * 1000)
        if as_json:
            click.echo(json.dumps({**one._asdict(), "since": iso(since_ms)}, ensure_ascii=False))
        table.add_row(one.source, one.kind, one.waits_for, f"{one.records:,}", in_china(since_ms))
    if not as_json:
        console().print(table if found else "no record waits for another one · 没有等待上级数据的记录")


@command.command("redrive")
@_filtered
@click.option("--dry-run", is_flag=True, help="Only count the records.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def redrive(config: Path | None, /, dry_run: bool, as_json: bool, **wanted: Any) -> None:
    """Send rejected records through verify again. Run it after the cause is fixed, for example by a new rule set or a
    newly trusted key.

    A record is sent only if its newest verdict is a rejection, and at most limits.redrive_attempts_max times. It is
    safe to run the command again after it was interrupted. It needs no running hub; with the embedded log, stop `hub
    run` first.
    """
    with (
        job_hub(config, dry_run) as hub,
        progress_line("reading rejected topics") as tell,
    ):
        job = Redrive(hub.log, hub.store, hub.clock, hub.settings.limits.redrive_attempts_max)
        chosen = _filter(hub, **wanted)
        outcome = job.run(chosen, dry_run, lambda done: tell(f"{done.sent} sent again"))
    if as_json:
        click.echo(json.dumps({**outcome._asdict(), "dry_run": dry_run}))
        return
    would = "would be " if dry_run else ""
    click.echo(
        f"{outcome.sent} {would}sent again, {outcome.settled} have another verdict, {outcome.capped} used all attempts"
    )


def _plain(one: Rejection) -> dict[str, Any]:
    return {**one._asdict(), "time": iso(one.timestamp_ms)}


def _reasons(one: Rejection) -> str:
    return ", ".join(f"{reason['code']} {reason['field']}".strip() for reason in one.reasons)

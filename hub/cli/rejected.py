"""``hub rejected list|show|redrive``: the rejected records, their reasons, and sending them through verify again."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, TextColumn
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub
from hub.cli._console import console
from hub.pipeline.redrive import Filter, Redrive, Rejection, read_rejections, rejections
from hub.ports import Batch
from hub.records.kinds import find_kind
from hub.records.rules import CODES

FILTERS = [
    click.option("--kind", help="licence.business, or just business."),
    click.option("--source", default="", help="Name of the connector."),
    click.option("--code", default="", help="Reason code (docs/codes.md)."),
    click.option("--id", "record_id", default="", metavar="HEX", help="Only this record id."),
    click.option("--since", type=click.DateTime(), help="Rejected at or after this time, UTC."),
]


def _filtered(function: Any) -> Any:
    for option in reversed(FILTERS):
        function = option(function)
    return function


def _filter(kind: str | None, source: str, code: str, record_id: str, since: datetime | None) -> Filter:
    found = find_kind(kind) if kind else None
    if kind and not found:
        raise click.UsageError(f"no kind {kind!r}")
    since_ms = int(since.replace(tzinfo=UTC).timestamp() * 1000) if since else 0
    return Filter(found.name if found else "", source, code, record_id, since_ms)


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
    """List rejected records in the order of their topics, and count each reason."""
    hub = _open(config)
    counts: Counter[str] = Counter()
    table = Table("topic/partition/offset", "time (UTC)", "source", "attempt", "reasons")
    shown = 0
    for one, _ in rejections(hub.log, _filter(**wanted)):
        counts.update(reason["code"] for reason in one.reasons)
        if limit and shown >= limit:
            continue
        shown += 1
        if as_json:
            click.echo(json.dumps(_plain(one), ensure_ascii=False))
        else:
            table.add_row(one.place, _time(one.timestamp_ms), one.source, str(one.attempt), _reasons(one))
    hub.close()
    if not as_json:
        _print_list(table, counts)


def _print_list(table: Table, counts: Counter[str]) -> None:
    out = console()
    if not counts:
        out.print("nothing is rejected · 没有拒收记录")
        return
    out.print(table)
    for code, count in counts.most_common():
        out.print(f"{count:8}  {code:20} {CODES[code].chinese} · {CODES[code].english}")


@command.command("show")
@click.argument("place", metavar="TOPIC/PARTITION/OFFSET")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(config: Path | None, place: str, as_json: bool) -> None:
    """Show one rejected record: its source, and its reasons in words with the clause."""
    topic, partition, offset = _place(place)
    hub = _open(config)
    try:
        found = _find(hub, topic, partition, offset)
    finally:
        hub.close()
    if as_json:
        click.echo(json.dumps(_plain(found), ensure_ascii=False))
        return
    click.echo(
        f"record   {found.record_id}\nsource   {found.source}\n"
        f"rejected {_time(found.timestamp_ms)} UTC, attempt {found.attempt}"
    )
    for reason in found.reasons:
        told = CODES[reason["code"]]
        click.echo(f"\n{told.code}  {reason['field']}\n  {told.chinese}\n  {told.english}\n  {told.clause}")


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
    hub = _open(config)
    job = Redrive(hub.log, hub.store, hub.clock, hub.settings.limits.redrive_attempts_max)
    with Progress(TextColumn("{task.description}"), console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading rejected topics")
        outcome = job.run(
            _filter(**wanted), dry_run, lambda so_far: bar.update(task, description=f"{so_far.sent} sent again")
        )
    hub.close()
    if as_json:
        click.echo(json.dumps({**outcome._asdict(), "dry_run": dry_run}))
        return
    would = "would be " if dry_run else ""
    click.echo(
        f"{outcome.sent} {would}sent again, {outcome.settled} have another verdict, {outcome.capped} used all attempts"
    )


def _open(config: Path | None) -> Hub:
    return open_hub(hub_settings.load(config))


def _plain(one: Rejection) -> dict[str, Any]:
    return {**one._asdict(), "time": _time(one.timestamp_ms)}


def _reasons(one: Rejection) -> str:
    return ", ".join(f"{reason['code']} {reason['field']}".strip() for reason in one.reasons)


def _time(timestamp_ms: int) -> str:
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")

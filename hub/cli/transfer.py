"""``hub transfer submit|show|list|story|cancel``: joint transfers of a title and its electricity account."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from hub import settings as hub_settings
from hub.bootstrap import reading
from hub.cases.transfer.states import State
from hub.cases.transfer.words import VOCABULARY
from hub.cases.views import LIST_MAX
from hub.cli.parts.applications import Answered, answered, anywhere
from hub.cli.parts.transfers import by_number, desk, id_of
from hub.cli.shown.console import console
from hub.cli.shown.moments import shown_in_china
from hub.cli.shown.story import lines, table
from hub.codec.json_object import read_json
from hub.errors import RecordRejected

Json = dict[str, Any]


@click.group("transfer")
def command() -> None:
    """Joint transfers of a title and its electricity account (房产+用电联合过户), at the applicant's choice.

    One transfer is one account of one property unit. The utility checks the account, the registry enters the title, and
    the utility transfers the account. Arrears leave only the electricity side pending; the registry never waits. The
    commands work on the store of the settings, or with --url on a hub that runs.
    """


@command.command("submit")
@click.argument("file", type=click.File("rb"))
@anywhere
@click.pass_obj
def submit(config: Path | None, file: Any, url: str | None, token: str | None, as_json: bool) -> None:
    """Submit FILE (- for standard input): one JSON object with all its matters, as docs/transfer.md says.

    The same submission again gets the same answer. Exit 1 when it is refused; then nothing of it is registered.
    """
    with _or_leave():
        document = read_json(file.read())
        with desk(config, url, token, writes=True) as to:
            found = to.submit(document)
    _print(found, as_json)


@command.command("show")
@click.argument("transfer_id", required=False)
@click.option("--external-no", help="Instead of the id: the caller's own number; shows all that came under it.")
@click.option("--channel", default="counter", show_default=True, help="With --external-no.")
@anywhere
@click.pass_obj
def show(
    config: Path | None,
    transfer_id: str | None,
    external_no: str | None,
    channel: str,
    url: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """One transfer: where it stands, what the utility reported, its entry in the book, its deliveries."""
    with _or_leave(), desk(config, url, token) as to:
        found = [to.show(transfer_id)] if transfer_id else by_number(to, channel, external_no)
    if as_json or len(found) > 1:
        _print(found, as_json)
        return
    for one in found:
        _print([one], False)
        clock = one["clock"]
        due = f" {_last_day(clock)}" if clock["due_on"] else ""
        click.echo(f"  时限 limit:{due} {clock['zh']} {clock['en']} ({clock['clause']})")
        click.echo(f"  事由 reason: {one['reason']} {one['reason_zh']} {one['reason_en']}")
        holder = one["account_holder_zh"], one["account_holder_en"]
        click.echo(f"  户名 account's holder: {one['account_holder']} {' '.join(holder)}")
        for report in one["reports"]:
            said = f": {report['opinion']}" if report["opinion"] else ""
            words = f"{report['result_zh']} {report['result_en']}"
            click.echo(f"  {shown_in_china(report['at'])} {report['result']} {words}{said}" + _marks(report))
        for title in one["titles"]:
            until = f" (至 until {title['notice_on']})" if title.get("notice_on") else ""
            click.echo(f"  {title['registered_on']} {title['what']} {title['what_zh']} {title['what_en']}{until}")
        for recall in one["recalls"]:
            click.echo(f"  {_both_times(recall)} {recall['reason']} {recall['reason_zh']} {recall['reason_en']}")
        for piece in one["deliveries"]:
            words = f"{piece['state_zh']} {piece['state_en']}"
            click.echo(f"  piece {piece['piece']} {piece['kind']} {piece['nth']} → {piece['sink']}: {words}")


def _both_times(recall: Json) -> str:
    """When it changed at its source, and when the hub learned it."""
    changed = shown_in_china(recall["changed_at"]) if recall["changed_at"] else "—"
    return f"发生 happened {changed}, 获知 learned {shown_in_china(recall['learned_at'])}"


def _when(moment: str | None) -> str:
    """A moment in China's time; a date, which an entry in the book has, as it is."""
    return shown_in_china(moment) if moment and "T" in moment else moment or "—"


def _last_day(one: Json) -> str:
    """The last day for the answer, and what a person should know of it."""
    provisional = " 暂定 provisional" if one.get("provisional") else ""
    return f"{one['due_on']}{provisional}{' 已超期 overdue' if one.get('overdue') else ''}"


def _marks(report: Json) -> str:
    """What a person should know of a report."""
    conflict = " 同一事件报送过不同内容 (two contents of one event)" if report["conflict"] else ""
    return conflict + ("" if report["counted"] else " 不影响状态 (no effect)")


@command.command("list")
@click.option("--channel", help="Only of this channel.")
@click.option("--state", type=click.Choice([one.value for one in State]), help="Only in this state.")
@click.option("--limit", type=click.IntRange(1, LIST_MAX), default=50, show_default=True, help="Largest number.")
@click.option("--after", default="", help="Continue after this transfer id, the last of the page before.")
@anywhere
@click.pass_obj
def list_(
    config: Path | None,
    /,
    limit: int,
    after: str,
    url: str | None,
    token: str | None,
    as_json: bool,
    **wanted: str | None,
) -> None:
    """Transfers, newest first."""
    chosen = {name: value for name, value in wanted.items() if value}
    with _or_leave(), desk(config, url, token) as to:
        found = to.list(limit, after, chosen)
    _print(found, as_json)


@command.command("story")
@click.argument("transfer_id")
@anywhere
@click.pass_obj
def story(config: Path | None, transfer_id: str, url: str | None, token: str | None, as_json: bool) -> None:
    """The whole story of one transfer: every message about it on every topic, in the order in which it happened.

    With --url, what the tables of that hub say of it: what was submitted, reported, entered, sent and acknowledged.
    """
    if url:
        _story_of(config, transfer_id, url, token, as_json)
        return
    with _or_leave(), reading(hub_settings.load(config)) as hub:
        hub.transfers().show(id_of(transfer_id))
        found = lines(hub, id_of(transfer_id))
    if as_json:
        for line in found:
            click.echo(json.dumps(line.plain(), ensure_ascii=False, default=str))
        return
    console().print(table(found, VOCABULARY))


def _story_of(config: Path | None, transfer_id: str, url: str, token: str | None, as_json: bool) -> None:
    with _or_leave(), desk(config, url, token) as to:
        found = to.story(transfer_id)
    shown = Table("learned (China)", "happened", "what", Column("", overflow="fold"), "counted")
    for one in found:
        if as_json:
            click.echo(json.dumps(one, ensure_ascii=False))
        words = f"{one['zh']} {one['en']}"
        said = f"{words} {one['said']}" if one["said"] and one["said"] != words else words
        cells = shown_in_china(one["at"]), _when(one["happened_at"]), one["what"], escape(said)
        shown.add_row(*cells, str(one["counted"]).lower())
    if not as_json:
        console().print(shown)


@command.command("cancel")
@click.argument("transfer_id")
@anywhere
@click.pass_obj
def cancel(config: Path | None, transfer_id: str, url: str | None, token: str | None, as_json: bool) -> None:
    """Take the electricity side of one transfer back, before or after the entry. The registry's side stays as it is."""
    with _or_leave(), desk(config, url, token, writes=True) as to:
        found = to.cancel(transfer_id)
    if as_json or "state_zh" in found:
        _print([found], as_json)
    else:  # the token may not read it
        click.echo(f"{found['transfer_id']}: {found['state']}")


@contextmanager
def _or_leave() -> Iterator[None]:
    """A refusal is told on standard error; exit 1."""
    try:
        yield
    except (Answered, RecordRejected) as refused:
        told = answered(refused) if isinstance(refused, RecordRejected) else refused
        click.echo(f"refused: {told}", err=True)
        raise click.exceptions.Exit(1) from None


def _print(found: Sequence[Json], as_json: bool) -> None:
    if as_json:
        for one in found:
            click.echo(json.dumps(one, ensure_ascii=False))
        return
    shown = Table("transfer", "number", "account", "submitted (China)", "entered on", "state", "")
    for one in found:
        number = f"{escape(one['external_no'] or '—')} #{one['place']}"
        account = f"…{one['account_tail']}" if one["account_tail"] else "—"
        when = shown_in_china(one["submitted_at"])
        words = f"{one['state_zh']} {one['state_en']}" + (f" 时限 due {_last_day(one)}" if one["due_on"] else "")
        shown.add_row(one["transfer_id"], number, account, when, one["registered_on"] or "—", one["state"], words)
    console().print(shown)

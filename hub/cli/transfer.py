"""``hub transfer submit|show|list|story|cancel``: joint transfers of a title and its electricity account."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import open_hub, reading
from hub.cases.transfer.states import State
from hub.cases.transfer.transfers import Transfers
from hub.cases.views import LIST_MAX
from hub.cli._applications import by_user
from hub.cli._console import console
from hub.cli._moments import shown_in_china
from hub.cli._story import lines, table
from hub.codec.json_object import read_json
from hub.errors import RecordRejected

Json = dict[str, Any]


@click.group("transfer")
def command() -> None:
    """Joint transfers of a title and its electricity account (房产+用电联合过户), at the applicant's choice.

    One transfer is one account of one property unit. The utility checks the account, the registry enters the title, and
    the utility transfers the account. Arrears leave only the electricity side pending; the registry never waits. The
    commands work on the store of the settings.
    """


@command.command("submit")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def submit(config: Path | None, file: Any, as_json: bool) -> None:
    """Submit FILE (- for standard input): one JSON object with all its matters, as docs/transfer.md says.

    The same submission again gets the same answer. Exit 1 when it is refused; then nothing of it is registered.
    """
    with _or_leave():
        document = read_json(file.read())
        hub = open_hub(hub_settings.load(config))
        try:
            submitted = hub.transfers().submit(document, by_user())
            found = [hub.transfers().show(one) for one in submitted.case_ids]
        finally:
            hub.close()
    _print(found, as_json)


@command.command("show")
@click.argument("transfer_id", required=False)
@click.option("--external-no", help="Instead of the id: the caller's own number; shows all that came under it.")
@click.option("--channel", default="counter", show_default=True, help="With --external-no.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def show(config: Path | None, transfer_id: str | None, external_no: str | None, channel: str, as_json: bool) -> None:
    """One transfer: where it stands, what the utility reported, its entry in the book, its deliveries."""
    with _or_leave(), reading(hub_settings.load(config)) as hub:
        service = hub.transfers()
        found = [service.show(one) for one in _ids(service, transfer_id, external_no, channel)]
    if as_json or len(found) > 1:
        _print(found, as_json)
        return
    for one in found:
        _print([one], False)
        for report in one["reports"]:
            said = f": {report['opinion']}" if report["opinion"] else ""
            click.echo(f"  {report['at']} {report['result']}{said}" + ("" if report["counted"] else " (no effect)"))
        for title in one["titles"]:
            click.echo(f"  {title['registered_on']} {title['what']} {title['what_zh']} {title['what_en']}")
        for piece in one["deliveries"]:
            click.echo(f"  piece {piece['piece']} {piece['kind']} {piece['nth']} → {piece['sink']}: {piece['state']}")


@command.command("list")
@click.option("--channel", help="Only of this channel.")
@click.option("--state", type=click.Choice([one.value for one in State]), help="Only in this state.")
@click.option("--limit", type=click.IntRange(1, LIST_MAX), default=50, show_default=True, help="Largest number.")
@click.option("--after", default="", help="Continue after this transfer id, the last of the page before.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def list_(config: Path | None, channel: str | None, state: str | None, limit: int, after: str, as_json: bool) -> None:
    """Transfers, newest first."""
    wanted = {name: value for name, value in (("channel", channel), ("state", state)) if value}
    with _or_leave(), reading(hub_settings.load(config)) as hub:
        found = hub.transfers().list(_id(after) if after else b"", limit, **wanted)
    _print(found, as_json)


@command.command("story")
@click.argument("transfer_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def story(config: Path | None, transfer_id: str, as_json: bool) -> None:
    """The whole story of one transfer: every message about it on every topic, in the order in which it happened."""
    with _or_leave(), reading(hub_settings.load(config)) as hub:
        hub.transfers().show(_id(transfer_id))
        found = lines(hub, _id(transfer_id))
    if as_json:
        for line in found:
            click.echo(json.dumps(line.plain(), ensure_ascii=False, default=str))
        return
    console().print(table(found))


@command.command("cancel")
@click.argument("transfer_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def cancel(config: Path | None, transfer_id: str, as_json: bool) -> None:
    """Take the electricity side of one transfer back, before or after the entry. The registry's side stays as it is."""
    with _or_leave():
        hub = open_hub(hub_settings.load(config))
        try:
            hub.transfers().cancel(_id(transfer_id), by_user())
            found = [hub.transfers().show(_id(transfer_id))]
        finally:
            hub.close()
    _print(found, as_json)


def _ids(service: Transfers, transfer_id: str | None, external_no: str | None, channel: str) -> list[bytes]:
    if transfer_id:
        return [_id(transfer_id)]
    if not external_no:
        raise click.UsageError("give a transfer id, or --external-no")
    found = service.find(channel, external_no)
    if not found:
        raise RecordRejected("NO_SUCH_TRANSFER")
    return found


def _id(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) == 16:
        return found
    raise click.UsageError(f"{text!r} is no transfer id: 32 hex digits, as `hub transfer list` shows")


@contextmanager
def _or_leave() -> Iterator[None]:
    """A refusal is told on standard error; exit 1."""
    try:
        yield
    except RecordRejected as refused:
        click.echo(f"refused: {refused}", err=True)
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
        words = f"{one['state_zh']} {one['state_en']}"
        shown.add_row(one["transfer_id"], number, account, when, one["registered_on"] or "—", one["state"], words)
    console().print(shown)

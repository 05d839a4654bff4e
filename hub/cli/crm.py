"""``hub crm check URL``: does a connection system keep its contract, in the way in which it gets its pieces?"""

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import click
from rich.markup import escape
from rich.table import Column, Table

from hub.cli.shown.console import console
from hub.clock import SystemClock
from hub.connect.host.registry import located
from hub.crm import calls, outbox, pull
from hub.crm.calls import Line
from hub.crm.clauses import Way
from hub.crm.play import Notes, Verdict
from hub.crm.report import Result, run
from hub.crm.shelf import Shelf
from hub.errors import Misconfigured
from hub.settings import without_secrets

CONNECTOR = "utility_crm"
TABLE = "onecert_delivery"
_SAMPLES = {
    calls.REGISTRATION: "application",
    **{one: one for one in (calls.EVIDENCE, calls.DATES, calls.WITHDRAWAL, calls.RECALL, calls.CANCELLATION)},
    **{one: one for one in (calls.RATING, calls.WARNING, calls.TRANSFER, calls.TRANSFER_CHECK, calls.TRANSFER_PUSH)},
    **{one: one for one in (calls.TRANSFER_CANCELLATION, calls.TRANSFER_NOTICE, calls.HANDOVER)},
}
_MARKS = {
    Verdict.HOLDS: "符合 ok",
    Verdict.BROKEN: "不符 BROKEN",
    Verdict.NOTE: "提示 note",
    Verdict.NOT_SEEN: "未检 not seen",
}


@click.group("crm")
def command() -> None:
    """The utility's connection system, as docs/crm-contract.md describes its side."""


@command.command("check")
@click.argument("url")
@click.option(
    "--way",
    type=click.Choice([one.value for one in Way]),
    help="push: URL is the system's interface; pull: URL is where this command listens, http://HOST:PORT; table: URL "
    "is that of the system's database. [default: table for the URL of a database, otherwise push]",
)
@click.option("--token", envvar="HUB_CRM_TOKEN", help="Bearer token of push and pull; better: $HUB_CRM_TOKEN.")
@click.option(
    "--settle-s",
    type=click.FloatRange(0.1, 3_600),
    default=120.0,
    show_default=True,
    help="Push: how long it may take to carry out a call whose answer no one waited for.",
)
@click.option(
    "--wait-s",
    type=click.FloatRange(0.1, 3_600),
    default=120.0,
    show_default=True,
    help="Pull, table: how long its program may take until it has answered what waits.",
)
@click.option("--table", default=TABLE, show_default=True, help="Table: its name, SCHEMA.NAME.")
@click.option("--steps-url", help="Push: base URL of its list of steps, GET /steps. [default: URL]")
@click.option("--reports-url", help="Push: base URL of its list of results, GET /transfer-reports. [default: URL]")
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False), help="Certificate authorities, PEM.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(
    url: str,
    way: str | None,
    token: str | None,
    settle_s: float,
    wait_s: float,
    table: str,
    steps_url: str | None,
    reports_url: str | None,
    ca_file: str | None,
    as_json: bool,
) -> None:
    """Play the hub for a connection system, and report clause by clause.

    Give it a TEST system: it gets some thirty applications and a joint transfer that belong to no one, in the channel
    conformance-check.

    \b
      hub crm check https://crm-test.example/onecert            the hub calls it
      hub crm check --way pull http://10.1.2.3:8470             its program fetches from here
      hub crm check postgresql+psycopg://hub@db-test/crm        its program reads an outbox table

    Pushed to, the system gets every call as the hub makes it: repeated, several at once, without waiting for the
    answer, broken off, with another content under the same key, in another order, with a wrong token, and many at once
    to see how it answers when it is busy. All that was acknowledged is asked for once more ten seconds after the other
    checks. It takes about --settle-s, once or more, also for a system that keeps the contract:
    a call that no one waited for may take effect until then.

    Where it lists its steps (GET /steps) or its reports about joint transfers (GET /transfer-reports), the list is
    read in small and large pages; let it have some before.

    Where it fetches, let its program fetch from URL with the token while this command runs: answers get lost, the hub
    is busy, does not know a place any more, or does not take an acknowledgement. Put a TLS proxy before URL where the
    program needs one. In a table, rows are inserted and watched; they stay there.

    What could not be brought about, and what no call shows (that a withdrawn piece does not count any more), is "not
    seen", with the reason and where to look; it is not "ok".

    Exit 1 when a clause is broken, 75 when the system does not answer, 78 when it does not know the token: then nothing
    is checked.
    """
    chosen = Way(way or (Way.PUSH if _is_called(url) else Way.TABLE))
    if chosen is not Way.TABLE and not token:
        raise click.UsageError("give --token, or set HUB_CRM_TOKEN")
    lists = {path: other for path, other in ((calls.STEPS, steps_url), (calls.REPORTS, reports_url)) if other}
    found = _played(chosen, url, token or "", settle_s, wait_s, table, ca_file, lists)
    broken = [one.clause.number for one in found if one.verdict == Verdict.BROKEN]
    if as_json:
        shown = without_secrets(url) if chosen is Way.TABLE else url
        told = {"url": shown, "way": chosen, "broken": broken, "clauses": [one.plain() for one in found]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _show(found, broken)
    sys.exit(1 if broken else 0)


def _is_called(url: str) -> bool:
    """Whether a URL is that of an interface, or none at all; any other is a database's."""
    return "://" not in url or urlsplit(url).scheme in ("http", "https")


def _played(
    way: Way,
    url: str,
    token: str,
    settle_s: float,
    wait_s: float,
    table: str,
    ca_file: str | None,
    lists: Mapping[str, str],
) -> list[Result]:
    clock, sent = SystemClock(), samples()
    if way is Way.PUSH:
        with closing(Line(url, token, settle_s, clock, ca_file, lists)) as line:
            return run(line, sent, clock, _progress)
    notes = Notes(samples=sent, clock=clock)
    if way is Way.TABLE:
        return outbox.run(notes, outbox.Outbox(url, table), wait_s, _progress)
    shelf = Shelf(token, clock)
    with shelf.serving(url) as address:
        click.echo(f"listening at {address}", err=True)
        return pull.run(notes, shelf, wait_s, _progress)


def _progress(name: str) -> None:
    click.echo(f"… {name}", err=True)


def samples() -> dict[str, dict[str, Any]]:
    """What the kit sends, by kind of piece: the samples of the connector. Raises ``Misconfigured`` when it is not
    installed."""
    folder = located(CONNECTOR).root.joinpath("samples")
    try:
        return {what: json.loads(folder.joinpath(f"{name}.json").read_text("utf-8")) for what, name in _SAMPLES.items()}
    except (OSError, ValueError):
        raise Misconfigured(f"the samples of {CONNECTOR} cannot be read", "install the hub again") from None


def _show(found: list[Result], broken: list[str]) -> None:
    table = Table("条款 clause", "结果 result", Column("内容 what it says", overflow="fold"))
    for one in found:
        table.add_row(one.clause.number, _MARKS[one.verdict], escape(_told(one)))
    console().print(table)
    held = sum(one.verdict in (Verdict.HOLDS, Verdict.NOTE) for one in found)
    unseen = len(found) - held - len(broken)
    click.echo(f"符合 {held} 条，不符 {len(broken)} 条，未检 {unseen} 条")
    click.echo(f"{held} obeyed, {len(broken)} broken, {unseen} not seen")


def _told(one: Result) -> str:
    """A clause, and where it is broken what was seen and what to do, in both languages."""
    lines = [one.clause.zh, one.clause.en]
    lines += [f"  → {text}" for seen in one.seen for text in (seen.zh, seen.en)]
    if one.verdict == Verdict.BROKEN:
        lines += [f"  ✎ {one.clause.remedy_zh}", f"  ✎ {one.clause.remedy_en}"]
    return "\n".join(lines)

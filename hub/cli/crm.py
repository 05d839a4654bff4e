"""``hub crm check URL``: does a connection system keep its contract?"""

import json
import sys
from contextlib import closing
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from hub.cli._console import console
from hub.clock import SystemClock
from hub.connect.host.registry import located
from hub.crm import calls
from hub.crm.calls import Line
from hub.crm.play import Verdict
from hub.crm.report import NOT_SEEN, Result, run
from hub.errors import Misconfigured

CONNECTOR = "utility_crm"
_SAMPLES = {
    calls.REGISTRATION: "application",
    **{one: one for one in (calls.EVIDENCE, calls.DATES, calls.WITHDRAWAL, calls.RECALL, calls.CANCELLATION)},
    **{one: one for one in (calls.RATING, calls.WARNING, calls.TRANSFER, calls.TRANSFER_CHECK, calls.TRANSFER_PUSH)},
    **{one: one for one in (calls.TRANSFER_CANCELLATION, calls.TRANSFER_NOTICE, calls.HANDOVER)},
}
_MARKS = {Verdict.HOLDS: "符合 ok", Verdict.BROKEN: "不符 BROKEN", Verdict.NOTE: "提示 note", NOT_SEEN: "未检 not seen"}


@click.group("crm")
def command() -> None:
    """The utility's connection system, as docs/crm-contract.md describes its side."""


@command.command("check")
@click.argument("url")
@click.option("--token", envvar="HUB_CRM_TOKEN", required=True, help="Its bearer token; better: $HUB_CRM_TOKEN.")
@click.option(
    "--settle-s",
    type=click.FloatRange(0.1, 3_600),
    default=120.0,
    show_default=True,
    help="How long it may take to carry out a call whose answer no one waited for.",
)
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False), help="Certificate authorities, PEM.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(url: str, token: str, settle_s: float, ca_file: str | None, as_json: bool) -> None:
    """Play the hub against the connection system at URL, and report clause by clause.

    Give it a TEST system: it gets some thirty applications and a joint transfer that belong to no one, in the channel
    conformance-check.

    Every call is made as the hub makes it: repeated, several at once, without waiting for the answer, broken off, with
    another content under the same key, in another order, with a wrong token. It takes a few seconds, and some times
    --settle-s for a system that breaks the contract.

    Exit 1 when a clause is broken, 75 when the system does not answer.
    """
    clock = SystemClock()
    with closing(Line(url, token, settle_s, clock, ca_file)) as line:
        found = run(line, samples(), clock, lambda name: click.echo(f"… {name}", err=True))
    broken = [one.clause.number for one in found if one.verdict == Verdict.BROKEN]
    if as_json:
        told = {"url": url, "broken": broken, "clauses": [one.plain() for one in found]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _show(found, broken)
    sys.exit(1 if broken else 0)


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

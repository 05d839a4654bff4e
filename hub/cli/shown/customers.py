"""``hub application progress|request|follow-up``: what the customer of an application sees and asks for, Chinese first,
and what follows a bad rating."""

import json
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from hub.cases.ratings.grades import OUTCOMES
from hub.cases.steps.facts import SEGMENTS
from hub.cli.parts.applications import anywhere, desk, or_leave
from hub.cli.parts.named import Which, named
from hub.cli.shown.console import console
from hub.cli.shown.moments import shown_in_china

_ANSWERS = {
    "RETURN": "退回补正 sent back",
    "NOT_ACCEPTED": "不予受理 not accepted",
    "TERMINATE": "终止 terminated",
}
_STATES = {"done": "已完成 done", "running": "办理中 running", "ahead": "未开始 ahead", "not_done": "未办 not done"}


@click.command("progress")
@named
@anywhere
@click.pass_obj
def progress(config: Path | None, which: Which, url: str | None, token: str | None, as_json: bool) -> None:
    """The application as its customer sees it: where it stands, what is next, whose turn it is and by when, and what
    was fetched from where.

    With --url, --token is the application's own token: the answer to its submission had it. It finds no other
    application, so give the id then.
    """
    with desk(config, url, token) as to:
        shown = or_leave(lambda: to.progress(which.at(to)))
    click.echo(json.dumps(shown, ensure_ascii=False)) if as_json else _print(shown)


@click.command("request")
@click.argument("application_id")
@click.option("--segment", required=True, type=click.Choice(SEGMENTS), help="What the customer asks for.")
@anywhere
@click.pass_obj
def request(
    config: Path | None, application_id: str, segment: str, url: str | None, token: str | None, as_json: bool
) -> None:
    """Ask for the next segment on the customer's behalf, as at a counter: design review, mid inspection (中间检查),
    completion (竣工检验和装表接电). Its clock opens now.

    `progress` shows what may be asked for (may_ask). What runs by itself, is done or comes later is refused with the
    clause: exit 1. The time is stored all the same, and counts when the utility tells that the step before was done by
    then. The same request again on the same day changes nothing.

    With --url, --token is the application's own token, or that of a client with the application's channel.
    """
    with desk(config, url, token, writes=True) as to:
        shown = or_leave(lambda: to.ask(application_id, segment))
    click.echo(json.dumps(shown, ensure_ascii=False)) if as_json else _print(shown)


@click.command("follow-up")
@click.argument("application_id")
@click.option("--outcome", required=True, type=click.Choice(list(OUTCOMES)), help="How it ended.")
@click.option("--note", default="", help="What was found or promised; it is sealed.")
@anywhere
@click.pass_obj
def follow_up(
    config: Path | None, application_id: str, outcome: str, note: str, url: str | None, token: str | None, as_json: bool
) -> None:
    """Say how the follow-up of a bad rating (grade 1 or 2) ended.

    `hub application list --state follow-up` shows those that are open.
    """
    with desk(config, url, token, writes=True) as to:
        shown = or_leave(lambda: to.follow_up(application_id, {"outcome": outcome, "note": note}))
    click.echo(json.dumps(shown, ensure_ascii=False)) if as_json else _print(shown)


def _print(progress: dict[str, Any]) -> None:
    out = console()
    out.print(f"[bold]{progress['application_id']}[/]  {progress['case_type_zh']} {progress['case_type_en']}")
    until = f" {progress['due_on']}" if progress["due_on"] else ""
    provisional = "（暂定 provisional）" if progress["provisional"] and until else ""
    out.print(f"{progress['where_zh']} {progress['where_en']}{until}{provisional}", highlight=False)
    if progress["next_zh"]:
        out.print(f"下一步 next: {progress['next_zh']} {progress['next_en']}", highlight=False)
    if asked := progress["asked"]:
        by = asked["answer_by"] or "—"
        out.print(f"{asked['asked_on']} 申请 asked for: {asked['zh']}；最迟答复 answer by {by}", highlight=False)
    if progress["may_ask"]:
        out.print(f"可申请 may ask for: {', '.join(progress['may_ask'])}", highlight=False)
    for one in progress["bring"]:
        out.print(f"请准备 please bring: {one['zh']} {one['en']} ({one['clause']})", highlight=False)
    for one in progress["answers"]:
        why = " ".join(filter(None, (one["reason"], one["reason_code"]))) or "—"
        out.print(f"{one['on']} {_ANSWERS[one['action']]}: {escape(why)}", highlight=False)
    for notice in progress["notices"]:
        items = ", ".join(f"{one['zh']} {one['defect']}" for one in notice["items"])
        out.print(f"一次性告知 told at once {shown_in_china(notice['told_at'])}: {items}", highlight=False)
    out.print(_steps(progress))
    for one in progress["evidence"]:
        out.print(_fetched(one), highlight=False)
    if grade := progress["rating"]["grade"]:
        out.print(f"评价 rating: {grade} {progress['rating']['grade_zh']}{_follow_up(progress['rating'])}")


def _steps(progress: dict[str, Any]) -> Table:
    table = Table("环节 step", "状态 state", "开始 begun", "办结 done", "期限 due")
    for one in progress["steps"]:
        days = (one[name] or "" for name in ("begun_on", "done_on", "due_on"))
        table.add_row(f"{one['zh']} {one['en']}", _STATES[one["state"]], *days)
    return table


def _fetched(one: dict[str, Any]) -> str:
    if one["state"] == "met":
        return f"[green]✓[/] {one['kind_zh']} — {escape(one['from'] or '')}, {one['fetched_on']}"
    return f"[yellow]…[/] {one['kind_zh']} — {one['reason_zh']} {one['reason_en']}"


def _follow_up(rating: dict[str, Any]) -> str:
    if not rating["follow_up_due_on"]:
        return ""
    done = rating["follow_up"] or f"最迟 by {rating['follow_up_due_on']}"
    return f"；回访 follow-up: {done}"

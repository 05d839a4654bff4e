"""How the clocks of a case are shown: one line for each segment, total and whole process, with how it was counted."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from hub.cases.steps.judge import Why
from hub.cases.steps.words import WORDS
from hub.cli.shown.moments import shown_in_china

Json = dict[str, Any]
_OPENED = {
    "submission": "申请 submission",
    "step-before": "上一环节办结 the step before ended",
    "request": "客户申请 the customer's request",
    "hub-request": "客户向平台申请 the customer's request at the hub",
    "start": "开始 the utility's start",
}


def show(shown: Json, out: Console) -> None:
    """Print the clocks of a case, from ``hub.cases.steps.explained``: under every kind that it has had."""
    end = f"; ended: {shown['ended']}" if shown["ended"] else ""
    first = "counts" if shown["starting_day_counts"] else "does not count"
    out.print(
        f"{shown['policy']} ({shown['source']}); the starting day {first}; at the end of {shown['today']}{end}",
        markup=False,
    )
    for kind in shown["kinds"]:
        out.print(_table(kind))
    if again := shown.get("first"):
        since = f"{again['working_days']} working days since the first one of {again['submitted_on']}"
        out.print(f"重新申请 made again: {since} ({again['application_id']})", highlight=False, markup=False)
    for pause in shown["pauses"]:
        to = pause["to_on"] or "?"
        days = f"{pause['working_days']} working days, subtracted: none"
        out.print(f"claimed pause {pause['action']} {pause['from_on']} … {to}: {days}", highlight=False, markup=False)
    for warning in shown.get("warnings", ()):
        out.print(f"{_WARNED[warning['level']]} {_warning(warning)}", highlight=False, markup=False)
    for claim in shown["claims"]:
        said = WORDS[Why(claim["why"])]
        words = f"{said.words.zh} {said.words.en} ({claim['why']}, {said.clause})"
        out.print(
            f"claim {claim['segment']} {_event(claim)}: {words} No clock counts it.", highlight=False, markup=False
        )


_WARNED = {"BEFORE": "预警 warned", "AFTER": "升级 escalated"}


def _warning(warning: Json) -> str:
    days = f"{warning['working_days']} working days {'left' if warning['level'] == 'BEFORE' else 'over'}"
    about = f"{warning['about']} {warning['segment'] or ''}".strip()
    to = ", ".join(warning["recipients"]) or "no recipient"
    told = "".join(f"; {_desk(one)}" for one in warning["desks"])
    return f"{shown_in_china(warning['at'])}: {about}, last day {warning['due_on']}, {days}; {to}{told}"


def _desk(one: Json) -> str:
    at = f" {shown_in_china(one['ended_at'])}" if one["ended_at"] else ""
    return f"{one['desk']} {one['state']}{at}"


def _table(kind: Json) -> Table:
    force = "in force" if kind["in_force"] else "before"
    star = ", with design review and mid inspection" if kind["starred"] else ""
    title = f"{kind['case_type']} {kind['zh']}{star} ({force}; since {kind['since']})"
    table = Table("limit", "opened", "closed", "days", "last day", Column("how", overflow="fold"), title=escape(title))
    for cells in _rows(kind):
        table.add_row(*map(escape, cells))
    return table


def _rows(kind: Json) -> Iterable[tuple[str, ...]]:
    yield from map(_line, kind["lines"])
    if total := kind["total"]:
        parts = " + ".join(f"{one['segment']} {one['working_days']}" for one in total["sum_of"])
        yield "合计 total", total["opened_on"], total["closed_on"] or "", *_days(total), f"{parts}; {total['clause']}"
    whole = kind["whole"]
    how = whole["clause"] or "no limit: shown beside the total"
    yield "全过程 whole process", whole["opened_on"], whole["closed_on"] or "", *_days(whole), how
    for name, found in (("国家上限 national ceiling", kind["ceiling"]), ("平均目标 average", kind["average"])):
        if found:
            days = f"{found['working_days']} of {found['limit']}" if "limit" in found else f"{found['days']}"
            yield name, "", "", days, "", found["clause"]


def _line(line: Json) -> tuple[str, ...]:
    nth = f" ({line['round']})" if line["round"] > 1 else ""
    opened = f"{line['opened_on']} {_OPENED[line['opened_by']]}"
    closed = f"{line['closed_on']} {_event(line['closed'])}" if line["closed"] else "runs"
    how = "; ".join(filter(None, (*_counting(line), line["clause"] if line["timed"] else "not timed for this kind")))
    return f"{line['zh']} {line['segment']}{nth}", opened, closed, *_days(line), how


def _days(span: Json) -> tuple[str, str]:
    """How many of how many, and the last day."""
    if span["limit"] is None:
        return f"{span['working_days']}, no limit", span["due_on"] or ""
    over = f", {span['over_by']} over" if span["over_by"] else ""
    due = f"{span['due_on'] or ''}{' provisional' if span['provisional'] else ''}"
    return f"{span['working_days']} of {span['limit']}{over}", due


def _counting(line: Json) -> Iterable[str]:
    """Each working day with its number; 班: a make-up day; 休: a weekday off."""
    make_up = set(line["make_up"])
    days = [f"{day[5:]}{'班' if day in make_up else ''} ({n})" for n, day in enumerate(line["counted"], 1)]
    yield ", ".join(days) if days else "no working day"
    if line["days_off"]:
        yield f"休 {', '.join(day[5:] for day in line['days_off'])}"
    if line["on_day_off"]:
        yield f"done on a day off, which adds no working day: {', '.join(line['on_day_off'])}"
    if line["waited_working_days"]:
        yield f"work began on {line['started_on']}, after {line['waited_working_days']} working days"
    if line["asked"] and line["opened_by"] != "hub-request":
        yield f"asked for at the hub {shown_in_china(line['asked']['at'])}"
    if line["returned"]:
        yield "returned to the customer"
    yield f"by {line['calendar']}"


def _event(event: Json) -> str:
    """An event as its action, its own time and the start of its id."""
    late = ", received late" if event["late"] else ""
    said = f", first said {shown_in_china(event['said_at'])}" if event["said_at"] != event["at"] else ""
    return f"{event['action']} {shown_in_china(event['at'])} [{event['event'][:8]}]{said}{late}"

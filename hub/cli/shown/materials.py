"""``hub application materials``: what the policy lists for an application, and what of it is there."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from hub.cli.shown.moments import shown_in_china

Json = dict[str, Any]
_MARKS = {"FETCHED": "green", "HANDED_IN": "green", "AWAITED": "yellow", "MISSING": "yellow", "DEFECTIVE": "red"}


def print_materials(shown: Json, out: Console) -> None:
    """The materials and the money of one application, as ``GET /applications/{id}/materials`` has them."""
    out.print(escape(f"{shown['case_type_zh']}, by {shown['policy']} ({shown['source']})"), highlight=False)
    out.print(_listed(shown))
    for notice in shown["notices"]:
        items = ", ".join(f"{one['zh']} {one['defect']}" for one in notice["items"])
        told = f"told {shown_in_china(notice['asked_at'])}, asked by {_side(notice)}, {notice['segment']}: {items}"
        out.print(escape(told), highlight=False)
    for one in shown["refused"]:
        names = ", ".join(one["names"] or ())
        asked = f"refused {shown_in_china(one['asked_at'])}, asked by {_side(one)}: {names}"
        out.print(f"[red]{escape(asked)}[/] {escape(one['zh'])}", highlight=False)
    fee = shown["fee"]
    out.print(escape(f"fees: {fee['zh']} {fee['en']} ({fee['clause']})"), highlight=False)
    for one in shown["charges"]:
        charged = f"charged {shown_in_china(one['charged_at'])} although nothing may be charged ({one['clause']})"
        out.print(f"[red]{escape(charged)}[/]", highlight=False)


def _side(one: Json) -> str:
    """Who asked: a client of a channel, or the utility's connection system by one of its connectors."""
    if one["asked_by"] == "CONNECTION_SYSTEM":
        return f"the connection system ({one['client']})"
    return str(one["client"] or one["channel"])


def _listed(shown: Json) -> Table:
    table = Table("segment", Column("material", overflow="fold"), "state", "from", Column("reason", overflow="fold"))
    for segment in shown["segments"]:
        for one in segment["materials"]:
            papers = f"{len(one['documents'])} documents" if one["documents"] else ""
            state = f"[{_MARKS[one['state']]}]{one['state']}[/]"
            origin = "the hub" if one["from"] == "HUB" else "the customer"
            table.add_row(segment["zh"], escape(one["zh"]), state, origin, escape(one["reason_zh"] or papers))
    return table

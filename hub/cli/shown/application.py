"""How one application is shown to people."""

from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from hub.cases.reasons import CASE_OVER
from hub.cli.shown.console import console
from hub.cli.shown.moments import shown_in_china

Json = dict[str, Any]
_AGREES = {"AGREES": "[green]=[/]", "DIFFERS": "[yellow]≠[/]", "UNKNOWN": "[yellow]?[/]"}
_NOTHING = "no limit runs: it is the customer's turn"
_ENDED = {
    "END": "electricity on 已送电",
    "NOT_ACCEPTED": "not accepted 不予受理",
    "TERMINATE": "ended by the utility 已终止",
}


def print_head(shown: Json, said: str) -> None:
    """Its id and number, and the states that it is in."""
    number = escape(shown["external_no"] or "—")
    states = ", ".join(shown["states"])
    told = f"{said}; {states}" if states else said
    console().print(f"[bold]{shown['application_id']}[/]  {number} ({shown['channel']})  {told}")


def due(shown: Json) -> str:
    """The date that is promised, in words: of the whole process, or of the segment that runs. Of a case that has ended,
    how and when."""
    if shown["ended"]:
        return f"{_ENDED[shown['ended']]} {shown_in_china(shown['ended_at'])} (China time)"
    segment = (
        f"{shown['segment']} by {shown['segment_due_on']}, no date for the whole" if shown["segment"] else _NOTHING
    )
    told = f"due {shown['due_on']}" if shown["due_on"] else segment
    return f"{told} (provisional: the notice of that year is not known)" if shown["provisional"] else told


def _counting(clock: Json) -> str:
    """Each working day that was counted with its number, China's dates."""
    days = clock.get("counted_days") or ()
    counted = ", ".join(f"{day[5:]} ({number})" for number, day in enumerate(days, 1))
    first = "the day of submission counts" if clock["starting_day_counts"] else "the day of submission does not count"
    return f"counted: {counted}; {first}" if counted else ""


def show_one(shown: Json, said: str) -> None:
    """Print an application as ``GET /applications/{id}`` shows it."""
    out = console()
    clock = shown["clock"]
    print_head(shown, said)
    begun = f"{shown_in_china(shown['submitted_at'])} (China time)"
    out.print(f"{clock['case_type_zh']}, {clock['working_days']} working days from {begun}:")
    left = "" if shown["ended"] else f"; {clock['working_days_left']} working days left, by {clock['calendar'] or '?'}"
    out.print(f"{due(shown)}{left}")
    if counted := _counting(clock):
        out.print(counted, highlight=False)
    if own := shown.get("application_token"):
        out.print(f"for the customer, shown here only: [bold]{own}[/] (progress, rating)", highlight=False)
    for sink, number in shown["numbers"].items():
        out.print(f"{sink} knows it as {number}")
    for asked in shown["questions"]:
        out.print(f"[yellow]?[/] {escape(asked['zh'])} {escape(asked['en'])} ({asked['clause']})", highlight=False)
    for one in shown["places"]:
        if one["question"] and not one["answer"]:
            asked_of = f"{escape(one['question_zh'])} {escape(one['question_en'])} (hub application place)"
            out.print(f"[yellow]?[/] {asked_of}", highlight=False)
    for need in shown["evidence"]:
        mark = "[green]✓[/]" if need["state"] == "met" else "[yellow]…[/]"
        out.print(f"{mark} {need['kind']}  {need['reason_zh']} {need['reason_en']}{_looks(need)}", highlight=False)
    for one in shown["agreement"]:
        out.print(f"{_AGREES[one['result']]} {one['zh']} {one['en']}", highlight=False)
    for change in shown["recalls"]:
        out.print(_recall(change), highlight=False)
    for one in shown["handovers"]:
        days = f"登簿 entered {one['registered_on']}, 告知 notice after {one['notice_on']}"
        out.print(f"[yellow]⇄[/] {one['state_zh']} {one['state_en']} {days}", highlight=False)
    table = Table("piece", "sink", "what", "state", "holder", "attempts", "receipt", Column("reason", overflow="fold"))
    for one in shown["deliveries"]:
        reason = " ".join(part for part in (one["reason"], one["reason_zh"], one["said"], one["trouble"]) if part)
        relation = "" if one["holder_relation"] == "NONE" else one["holder_relation"]
        cells = (str(one["piece"]), one["sink"], one["kind"], one["state"], relation, _attempts(one))
        table.add_row(*cells, escape(one["receipt"] or ""), escape(reason))
    out.print(table)


def _looks(need: Json) -> str:
    """How often a source was asked for the evidence, and when it is looked for again."""
    if need["state"] == "met" or not need["next_look_at"] or need["reason"] == CASE_OVER:
        return ""
    return f" (asked {need['asked']} times; next look {shown_in_china(need['next_look_at'])}, China time)"


def _recall(one: Json) -> str:
    """A record that changed after its delivery, with both times, and what was done."""
    done = "办结后已通知 told after the end" if one["after_the_end"] else "已撤回 taken back"
    changed = shown_in_china(one["changed_at"]) if one["changed_at"] else "?"
    times = f"来源变更 changed {changed}, 枢纽得知 learned {shown_in_china(one['learned_at'])} (China time)"
    return f"[yellow]↩[/] {one['kind']}  {one['reason_zh']} {one['reason_en']} {times}; {done}"


def _attempts(piece: Json) -> str:
    """How often it was tried, and when it is tried again."""
    if not piece["attempts"]:
        return ""
    again = piece["next_attempt_at"]
    return f"{piece['attempts']}, next {shown_in_china(again)}" if again else str(piece["attempts"])

"""Every segment of a case with its events and its clock, one row each, for ``hub audit steps``. Pure.

A case that has had several kinds has the rows of each: the kinder clock hides none. The last row of a kind is the case
as a whole, with the events that belong to no segment.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from hub.audit.account import Account, name_of
from hub.cases.clocks import KindClock, Line, Span
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import Judged, Round, State
from hub.cases.times import iso
from hub.clock import in_china

WHOLE: Final = "whole"
TITLES: Final[dict[str, str]] = {
    "application_id": "申请",
    "numbers": "平台报装编号",
    "channel": "渠道",
    "district": "行政区划",
    "policy": "政策版本",
    "kind": "客户类型",
    "in_force": "现行类型",
    "segment": "环节",
    "segment_zh": "环节名称",
    "round": "次数",
    "opened_at": "起始时间（北京时间）",
    "opened_by": "起始依据",
    "started_at": "供电企业开始时间",
    "closed_at": "结束时间",
    "closed_by": "结束依据",
    "returned": "退回客户",
    "working_days": "用时（工作日）",
    "limit": "时限（工作日）",
    "over": "超时（工作日）",
    "due_on": "时限届满日",
    "taken_back": "申请撤回",
    "provisional": "日历暂定",
    "calendar": "日历版本",
    "claims": "主张数",
    "events": "事件",
}
"""The columns: their name in JSON, and in Chinese."""
Plain = dict[str, Any]


class Row(NamedTuple):
    """One segment that ran once, or the case as a whole (``WHOLE``), by the clock of one kind."""

    account: Account
    kind: KindClock
    line: Line | None
    run: Round | None
    events: tuple[Judged, ...]

    @property
    def span(self) -> Span:
        """Its days."""
        return self.line.span if self.line else self.kind.limited

    def within(self, first: date, last: date) -> bool:
        """Whether it ran on a day of these."""
        return self.span.opened_on <= last and (self.span.closed_on is None or self.span.closed_on >= first)


def rows(account: Account) -> Iterator[Row]:
    """The rows of a case, by kind, in the order of the rounds."""
    runs = account.history.rounds
    mine = [
        tuple(one for one in account.history.facts if _belongs(one, run, runs[:nth])) for nth, run in enumerate(runs)
    ]
    told = {id(one) for events in mine for one in events}
    rest = tuple(one for one in account.history.facts if id(one) not in told)
    for kind in account.clock.kinds:
        for line, run, events in zip(kind.lines, runs, mine, strict=True):
            yield Row(account, kind, line, run, events)
        yield Row(account, kind, None, None, rest)


def _belongs(one: Judged, run: Round, before: Sequence[Round]) -> bool:
    """Whether an event belongs to a round: of its segment, until its end, and to no earlier round of the segment."""
    if one.fact.segment != run.segment or one.fact.action is Action.AMEND:
        return False
    earlier = max((round_.closed_ms or 0 for round_ in before if round_.segment == run.segment), default=0)
    until = run.closed_ms
    return (one.at_ms > earlier or not earlier) and (until is None or one.at_ms <= until)


def plain(row: Row) -> Plain:
    """A row for programs, with the names of ``TITLES``; times as RFC 3339."""
    opened_ms, started_ms, closed_ms = _times(row)
    return _shared(row) | {
        "opened_at": iso(opened_ms),
        "started_at": iso(started_ms),
        "closed_at": iso(closed_ms),
        "taken_back": _taken_back(row),
        "events": [_event(one) for one in row.events],
    }


def cells(row: Row) -> list[str | int | None]:
    """A row for a spreadsheet, in the order of ``TITLES``; times in China's."""
    opened_ms, started_ms, closed_ms = (None if one is None else in_china(one) for one in _times(row))
    found = _shared(row) | {"opened_at": opened_ms, "started_at": started_ms, "closed_at": closed_ms}
    back = row.account.cancelled
    found["taken_back"] = f"{back.by} {in_china(back.at_ms)}" if back else ""
    found["events"] = "; ".join(map(_told, row.events))
    yes_no = {True: "是", False: ""}
    return [yes_no[found[name]] if isinstance(found[name], bool) else found[name] for name in TITLES]


def _taken_back(row: Row) -> Plain | None:
    """By whom the application was taken back at the hub, and when: its limits continue."""
    back = row.account.cancelled
    return {"by": back.by, "at": iso(back.at_ms)} if back else None


def _times(row: Row) -> tuple[int | None, int | None, int | None]:
    if row.run is None:
        return row.account.submitted_ms, None, row.account.history.ended_ms
    return row.run.opened_ms, row.run.started_ms, row.run.closed_ms


def _shared(row: Row) -> Plain:
    account, span, line = row.account, row.span, row.line
    return {
        "application_id": account.case_id.hex(),
        "numbers": " ".join(account.numbers[sink] for sink in sorted(account.numbers)),
        "channel": account.channel,
        "district": account.district,
        "policy": account.policy.version,
        "kind": name_of(row.kind.kind),
        "in_force": row.kind is account.clock.now,
        "segment": line.segment if line else WHOLE,
        "segment_zh": line.zh if line else "全过程" if row.kind.total is None else "合计",
        "round": line.nth if line else 1,
        "opened_by": _record(account.opening(line) if line else None) or "submission",
        "closed_by": _record(account.event(line.closed_by if line else _last(account))),
        "returned": line.returned if line else False,
        "working_days": span.used,
        "limit": span.limit,
        "over": span.over,
        "due_on": span.due_on.isoformat() if span.due_on else None,
        "provisional": span.provisional,
        "calendar": span.calendar,
        "claims": sum(one.state is State.CLAIM for one in row.events),
    }


def _record(found: Judged | None) -> str | None:
    return found.fact.record_id.hex() if found else None


def _last(account: Account) -> bytes | None:
    """The event that ended the case."""
    return account.history.rounds[-1].closed_by if account.history.end else None


def _event(one: Judged) -> Plain:
    fact = one.fact
    return {
        "record_id": fact.record_id.hex(),
        "segment": fact.segment,
        "action": fact.action.value,
        "at": iso(one.at_ms),
        "occurred_at": iso(fact.occurred_ms),
        "recorded_at": iso(fact.recorded_ms),
        "received_at": iso(fact.received_ms),
        "state": one.state.value,
        "why": one.why.value if one.why else None,
        "late": one.late,
    }


def _told(one: Judged) -> str:
    """An event for people: what, when, when it was written down and received, whether it counts, and its record."""
    fact = one.fact
    written = "" if fact.recorded_ms is None else f" 录入 {in_china(fact.recorded_ms)}"
    counts = f" [{one.why or one.state}]" if one.state is not State.COUNTED else ""
    named = f"{fact.action} {fact.segment}".strip()
    return f"{named} {in_china(one.at_ms)}{written} 收到 {in_china(fact.received_ms)}{counts} {fact.record_id.hex()}"

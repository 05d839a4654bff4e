"""How long cases took on average, beside the limits of annex 2 and the averages that annex 1 sets. Pure.

Annex 1 sets an average for all customers of a voltage; the kinds of a voltage are shown beside it. A case that changed
on the way counts where it ended. It is told apart there, and in each row that it left, by the clock of that row's kind:
so no average gets better by a change without showing it (annex 2 has the kinder limits for high voltage).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.audit.account import Account, Place, name_of
from hub.cases.clocks import Span
from hub.cases.policies.model import Average
from hub.cases.steps.facts import Action

ALL: Final = "all"
"""The row of all kinds of a voltage."""
TITLES: Final[dict[str, str]] = {
    "policy": "政策版本",
    "voltage": "电压等级",
    "kind": "客户类型",
    "cases": "接电户数",
    "working_days": "用时合计（工作日）",
    "mean": "平均用时（工作日）",
    "longest": "最长用时（工作日）",
    "limit": "时限（工作日）",
    "over": "超时户数",
    "average": "附件1平均目标（工作日）",
    "beyond": "超过平均目标",
    "clause": "依据",
    "changed": "其中办理中变更的户数",
    "mean_unchanged": "不含变更户的平均用时（工作日）",
    "left": "变更为其他类型或电压的户数",
    "left_over": "其中按本行类型超时户数",
    "mean_with_left": "计入变更离开户的平均用时（工作日）",
}
"""The columns: their name in JSON, and in Chinese."""


@dataclass(slots=True)
class _Days:
    """Cases of one sort, and their working days by one kind's clock."""

    cases: int = 0
    working_days: int = 0
    longest: int = 0
    over: int = 0

    def count(self, span: Span) -> None:
        self.cases += 1
        self.working_days += span.used
        self.longest = max(self.longest, span.used)
        self.over += span.over > 0


@dataclass(slots=True)
class _Sum:
    """A row. ``changed`` and ``unchanged`` ended in it; ``left`` were in it before they changed."""

    limit: int | None
    average: Average | None
    changed: _Days = field(default_factory=_Days)
    unchanged: _Days = field(default_factory=_Days)
    left: _Days = field(default_factory=_Days)


class Averages:
    """Sums of the cases that got electricity in a time, by the voltage and the kind that were in force at the end."""

    def __init__(self, since_ms: int, until_ms: int) -> None:
        self._since_ms = since_ms
        self._until_ms = until_ms
        self._sums: dict[tuple[str, str, str], _Sum] = {}

    def add(self, account: Account) -> None:
        """Count a case; one that has no electricity, or got it at another time, counts nowhere."""
        history = account.history
        if history.end is not Action.END or not self._since_ms <= (history.ended_ms or 0) <= self._until_ms:
            return
        *before, now = account.places
        changed = any(place != now for place in before)
        for sum_, span in self._rows(account, [now]):
            (sum_.changed if changed else sum_.unchanged).count(span)
        for sum_, span in self._rows(account, before, but=now):
            sum_.left.count(span)

    def _rows(self, account: Account, places: Sequence[Place], but: Place | None = None) -> Iterator[tuple[_Sum, Span]]:
        """The rows of these places, each once and none that ``but`` is in, with the case's time by the row's kind. In
        a row of all kinds that is the last kind that the case had at the voltage."""
        rows = {(one.voltage, name): one.kind for one in places for name in (name_of(one.kind), ALL)}
        ended = {(but.voltage, name) for name in (name_of(but.kind), ALL)} if but else set()
        for (voltage, name), kind in rows.items():
            if (voltage, name) not in ended:
                yield self._sum(account, Place(voltage, kind), name), account.of_kind(kind).limited

    def _sum(self, account: Account, place: Place, name: str) -> _Sum:
        clock = account.of_kind(place.kind)
        average = clock.row.average
        set_ = average if average and place.voltage in average.voltages else None
        limit = None if name == ALL else clock.limited.limit
        return self._sums.setdefault((account.policy.version, place.voltage, name), _Sum(limit, set_))

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each policy, voltage and kind, with the names of ``TITLES``; means to two places, ``None`` of no
        case."""
        for (policy, voltage, kind), one in sorted(self._sums.items()):
            yield {"policy": policy, "voltage": voltage, "kind": kind} | _row(one)


def _row(one: _Sum) -> dict[str, Any]:
    cases, days = _together(one.changed, one.unchanged)
    return {
        "cases": cases,
        "working_days": days,
        "mean": _mean(one.changed, one.unchanged),
        "longest": max(one.changed.longest, one.unchanged.longest),
        "limit": one.limit,
        "over": one.changed.over + one.unchanged.over,
        "average": one.average.days if one.average else None,
        "beyond": one.average is not None and days > one.average.days * cases,
        "clause": one.average.clause if one.average else "",
        "changed": one.changed.cases,
        "mean_unchanged": _mean(one.unchanged),
        "left": one.left.cases,
        "left_over": one.left.over,
        "mean_with_left": _mean(one.changed, one.unchanged, one.left),
    }


def _together(*sorts: _Days) -> tuple[int, int]:
    return sum(one.cases for one in sorts), sum(one.working_days for one in sorts)


def _mean(*sorts: _Days) -> float | None:
    cases, days = _together(*sorts)
    return round(days / cases, 2) if cases else None


def cells(row: dict[str, Any]) -> list[Any]:
    """A row for a spreadsheet, in the order of ``TITLES``."""
    return [("是" if row[name] else "") if name == "beyond" else row[name] for name in TITLES]

"""How long cases took on average, beside the limits of annex 2 and the averages that annex 1 sets. Pure.

Annex 1 sets an average for all customers of a voltage; the kinds of a voltage are shown beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hub.audit.account import Account, name_of
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
}
"""The columns: their name in JSON, and in Chinese."""


@dataclass(slots=True)
class _Sum:
    limit: int | None
    average: Average | None
    cases: int = 0
    working_days: int = 0
    longest: int = 0
    over: int = 0


class Averages:
    """Sums of the cases that got electricity in a time, by the kind that was in force at the end."""

    def __init__(self, since_ms: int, until_ms: int) -> None:
        self._since_ms = since_ms
        self._until_ms = until_ms
        self._sums: dict[tuple[str, str, str], _Sum] = {}

    def add(self, account: Account) -> None:
        """Count a case; one that has no electricity, or got it at another time, counts nowhere."""
        history = account.history
        if history.end is not Action.END or not self._since_ms <= (history.ended_ms or 0) <= self._until_ms:
            return
        kind = account.clock.now
        average = kind.row.average
        set_ = average if average and account.voltage in average.voltages else None
        for name, limit in ((name_of(kind.kind), kind.limited.limit), (ALL, None)):
            sum_ = self._sums.setdefault((account.policy.version, account.voltage, name), _Sum(limit, set_))
            sum_.cases += 1
            sum_.working_days += kind.limited.used
            sum_.longest = max(sum_.longest, kind.limited.used)
            sum_.over += kind.limited.over > 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each policy, voltage and kind, with the names of ``TITLES``; ``mean`` to two places."""
        for (policy, voltage, kind), one in sorted(self._sums.items()):
            beyond = one.average is not None and one.working_days > one.average.days * one.cases
            yield {
                "policy": policy,
                "voltage": voltage,
                "kind": kind,
                "cases": one.cases,
                "working_days": one.working_days,
                "mean": round(one.working_days / one.cases, 2),
                "longest": one.longest,
                "limit": one.limit,
                "over": one.over,
                "average": one.average.days if one.average else None,
                "beyond": beyond,
                "clause": one.average.clause if one.average else "",
            }


def cells(row: dict[str, Any]) -> list[Any]:
    """A row for a spreadsheet, in the order of ``TITLES``."""
    return [("是" if row[name] else "") if name == "beyond" else row[name] for name in TITLES]

"""What may not be charged (§9 of 津工信电力〔2021〕8号): nothing from residents and 三零.

A case that was promised to be free stays free when its kind is changed on the way (已承诺实行“三零”服务). A resident
pays nothing at any voltage: §9 says 居民客户, and only of the others 低压.
"""

from typing import Final

from hub.cases.policies.model import Boundary, CaseType, Fee, Policy
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import History, Judged, State

_RESIDENT: Final = "RESIDENT"
_RESIDENT_ROW: Final = "low-resident"


def fee(history: History, policy: Policy, customer_class: str) -> Fee:
    """What the customer of a case may be charged. ``customer_class``: as applied for."""
    return next((row.fee for row in _free(history, policy, customer_class)), _now(history, policy).fee)


def boundaries(history: History, policy: Policy, customer_class: str) -> tuple[Boundary, ...]:
    """How far the utility's investment reaches for a case (§8), and where it depends on the project."""
    rows = _now(history, policy), *_free(history, policy, customer_class)
    return tuple(dict.fromkeys(one for row in rows for one in policy.boundary(row.name)))


def charges(history: History, policy: Policy, customer_class: str) -> list[tuple[Judged, str]]:
    """The reported charges that the policy does not allow, each with its clause. A charge that is a claim only is
    found too: it was reported. The same one over two ways is found once. Of a charge whose time was corrected the later
    time counts: a correction moves none to before the promise."""
    found = []
    for one in history.facts:
        if one.fact.action is Action.CHARGE and one.state is not State.REPEATED:
            free = _free(history, policy, customer_class, max(one.at_ms, one.fact.occurred_ms))
            found += [(one, row.fee.clause) for row in free[:1]]
    return found


def _now(history: History, policy: Policy) -> CaseType:
    return policy.cases[history.kinds[-1][1].case_type]


def _free(history: History, policy: Policy, customer_class: str, at_ms: int | None = None) -> list[CaseType]:
    """The rows under which the customer pays nothing, of those that the case had had at a moment; ``None``: of all."""
    (_, first), *later = history.kinds
    had = [first.case_type, *(kind.case_type for since, kind in later if at_ms is None or since <= at_ms)]
    own = [_RESIDENT_ROW] if customer_class == _RESIDENT else []
    rows = (policy.cases[name] for name in dict.fromkeys([*own, *had]))
    return [row for row in rows if row.fee.free]

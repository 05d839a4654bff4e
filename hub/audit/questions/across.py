"""What only many cases together show: segments of several cases that ended in the same second."""

from collections.abc import Iterator, Mapping
from typing import Final

from hub.audit.account import Account
from hub.audit.findings.finding import Finding, Shown
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import State

CASES: Final = 3
"""So many cases whose segments ended in one second did not end by themselves."""
SHOWN_MAX: Final = 100
"""Steps that are shown of one second; the figures have the number of all."""


class Seconds:
    """The ends of segments by their second, from one case after the other."""

    def __init__(self) -> None:
        self._ends: dict[int, dict[bytes, bytes]] = {}

    def add(self, account: Account) -> None:
        """Remember the ends of one case."""
        for one in account.history.facts:
            if one.state is State.COUNTED and one.fact.action in (Action.END, Action.RETURN):
                self._ends.setdefault(one.at_ms // 1000, {})[account.case_id] = one.fact.record_id

    def findings(self) -> Iterator[Finding]:
        """One finding for each second in which segments of ``CASES`` cases or more ended."""
        for second, ends in sorted(self._ends.items()):
            if len(ends) >= CASES:
                yield _finding(second * 1000, ends)


def _finding(at_ms: int, ends: Mapping[bytes, bytes]) -> Finding:
    found = sorted(ends.items())[:SHOWN_MAX]
    events = tuple(Shown("step", record_id.hex(), at_ms, f"of {case_id.hex()}") for case_id, record_id in found)
    return Finding("SAME_SECOND_IN_CASES", None, events, (("cases", len(ends)),))

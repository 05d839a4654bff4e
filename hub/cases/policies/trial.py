"""What a new table would change for the cases that are open. It changes none of them: a case keeps the table that it
began with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from hub.cases.calendar import Calendar
from hub.cases.policies.model import CaseType, Policy


class OpenCase(NamedTuple):
    """An open case: the version that it began with, its kind, whether it said that works outside the site are needed,
    and the day on which it began (China's)."""

    policy: str
    case_type: str
    starred: bool
    external_works: bool
    begun_on: date


@dataclass(slots=True)
class Group:
    """Open cases of one kind and version. ``limits``: what their own table and the new one allow, as (what, before,
    after) in working days, only where they differ. ``earlier`` and ``later``: cases whose next date would be so."""

    policy: str
    case_type: str
    starred: bool
    external_works: bool
    limits: Sequence[tuple[str, int | None, int | None]]
    cases: int = 0
    earlier: int = 0
    later: int = 0

    @property
    def changed(self) -> bool:
        """Whether the new table says anything else for them."""
        return bool(self.limits or self.earlier or self.later)


def trial(cases: Iterable[OpenCase], table: Policy, policies: Mapping[str, Policy], calendar: Calendar) -> list[Group]:
    """The open cases by kind and version, with what ``table`` would change. ``policies``: version → table, of every
    version that a case may have. Raises ``KeyError`` for a version that is not there."""
    groups: dict[tuple[str, str, bool, bool], Group] = {}
    moved: dict[OpenCase, int] = {}
    for one in cases:
        own, new = policies[one.policy].where(one.external_works), table.where(one.external_works)
        if (group := groups.get(one[:4])) is None:
            group = groups[one[:4]] = Group(*one[:4], _limits(own, new, one.case_type, one.starred))
        if one not in moved:
            moved[one] = _moved(one, own, new, calendar)
        group.cases += 1
        group.earlier += moved[one] < 0
        group.later += moved[one] > 0
    return [groups[key] for key in sorted(groups)]


def _moved(one: OpenCase, own: Policy, table: Policy, calendar: Calendar) -> int:
    """By how many days the date that was promised at the beginning would be later."""
    before, after = (each.dates(one.case_type, one.starred, one.begun_on, calendar).counted_to for each in (own, table))
    assert before is not None
    assert after is not None
    return (after - before).days


def _limits(own: Policy, table: Policy, case_type: str, starred: bool) -> list[tuple[str, int | None, int | None]]:
    before, after = (_figures(each.cases[case_type], starred) for each in (own, table))
    names = dict.fromkeys((*before, *after))
    return [(one, before.get(one), after.get(one)) for one in names if before.get(one) != after.get(one)]


def _figures(row: CaseType, starred: bool) -> dict[str, int | None]:
    whole = {"whole process": row.whole_process} if row.whole_process else {"total": row.total(starred)}
    return whole | {segment.name: segment.days for segment in row.timed(starred)}

"""What a new table would change for the cases that are open. It changes none of them: a case keeps the table that it
began with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from hub.cases.calendar import Calendar
from hub.cases.clocks import clock, dates, timed
from hub.cases.policies.compare import Difference, between
from hub.cases.policies.model import CaseType, Policy
from hub.cases.steps.facts import Fact, Kind
from hub.cases.steps.judge import judge


class Told(NamedTuple):
    """What a clock counts by: when the case was submitted (ms, to the minute), as which kind, and all that the utility
    reported."""

    submitted_ms: int
    kind: Kind
    facts: tuple[Fact, ...]


class OpenCase(NamedTuple):
    """An open case: the version that it began with, its kind, whether it said that works outside the site are needed,
    and the day on which it began (China's). ``told``: ``None`` where the utility has reported nothing yet."""

    policy: str
    case_type: str
    starred: bool
    external_works: bool
    begun_on: date
    told: Told | None = None


@dataclass(slots=True)
class Group:
    """Open cases of one kind and version. ``limits``: what their own table and the new one allow, as (what, before,
    after) in working days, only where they differ. ``entries``: what else the tables say otherwise of such a case:
    steps, materials, fee, ceilings, averages, investment. ``earlier`` and ``later``: cases whose next date would
    be so."""

    policy: str
    case_type: str
    starred: bool
    external_works: bool
    limits: Sequence[tuple[str, int | None, int | None]]
    entries: Sequence[Difference] = ()
    cases: int = 0
    earlier: int = 0
    later: int = 0

    @property
    def changed(self) -> bool:
        """Whether the new table says anything else for them."""
        return bool(self.limits or self.entries or self.earlier or self.later)


def trial(cases: Iterable[OpenCase], table: Policy, policies: Mapping[str, Policy], calendar: Calendar) -> list[Group]:
    """The open cases by kind and version, with what ``table`` would change. ``policies``: version → table, of every
    version that a case may have. Raises ``KeyError`` for a version that is not there."""
    groups: dict[tuple[str, str, bool, bool], Group] = {}
    moved: dict[OpenCase, int] = {}
    for one in cases:
        own, new = policies[one.policy].where(one.external_works), table.where(one.external_works)
        if (group := groups.get(one[:4])) is None:
            group = groups[one[:4]] = Group(*one[:4], *_differing(own, new, one.case_type, one.starred))
        days = moved.get(one)
        if days is None:
            days = _moved(one, own, new, calendar)
        if one.told is None:  # many begin on one day, and no two have one history
            moved[one] = days
        group.cases += 1
        group.earlier += days < 0
        group.later += days > 0
    return [groups[key] for key in sorted(groups)]


def _moved(one: OpenCase, own: Policy, table: Policy, calendar: Calendar) -> int:
    """By how many days its next date would be later; 0 where it has none under one of the tables, as while it is the
    customer's turn."""
    before, after = (_next_date(one, each, calendar) for each in (own, table))
    return (after - before).days if before and after else 0


def _next_date(one: OpenCase, table: Policy, calendar: Calendar) -> date | None:
    """The last day of what runs, by the case's own clock: its segment from its own opening, its total with the days
    that are used; of the whole process where the policy sets that."""
    if one.told is None:
        return table.dates(one.case_type, one.starred, one.begun_on, calendar).counted_to
    history = judge(one.told.facts, one.told.submitted_ms, one.told.kind, timed(table))
    found = dates(clock(history, table, calendar, one.begun_on))  # what is used by today moves no date
    return found.due_on or found.segment_due_on


def _differing(
    own: Policy, table: Policy, case_type: str, starred: bool
) -> tuple[list[tuple[str, int | None, int | None]], list[Difference]]:
    """The limits that differ, and the other entries."""
    both = _asked(own, case_type, starred) & _asked(table, case_type, starred)
    before, after = (_entries(each, case_type, starred, both) for each in (own, table))
    return _limits(own, table, case_type, starred), between(before, after)


def _limits(own: Policy, table: Policy, case_type: str, starred: bool) -> list[tuple[str, int | None, int | None]]:
    before, after = (_figures(each.cases[case_type], starred) for each in (own, table))
    names = dict.fromkeys((*before, *after))
    return [(one, before.get(one), after.get(one)) for one in names if before.get(one) != after.get(one)]


def _figures(row: CaseType, starred: bool) -> dict[str, int | None]:
    whole = {"whole process": row.whole_process} if row.whole_process else {"total": row.total(starred)}
    return whole | {segment.name: segment.days for segment in row.timed(starred)}


def _asked(table: Policy, case_type: str, starred: bool) -> set[str]:
    """The materials that may be asked for."""
    return {name for one in table.cases[case_type].timed(starred) for name in one.materials}


def _entries(table: Policy, case_type: str, starred: bool, materials: Iterable[str]) -> dict[str, Any]:
    """All that a table says of such a case, without the limits that ``_figures`` has, and without clauses: another
    document that says the same changes nothing. ``materials``: those whose own entries are wanted."""
    row, entries = table.cases[case_type], table.materials
    said = {
        **_said(row, starred),
        "material": {name: entries[name].model_dump(mode="json", exclude_none=True) for name in sorted(materials)},
        "never": {name: one.model_dump(mode="json") for name, one in table.nevers.items()},
        "boundary": {one.name: one.model_dump(mode="json") for one in table.boundary(case_type)},
        "permits": dict(table.permits),
        "starting_day_counts": table.starting_day_counts,
    }
    found: dict[str, Any] = _without_clauses(said)
    return found


def _said(row: CaseType, starred: bool) -> dict[str, Any]:
    """A row's entries but its limits; of its steps and segments those that such a case has."""
    limits = {"name", "with_works", "whole_process", "total_days", "total_starred"}
    said = row.model_dump(mode="json", exclude=limits | {"segments", "steps"}, exclude_none=True)
    segments = [one.model_dump(mode="json", exclude={"days"}) for one in row.timed(starred)]
    return said | {"segments": segments, "steps": [one.model_dump(mode="json") for one in row.seen(starred)]}


def _without_clauses(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_clauses(one) for key, one in value.items() if key != "clause"}
    return [_without_clauses(one) for one in value] if isinstance(value, list) else value

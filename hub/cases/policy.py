"""Steps, limits and materials: policy as data, one file a year in ``policies/``. A case keeps the table that was in
force when it opened.

The policy sets a date for the whole only where it times the whole process. Otherwise its total is the sum of segments,
with the customer's own time between them: only the segment that runs has a date, and of the total so many days are
left.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, Protocol

from hub.cases.calendar import Calendar
from hub.errors import Misconfigured

LOW = "LOW"
UP_TO_10_KV = (LOW, "HIGH_10KV")
"""Voltage classes at which users that are not important need no design review and no mid inspection (annex 2, note
3)."""
VOLTAGES = (LOW, "HIGH_10KV", "HIGH_20KV", "HIGH_35KV", "HIGH_66KV", "HIGH_110KV", "HIGH_220KV")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of annex 2 with a limit of ``days`` working days. ``starred``: it applies only where design review
    and mid inspection do (note 3)."""

    name: str
    zh: str
    days: int
    starred: bool = False


@dataclass(frozen=True, slots=True)
class CaseType:
    """One row of annex 2. The limit is either ``whole_process`` (working days) or the sum of ``segments``."""

    name: str
    zh: str
    steps: tuple[str, ...]
    materials: tuple[str, ...]
    whole_process: int | None
    segments: tuple[Segment, ...]

    def timed(self, starred: bool) -> tuple[Segment, ...]:
        """The segments that apply: all, or without the starred ones."""
        return tuple(segment for segment in self.segments if starred or not segment.starred)

    def running(self, starred: bool) -> Segment | None:
        """The segment that the submission begins; ``None`` where the policy times the whole process. Each next one
        begins when the customer asks for it."""
        return None if self.whole_process else self.timed(starred)[0]

    def total(self, starred: bool) -> int:
        """Working days of the whole case."""
        return self.whole_process or sum(segment.days for segment in self.timed(starred))


class Dates(NamedTuple):
    """The dates of one case. ``due_on``: the last day of the whole process, where the policy sets one; otherwise
    ``segment`` is the one that runs, and ``segment_due_on`` its last day. ``counted_to``: the last day that was
    counted; ``None`` only in dates of a former version. ``provisional``: a year without a notice was counted.
    ``calendar`` and ``edition``: what the days were counted by."""

    due_on: date | None
    segment: str
    segment_due_on: date | None
    counted_to: date | None
    provisional: bool
    calendar: str
    edition: int

    @property
    def promised(self) -> tuple[date | None, str, date | None, bool]:
        """What a connection system is told."""
        return self.due_on, self.segment, self.segment_due_on, self.provisional


@dataclass(frozen=True, slots=True)
class Policy:
    """One year's table. ``source`` is the document that it comes from; ``cases`` maps the name of a row to the row."""

    version: str
    effective_from: date
    source: str
    starting_day_counts: bool
    cases: Mapping[str, CaseType]

    @property
    def longest(self) -> int:
        """The most working days that any case may take."""
        return max(row.total(True) for row in self.cases.values())

    def dates(self, case_type: str, starred: bool, begun_on: date, calendar: Calendar) -> Dates:
        """The dates of a case that began on ``begun_on`` (China's date)."""
        row = self.cases[case_type]
        running = row.running(starred)
        days = running.days if running else row.total(starred)
        end, provisional, version = calendar.add(begun_on, days, self.starting_day_counts)
        if running is None:
            return Dates(end, "", None, end, provisional, version, calendar.number)
        return Dates(None, running.name, end, end, provisional, version, calendar.number)

    def days_left(self, case_type: str, starred: bool, begun_on: date, today: date, calendar: Calendar) -> int:
        """Working days of the total that are left at the end of ``today``, at least 0. A segment takes at most its own
        limit from the total until its end is reported."""
        row = self.cases[case_type]
        running, total = row.running(starred), row.total(starred)
        used = calendar.between(begun_on, today, self.starting_day_counts)
        return max(0, total - min(used, running.days if running else total))


@dataclass(frozen=True, slots=True)
class Rules:
    """What decisions are made by: the policy tables, oldest first, and the kinds that a source exists for."""

    policies: tuple[Policy, ...]
    kinds: frozenset[str]


class Customer(Protocol):
    """What the policy must know of a customer."""

    @property
    def customer_class(self) -> str:
        """RESIDENT or NON_RESIDENT."""

    @property
    def voltage(self) -> str:
        """One of ``VOLTAGES``."""

    @property
    def sanling(self) -> bool:
        """Whether the '三零' service applies."""

    @property
    def sources(self) -> int:
        """Number of supplies, 1 or 2."""

    @property
    def important(self) -> bool:
        """Whether it is an important user."""


class CaseOpening(NamedTuple):
    """What the policy says of a new case."""

    policy: str
    case_type: str
    starred: bool
    materials: tuple[str, ...]
    dates: Dates


def open_case(customer: Customer, day: date, policies: Iterable["Policy"], calendar: Calendar) -> CaseOpening:
    """What the table in force on ``day`` (China's date) says of this customer. Raises ``Misconfigured`` where no table
    is in force."""
    policy = in_force(day, policies)
    kind = case_type(customer.customer_class, customer.voltage, customer.sanling, customer.sources)
    with_star = starred(customer.voltage, customer.important)
    dates = policy.dates(kind, with_star, day, calendar)
    return CaseOpening(policy.version, kind, with_star, policy.cases[kind].materials, dates)


def case_type(customer_class: str, voltage: str, sanling: bool, sources: int) -> str:
    """The name of the row of annex 2 that applies to a customer.

    >>> case_type("RESIDENT", "LOW", True, 1), case_type("NON_RESIDENT", "HIGH_10KV", False, 2)
    ('low-resident', 'high-dual')
    """
    if voltage != LOW:
        return "high-dual" if sources > 1 else "high-single"
    if customer_class == "RESIDENT":
        return "low-resident"
    return "low-sanling" if sanling else "low-other"


def starred(voltage: str, important: bool) -> bool:
    """Whether design review and mid inspection apply (annex 2, note 3).

    >>> starred("HIGH_10KV", False), starred("HIGH_10KV", True), starred("HIGH_35KV", False)
    (False, True, True)
    """
    return important or voltage not in UP_TO_10_KV


def load(text: str) -> Policy:
    """A policy from the text of its file. Raises ``Misconfigured`` for one that is no table of limits."""
    try:
        return read(tomllib.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Misconfigured(
            f"the policy file cannot be read ({type(error).__name__}: {str(error)[:200]})",
            "compare it with those in hub/cases/policies",
        ) from None


def read(document: Mapping[str, Any]) -> Policy:
    """A policy from its parsed TOML file. Raises ``KeyError`` for a file that lacks an entry."""
    return Policy(
        document["version"],
        date.fromisoformat(document["effective_from"]),
        document["source"],
        document["starting_day_counts"],
        {name: _case(name, entry) for name, entry in document["case"].items()},
    )


def _case(name: str, entry: Mapping[str, Any]) -> CaseType:
    segments = tuple(Segment(**segment) for segment in entry.get("segments", ()))
    whole = entry.get("whole_process")
    return CaseType(name, entry["zh"], tuple(entry["steps"]), tuple(entry["materials"]), whole, segments)


@cache
def shipped() -> tuple[Policy, ...]:
    """Every year's table that this release ships, oldest first."""
    folder = resources.files("hub.cases").joinpath("policies")
    files = (file for file in folder.iterdir() if file.name.endswith(".toml"))
    read_all = (load(file.read_text("utf-8")) for file in files)
    return tuple(sorted(read_all, key=lambda policy: policy.effective_from))


def in_force(day: date, policies: Iterable[Policy] | None = None) -> Policy:
    """The newest table that is in force on ``day``; ``policies`` are sorted, oldest first. Raises ``Misconfigured``
    when there is none.
    """
    found = [policy for policy in policies or shipped() if policy.effective_from <= day]
    if not found:
        raise Misconfigured(f"no policy table is in effect on {day}", "add one to hub/cases/policies")
    return found[-1]


class Ahead(NamedTuple):
    """How far the limits of cases that begin today reach, and how far working days are known. ``longest``: working days
    of the longest limit."""

    longest: int
    reaches_to: date
    known_until: date

    @property
    def short(self) -> bool:
        """Whether a limit reaches into a year whose notice is not known."""
        return self.reaches_to > self.known_until


def ahead(calendar: Calendar, today: date) -> Ahead:
    """Look ahead by the longest limit of the policy in force on ``today`` (China's date)."""
    policy = in_force(today)
    reaches_to = calendar.add(today, policy.longest, policy.starting_day_counts).day
    return Ahead(policy.longest, reaches_to, calendar.known_until(today))


def by_version(version: str) -> Policy:
    """The table that a case began with. Raises ``Misconfigured`` when this release no longer ships it."""
    for policy in shipped():
        if policy.version == version:
            return policy
    raise Misconfigured(
        f"no policy table has version {version}", "a case keeps its table: put the file back into hub/cases/policies"
    )

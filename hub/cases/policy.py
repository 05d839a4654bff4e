"""Steps, limits and materials: policy as data, one file a year in ``policies/``. A case keeps the table that was in
force when it opened."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, Protocol

from hub.cases.calendar import add_working_days
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

    def total(self, starred: bool) -> int:
        """Working days of the whole case."""
        return self.whole_process or sum(segment.days for segment in self.timed(starred))


@dataclass(frozen=True, slots=True)
class Policy:
    """One year's table. ``source`` is the document that it comes from; ``cases`` maps the name of a row to the row."""

    version: str
    effective_from: date
    source: str
    starting_day_counts: bool
    cases: Mapping[str, CaseType]

    def due_on(self, case_type: str, starred: bool, submitted_on: date) -> date:
        """Last day of the limit (China's date). Raises ``Misconfigured`` when it is in a year whose working days are
        not known.
        """
        return add_working_days(submitted_on, self.cases[case_type].total(starred), self.starting_day_counts)


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
    """What the policy says of a new case. ``due_on`` is ``None`` while the calendar of that year is not known: an
    application must not wait for a calendar."""

    policy: str
    case_type: str
    starred: bool
    materials: tuple[str, ...]
    due_on: date | None


def open_case(customer: Customer, day: date, policies: Iterable["Policy"]) -> CaseOpening:
    """What the table in force on ``day`` (China's date) says of this customer. Raises ``Misconfigured`` where no table
    is in force."""
    policy = in_force(day, policies)
    kind = case_type(customer.customer_class, customer.voltage, customer.sanling, customer.sources)
    with_star = starred(customer.voltage, customer.important)
    try:
        due_on = policy.due_on(kind, with_star, day)
    except Misconfigured:
        due_on = None
    return CaseOpening(policy.version, kind, with_star, policy.cases[kind].materials, due_on)


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
    read_all = (read(tomllib.loads(file.read_text("utf-8"))) for file in files)
    return tuple(sorted(read_all, key=lambda policy: policy.effective_from))


def in_force(day: date, policies: Iterable[Policy] | None = None) -> Policy:
    """The newest table that is in force on ``day``; ``policies`` are sorted, oldest first. Raises ``Misconfigured``
    when there is none.
    """
    found = [policy for policy in policies or shipped() if policy.effective_from <= day]
    if not found:
        raise Misconfigured(f"no policy table is in effect on {day}", "add one to hub/cases/policies")
    return found[-1]


def by_version(version: str) -> Policy:
    """The table that a case began with. Raises ``Misconfigured`` when this release no longer ships it."""
    for policy in shipped():
        if policy.version == version:
            return policy
    raise Misconfigured(
        f"no policy table has version {version}", "a case keeps its table: put the file back into hub/cases/policies"
    )

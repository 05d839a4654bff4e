"""Steps, limits and materials: policy as data, one file a year in ``policies/``. A case keeps the table that was in
force when it opened.

The policy sets a date for the whole only where it times the whole process. Otherwise its total is the sum of segments,
with the customer's own time between them: only the segment that runs has a date, and of the total so many days are
left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple, Protocol

from hub.cases.calendar import Calendar
from hub.cases.policies.files import Filed, filed, joined, load, of_folder
from hub.cases.policies.model import Classed, Dates, Policy
from hub.cases.steps.facts import ACCEPTANCE
from hub.errors import Misconfigured, Unavailable

LOW = "LOW"
UP_TO_10_KV = (LOW, "HIGH_10KV")
"""Voltage classes at which users that are not important need no design review and no mid inspection (annex 2, note
3)."""


class Recipients(NamedTuple):
    """Those who are told of a last day, before and after it: names in the settings, never a person's. ``desks`` are
    those that have an address."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    desks: frozenset[str] = frozenset()


NO_ONE = Recipients()


@dataclass(frozen=True, slots=True)
class Rules:
    """What decisions are made by: the policy tables, oldest first, the kinds that a source exists for, and the
    recipients of warnings."""

    policies: tuple[Policy, ...]
    kinds: frozenset[str]
    recipients: Recipients = NO_ONE


class Customer(Classed, Protocol):
    """What the policy must know of a customer."""

    @property
    def sources(self) -> int:
        """Number of supplies, 1 or 2."""

    @property
    def important(self) -> bool:
        """Whether it is an important user."""

    @property
    def external_works(self) -> bool | None:
        """Whether works outside the site are needed; ``None`` where it is not said."""


class CaseOpening(NamedTuple):
    """What the policy says of a new case. ``materials``: names of those that acceptance may ask for."""

    policy: str
    case_type: str
    starred: bool
    materials: tuple[str, ...]
    dates: Dates


def open_case(customer: Customer, day: date, policies: Iterable["Policy"], calendar: Calendar) -> CaseOpening:
    """What the table in force on ``day`` (China's date) says of this customer. Raises ``Misconfigured`` where no table
    is in force."""
    policy = in_force(day, policies).where(customer.external_works)
    kind = case_type(customer.customer_class, customer.voltage, customer.sanling, customer.sources)
    with_star = starred(customer.voltage, customer.important)
    dates = policy.dates(kind, with_star, day, calendar)
    materials = tuple(one.name for one in policy.asked(kind, with_star)[ACCEPTANCE])
    return CaseOpening(policy.version, kind, with_star, materials, dates)


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


@cache
def shipped() -> tuple[Policy, ...]:
    """Every year's table that this release ships, oldest first."""
    folder = resources.files("hub.cases").joinpath("policies")
    files = (file for file in folder.iterdir() if file.name.endswith(".toml"))
    read_all = (load(file.read_text("utf-8")) for file in files)
    return tuple(sorted(read_all, key=lambda policy: policy.effective_from))


class NoTable(Misconfigured, Unavailable):
    """A case began with a table that this hub has not, as while an operator gives it to one hub after the other. The
    case is not touched: what needs the table waits, and says which one."""


class _Known:
    """The tables of this process: one set for all that it does, as there is one installation."""

    tables: tuple[Policy, ...] = ()


def install(folder: Path | None) -> list[Filed]:
    """Know the tables of ``policies_dir`` beside those of the release from now on; ``None``: only these. Raises
    ``Misconfigured`` as ``of_folder`` and ``joined`` do."""
    added = of_folder(folder) if folder else []
    _Known.tables = joined(shipped(), added) if added else ()
    return added


def tried(file: Path, folder: Path | None) -> Policy:
    """The table in ``file``, which would be put into ``policies_dir`` (``folder``), in the place of one with its
    version. Raises ``Misconfigured`` where a hub would refuse it at its start."""
    new = filed(file)
    others = [one for one in (of_folder(folder) if folder else []) if one.table.version != new.table.version]
    joined(shipped(), [*others, new])
    return new.table


def known() -> tuple[Policy, ...]:
    """Every table that this process knows, oldest first."""
    return _Known.tables or shipped()


def in_force(day: date, policies: Iterable[Policy] | None = None) -> Policy:
    """The newest table that is in force on ``day``; ``policies`` are sorted, oldest first. Raises ``Misconfigured``
    when there is none.
    """
    found = [policy for policy in policies or known() if policy.effective_from <= day]
    if not found:
        raise Misconfigured(f"no policy table is in effect on {day}", "put one into policies_dir")
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


class OfCase(Protocol):
    """What a case keeps of the table that it began with: a row of ``application``."""

    @property
    def policy(self) -> str:
        """The table's version."""

    @property
    def external_works(self) -> bool | None:
        """As ``Customer.external_works``."""


def of_case(row: OfCase) -> Policy:
    """The table that a case began with, as it is for a case with its works. Raises as ``by_version`` does."""
    return by_version(row.policy).where(row.external_works)


def by_version(version: str) -> Policy:
    """The table of this version. Raises ``NoTable``."""
    for policy in known():
        if policy.version == version:
            return policy
    raise NoTable(
        f"no policy table has version {version}",
        "a case keeps its table: put its file into policies_dir, as on the other hubs",
    )

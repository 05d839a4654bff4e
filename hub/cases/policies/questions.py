"""What a person should ask about an application. A question is never a refusal: the application continues."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final, NamedTuple, Protocol

from hub.cases.policies.model import Classed, Policy
from hub.cases.steps.facts import Kind
from hub.records.address import parse
from hub.records.divisions import PROVINCES, present_code

SANLING_ABOVE_CAPACITY: Final = "SANLING_ABOVE_CAPACITY"
SANLING_AT_HIGH_VOLTAGE: Final = "SANLING_AT_HIGH_VOLTAGE"
RESIDENT_AT_HIGH_VOLTAGE: Final = "RESIDENT_AT_HIGH_VOLTAGE"
SITE_OUTSIDE_CITY: Final = "SITE_OUTSIDE_CITY"
CODES: Final = (SANLING_ABOVE_CAPACITY, SANLING_AT_HIGH_VOLTAGE, RESIDENT_AT_HIGH_VOLTAGE, SITE_OUTSIDE_CITY)
_SECTION_7: Final = "津工信电力〔2021〕8号 §7"
_NOTE_1: Final = "津工信电力〔2021〕8号 附件2 注1、注2"
_SCOPE: Final = "津工信电力〔2021〕8号 总体目标：在全市范围内"


class Question(NamedTuple):
    """What a person should ask, by its code (words: ``hub.cases.reasons``), and the clause that it comes from."""

    code: str
    clause: str


class Site(Protocol):
    """Where electricity is wanted."""

    @property
    def unit_no(self) -> str | None:
        """Number of the real-estate unit."""

    @property
    def address(self) -> str | None:
        """The address as people write it."""


class Asked(Classed, Protocol):
    """What questions are about: an application, or what a case has become."""

    @property
    def capacity_kw(self) -> float:
        """What it asks for, in kW."""

    @property
    def site(self) -> Site:
        """Where."""


def questions(about: Asked, policy: Policy) -> list[Question]:
    """The questions about an application by the table that it began with, in the order of ``CODES``."""
    high, small = about.voltage != "LOW", about.capacity_kw <= policy.sanling_kw
    asked = (
        (about.sanling and not small, Question(SANLING_ABOVE_CAPACITY, f"{_SECTION_7}、§8")),
        (about.sanling and small and high, Question(SANLING_AT_HIGH_VOLTAGE, _SECTION_7)),
        (about.customer_class == "RESIDENT" and high, Question(RESIDENT_AT_HIGH_VOLTAGE, _NOTE_1)),
        (_is_outside(about.site, policy.division), Question(SITE_OUTSIDE_CITY, _SCOPE)),
    )
    return [question for holds, question in asked if holds]


def after(kinds: Sequence[Kind], capacity_kw: float, policy: Policy) -> list[Question]:
    """The questions that the changes of a case on the way raise. ``kinds``: those that it has had, in their order."""
    rows, small = [kind.case_type for kind in kinds], capacity_kw <= policy.sanling_kw
    became_high = {row for row, later in combinations(rows, 2) if later.startswith("high-")}
    asked = (
        ("low-sanling" in rows[1:] and not small, Question(SANLING_ABOVE_CAPACITY, f"{_SECTION_7}、§8")),
        ("low-sanling" in became_high and small, Question(SANLING_AT_HIGH_VOLTAGE, _SECTION_7)),
        ("low-resident" in became_high, Question(RESIDENT_AT_HIGH_VOLTAGE, _NOTE_1)),
    )
    return [question for holds, question in asked if holds]


def _is_outside(site: Site, division: str) -> bool:
    """Whether the site says that it is in another place than the table is for. A place that cannot be told is not."""
    if site.unit_no:
        return not present_code(site.unit_no[:6]).startswith(division)
    place = parse(site.address or "")
    province = place["province"]
    return province in PROVINCES.values() and province != PROVINCES.get(division[:2])

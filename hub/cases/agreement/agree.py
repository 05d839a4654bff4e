"""The findings of a case: pairs of certificates, compared. Pure.

    identity card ── applicant ── business licence ── title's holders ── project's builder
                        │               │
                      agent ── legal representative, now and before ── title's holders

A pair is compared when both sides are there. A finding names the versions (record ids) that were compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple

from hub.cases.agreement.parties import Party, Result, Said, Why, among, compare
from hub.cases.places.compare import Place, Verdict
from hub.cases.places.compare import compare as compare_places

Plain = Mapping[str, Any]
IDENTITY: Final = "licence.resident-id"
LICENCE: Final = "licence.business"
TITLE: Final = "licence.property-title"
PROJECT: Final = "project.approval"


class About(StrEnum):
    """Which pair a finding is about."""

    APPLICANT_IDENTITY = "APPLICANT_IDENTITY"
    """The applicant, and the identity card."""
    AGENT_IDENTITY = "AGENT_IDENTITY"
    """Who acts for the applicant, and the identity card, where it is the agent's by the number."""
    APPLICANT_LICENCE = "APPLICANT_LICENCE"
    """The applicant, and the enterprise of the business licence."""
    AGENT_REPRESENTATIVE = "AGENT_REPRESENTATIVE"
    """Who acts for an enterprise, and its legal representative: AGREES for one who needs no mandate."""
    REPRESENTATIVE_BEFORE = "REPRESENTATIVE_BEFORE"
    """The legal representative, and the one of the version of the licence before: who gave the mandate?"""
    REPRESENTATIVE_AT_MANDATE = "REPRESENTATIVE_AT_MANDATE"
    """The legal representative on the day of the mandate, by the licence of that day, and the one of now."""
    APPLICANT_HOLDER = "APPLICANT_HOLDER"
    """The applicant, and the holders of the title. DIFFERS for a tenant."""
    REPRESENTATIVE_HOLDER = "REPRESENTATIVE_HOLDER"
    """The legal representative, and the holders of the title. AGREES where an enterprise sits in a unit of its
    representative's own: the applicant is another, and the enterprise's own title DIFFERS."""
    APPLICANT_BUILDER = "APPLICANT_BUILDER"
    """The applicant, and the builder of the project."""
    HOLDER_BUILDER = "HOLDER_BUILDER"
    """The holders of the title, and the builder of the project."""
    SITE_PROJECT = "SITE_PROJECT"
    """The unit of the title, and the construction site."""


class Version(NamedTuple):
    """One version of a record, opened."""

    record_id: bytes
    record: Plain


@dataclass(frozen=True, slots=True)
class Facts:
    """What is compared: who applies and who acts for them, as submitted; the record of each kind that the case has;
    ``former``: the versions of the business licence before that one, oldest first; ``signed_on``: the day of the
    mandate, where it was told."""

    applicant: Party
    agent: Party | None = None
    records: Mapping[str, Version] = field(default_factory=dict)
    former: Sequence[Version] = ()
    signed_on: date | None = None


class Finding(NamedTuple):
    """What is said of one pair, why, and the versions that were compared; ``None`` for what was submitted."""

    about: About
    result: Result
    why: str
    one_id: bytes | None
    other_id: bytes | None


def agree(facts: Facts) -> list[Finding]:
    """The findings of every pair whose sides are there, in the order of ``About``."""
    return [Finding(about, said.result, said.why, one, other) for about, said, one, other in _pairs(facts)]


Pair = tuple[About, Said, bytes | None, bytes | None]


def _pairs(facts: Facts) -> Iterator[Pair]:
    identity, licence, title, project = (facts.records.get(one) for one in (IDENTITY, LICENCE, TITLE, PROJECT))
    applicant = _with_former_names(facts.applicant, licence)
    by = licence.record_id if licence and applicant is not facts.applicant else None
    if identity:
        yield from _of_identity(facts, identity)
    if licence:
        yield from _of_licence(facts, licence)
    if title:
        yield About.APPLICANT_HOLDER, among(applicant, holders(title)), by, title.record_id
    if licence and title:
        said = among(_representative(licence), holders(title))
        yield About.REPRESENTATIVE_HOLDER, said, licence.record_id, title.record_id
    if project:
        yield About.APPLICANT_BUILDER, compare(applicant, _builder(project)), by, project.record_id
    if title and project:
        yield About.HOLDER_BUILDER, among(_builder(project), holders(title)), project.record_id, title.record_id
        yield About.SITE_PROJECT, _places(title, project), title.record_id, project.record_id


def _of_identity(facts: Facts, identity: Version) -> Iterator[Pair]:
    card = _card(identity)
    of_agent = facts.agent and compare(facts.agent._replace(name=card.name), card).result is Result.AGREES
    if facts.agent and of_agent:
        yield About.AGENT_IDENTITY, compare(facts.agent, card), None, identity.record_id
    elif _is_person(facts.applicant):
        yield About.APPLICANT_IDENTITY, compare(facts.applicant, card), None, identity.record_id


def _of_licence(facts: Facts, licence: Version) -> Iterator[Pair]:
    if not _is_person(facts.applicant):
        yield About.APPLICANT_LICENCE, compare(facts.applicant, _enterprise(licence)), None, licence.record_id
    representative = _representative(licence)
    if facts.agent and _is_person(facts.agent):
        yield About.AGENT_REPRESENTATIVE, compare(facts.agent, representative), None, licence.record_id
    if facts.agent and facts.former:
        before = facts.former[-1]
        yield (
            *(About.REPRESENTATIVE_BEFORE, compare(_representative(before), representative)),
            *(before.record_id, licence.record_id),
        )
    if facts.agent and facts.signed_on:
        said, version = _at_mandate(in_force([*facts.former, licence], facts.signed_on), licence)
        yield About.REPRESENTATIVE_AT_MANDATE, said, version, licence.record_id


def in_force(versions: Sequence[Version], day: date) -> list[Version]:
    """The versions of a licence, given oldest first, that may have been in force on a day, by their dates of issue. On
    the day of a change both may; versions with one date of issue, or with dates that go back, leave it open."""
    starts = [one.record["enterprise"]["issued_on"] for one in versions]
    ends = [min((later for later in starts[n:] if later > start), default=date.max) for n, start in enumerate(starts)]
    return [one for one, start, end in zip(versions, starts, ends, strict=True) if start <= day <= end]


def _at_mandate(then: Sequence[Version], licence: Version) -> tuple[Said, bytes | None]:
    """Whether the representative of that day is the one of now, and the version that says it."""
    if [one.record_id for one in then] == [licence.record_id]:
        return Said(Result.AGREES, Why.SAME_VERSION), licence.record_id
    said = [compare(_representative(one), _representative(licence)) for one in then]
    if len({one.result for one in said}) != 1:
        return Said(Result.UNKNOWN, Why.NO_VERSION), None
    return said[0], then[0].record_id


def _is_person(party: Party) -> bool:
    return party.id_type == "RESIDENT_ID"


def _with_former_names(applicant: Party, licence: Version | None) -> Party:
    """The applicant with the names of its licence, where that is its own by the number."""
    if licence is None or compare(applicant._replace(name=""), _enterprise(licence)).result is not Result.AGREES:
        return applicant
    names = licence.record["enterprise"]
    return applicant._replace(name=names["name"], former_names=tuple(names["former_names"]))


def _card(version: Version) -> Party:
    holder = version.record["holder"]
    return Party(holder["name"], "RESIDENT_ID", holder["id_number"])


def _enterprise(version: Version) -> Party:
    part = version.record["enterprise"]
    return Party(part["name"], "USCC", part["uscc"], tuple(part["former_names"]))


def _representative(version: Version) -> Party:
    part = version.record["legal_representative"]
    return Party(part["name"], part["id_type"], part["id_number"])


def _builder(version: Version) -> Party:
    part = version.record["builder"]
    return Party(part["name"], "USCC", part["uscc"])


def holders(version: Version) -> Sequence[Party]:
    """The holders of a title."""
    return [Party(one["name"], one["id_type"], one["id_number"]) for one in version.record["holders"]]


def _places(title: Version, project: Version) -> Said:
    unit, site = title.record["unit"], project.record["project"]["site"]
    found = compare_places(Place(address=site["text"]), Place(address=unit["address"]["text"]))
    if found.verdict is Verdict.SAME:
        return Said(Result.AGREES, Why.ADDRESS)
    return Said(Result.DIFFERS if found.verdict is Verdict.DIFFERENT else Result.UNKNOWN, Why.ADDRESS)

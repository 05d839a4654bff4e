"""Whether a site and a title are one door: SAME, DIFFERENT with the part that differs, or ASK a person.

The number of the real-estate unit decides where both have one; otherwise the addresses do, part by part. SAME is said
only where every part down to the smallest that either names agrees: a missed match is a question, a false one shows a
person the title of another.
"""

import re
from dataclasses import replace
from enum import StrEnum
from typing import Final, NamedTuple

from hub.cases.places.differences import differences
from hub.cases.places.parse import Address, confidence, parse
from hub.records.divisions import CODES, present_code

UNIT_NO: Final = "unit_no"
ADDRESS: Final = "address"


class Verdict(StrEnum):
    """What is found of two places."""

    SAME = "SAME"
    DIFFERENT = "DIFFERENT"
    ASK = "ASK"


class Place(NamedTuple):
    """Where something is: the number of its real-estate unit, its address as it is written; "" for what is missing."""

    unit_no: str = ""
    address: str = ""


class Match(NamedTuple):
    """The finding: by what (unit_no or address); the parts that differ, or that a person must look at (names of
    ``parse.PARTS``, ``unit_no``, ``rest``); both texts, for the person who is asked."""

    verdict: Verdict
    by: str
    parts: tuple[str, ...]
    site: str
    title: str


def compare(site: Place, title: Place) -> Match:
    """Whether both are one door. Pure; it never raises.

    >>> one = Place(address="天津市南开区长江道12号3号楼2门501室")
    >>> compare(one, Place(address="南开区长江道12号3栋-2-501")).verdict.value
    'SAME'
    >>> compare(one, Place(address="南开区长江道12号3号楼2门502室"))[:3]
    (<Verdict.DIFFERENT: 'DIFFERENT'>, 'address', ('room',))
    >>> compare(one, Place(address="南开区长江道12号3号楼"))[:3]
    (<Verdict.ASK: 'ASK'>, 'address', ('entrance', 'room'))
    """
    if (by_number := _by_unit_no(site.unit_no, title.unit_no)) is not None:
        return Match(by_number, UNIT_NO, () if by_number is Verdict.SAME else (UNIT_NO,), site.address, title.address)
    one, other = parse(site.address), parse(title.address)
    one, other = _in_county_of(other, one), _in_county_of(one, other)
    found = differences(one, other)
    if found.certain:
        return Match(Verdict.DIFFERENT, ADDRESS, found.certain[:1], site.address, title.address)
    if not found.doubtful and min(one.confidence, other.confidence) >= SAME_CONFIDENCE_MIN:
        return Match(Verdict.SAME, ADDRESS, (), site.address, title.address)
    return Match(Verdict.ASK, ADDRESS, found.doubtful or _missing(one, other), site.address, title.address)


_COUNTY_WORD: Final = re.compile("(?:新区|区|县|市|旗)$")


def _in_county_of(other: Address, it: Address) -> Address:
    """The address with the other's county, where it has that county's short name before the same road or town:
    北京海淀上地十街, 北京市海淀区上地十街."""
    region = it.city or it.province
    if it.county or not region or not other.county or not other.certain or region not in (other.city, other.province):
        return it
    short = _COUNTY_WORD.sub("", other.county)
    part = next((name for name in ("zone", "town", "village", "road") if getattr(it, name)), "")
    if not part or it.beside or getattr(it, part) != short + getattr(other, part):
        return it
    there = replace(it, **{part: getattr(other, part)}, county=other.county, certain=True)
    return replace(there, confidence=confidence(there))


def _missing(one: Address, other: Address) -> tuple[str, ...]:
    """What both lack: a county that is certain, or a gate."""
    county = all(it.county and it.certain for it in (one, other))
    return ("number",) if county else ("county",)


SAME_CONFIDENCE_MIN: Final = 1.0
"""Both addresses must be understood whole before they are called the same."""
_LAND: Final = "W00000000"
_PARCEL_CHARACTERS: Final = 19
_UNIT: Final = re.compile("[0-9]{6}[0-9]{6}[A-Z]{2}[0-9]{5}[A-Z][0-9]{8}")


def _by_unit_no(one: str, other: str) -> Verdict | None:
    """What the numbers say; ``None`` where one is missing or is none, where its code is no division's, or where only a
    former code of the district differs."""
    if not all(_UNIT.fullmatch(number) and number[:6] in CODES for number in (one, other)):
        return None
    if one == other:
        return Verdict.SAME
    if one[:_PARCEL_CHARACTERS] == other[:_PARCEL_CHARACTERS] and _LAND in (one[-9:], other[-9:]):
        return Verdict.ASK  # the land, and a building on it
    if one[6:] == other[6:] and present_code(one[:6]) == present_code(other[:6]):
        return None
    return Verdict.DIFFERENT

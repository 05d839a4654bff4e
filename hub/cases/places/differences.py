"""In which parts two addresses differ: for certain, or so that a person must look."""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from hub.cases.places.parse import PARTS, Address, is_estate, zone_of_city
from hub.records.divisions import MERGED


class Differences(NamedTuple):
    """Names of the parts that differ for certain, and of those that a person must look at; the largest first."""

    certain: tuple[str, ...]
    doubtful: tuple[str, ...]


class _Says(Enum):
    """What two addresses say of one part."""

    AGREES = 1
    DIFFERS = 2
    DOUBT = 3


_REGIONS: Final = ("province", "city", "county", "former")


_LAST_WORD: Final = re.compile("[号室]$")
"""The word after the last of several doors: 03-127、04-120号 is 03-127、04-120."""


def differences(one: Address, other: Address) -> Differences:
    """The differences of two addresses. Where one of them names neither gate nor courtyard, only its division can
    differ for certain."""
    says = {part: _RULES.get(part, _exactly(part))(one, other) for part in PARTS}
    certain = [part for part, said in says.items() if said is _Says.DIFFERS]
    doubtful = [part for part, said in says.items() if said is _Says.DOUBT]
    if _LAST_WORD.sub("", one.rest) != _LAST_WORD.sub("", other.rest) or _hints_differ(one, other):
        doubtful.append("rest")
    located = _is_located(one) and _is_located(other)
    if certain and certain[0] not in _REGIONS and not located:
        return Differences((), tuple(part for part in PARTS if part in certain + doubtful))
    return Differences(tuple(certain), tuple(doubtful))


def _hints_differ(one: Address, other: Address) -> bool:
    """A note that helps to find the place may be missing; two of them may be of two places at one gate."""
    return bool(one.hint and other.hint and one.hint != other.hint)


def _is_located(it: Address) -> bool:
    return bool((it.road and it.number) or it.compound)


def _share_a_gate(one: Address, other: Address) -> bool:
    """Whether both name one gate of one road in one county: then names of what stands there may be missing."""
    division = one.county or zone_of_city(one)
    return bool(
        division and division == (other.county or zone_of_city(other)) and _gate(one) and _gate(one) == _gate(other)
    )


def _gate(it: Address) -> tuple[str, str] | None:
    named = it.number or (it.compound if is_estate(it.compound) else "")
    return (it.road, named) if it.road and named else None


def _share_a_building(one: Address, other: Address) -> bool:
    """Whether both name one building of one courtyard: then the gate may be missing."""
    return bool(one.compound and one.compound == other.compound and one.building and one.building == other.building)


def _exactly(part: str) -> Callable[[Address, Address], _Says]:
    """A part that both must name."""
    return lambda one, other: _compared(getattr(one, part), getattr(other, part), missing=_Says.DOUBT)


def _compared(mine: str, others: str, missing: _Says) -> _Says:
    if mine == others:
        return _Says.AGREES
    return _Says.DIFFERS if mine and others else missing


def _region(part: str) -> Callable[[Address, Address], _Says]:
    """Province and city are often left out, where the county says them."""
    return lambda one, other: _compared(getattr(one, part), getattr(other, part), missing=_Says.AGREES)


def _county(one: Address, other: Address) -> _Says:
    if (zone := zone_of_city(one)) and zone == zone_of_city(other):
        return _Says.AGREES
    if not (one.certain and other.certain):
        return _Says.DOUBT
    return _compared(one.county, other.county, missing=_Says.DOUBT)


def _former(one: Address, other: Address) -> _Says:
    """Roads of one name are in several former districts of a merged county."""
    if one.county not in MERGED or one.county != other.county:
        return _Says.AGREES
    return _compared(one.former, other.former, missing=_Says.DOUBT)


def _zone(one: Address, other: Address) -> _Says:
    """A zone has roads of its own; outside merged counties, most spellings leave it out."""
    if one.zone == other.zone or (one.county and one.county not in MERGED and _share_a_gate(one, other)):
        return _Says.AGREES
    return _Says.DOUBT


def _town(one: Address, other: Address) -> _Says:
    """A subdistrict does not count beside the gate of a road: spellings leave it out, or have a former one. Two towns
    of one county have roads of one name."""
    if one.town == other.town:
        return _Says.AGREES
    if not (one.town and other.town) and _share_a_gate(one, other) and _share_a_building(one, other):
        return _Says.AGREES
    if all(it.town.endswith("街") or not it.town for it in (one, other)):
        settled = one.county not in MERGED or bool(one.former and one.former == other.former)
        return _Says.AGREES if settled and (_share_a_gate(one, other) or _share_a_building(one, other)) else _Says.DOUBT
    return _Says.DIFFERS if one.town and other.town else _Says.DOUBT


def _road(one: Address, other: Address) -> _Says:
    if one.road == other.road:
        return _Says.AGREES
    if not (one.road and other.road):
        return _Says.AGREES if _share_a_building(one, other) else _Says.DOUBT
    if _shares_what_stands_there(one, other) and (one.road.endswith(other.road) or other.road.endswith(one.road)):
        return _Says.AGREES  # 朝天门接圣街8号来福士广场, 接圣街8号来福士广场
    leads = one.road in other.beside or other.road in one.beside
    return _Says.DOUBT if leads or _share_a_building(one, other) or _alike(one.road, other.road) else _Says.DIFFERS


def _shares_what_stands_there(one: Address, other: Address) -> bool:
    """Whether both name one estate, tower or institution at one number: then a place before the road's name is no other
    road. Towns of one county have roads of one name, so the number alone does not say so."""
    number = one.number and one.number == other.number
    return bool(number and one.compound and one.compound == other.compound and is_estate(one.compound))


_SIDES: Final = re.compile("[东西南北中](?=大?[路街道])")


def _alike(road: str, other: str) -> bool:
    """Whether two names may be of one road: one has a place before it, a side in it, or 大街 for 街.

    >>> _alike("上地信息路", "信息路"), _alike("笋岗路", "笋岗西路"), _alike("解放南路", "解放北路")
    (True, True, False)
    """
    if road.endswith(other) or other.endswith(road) or road.replace("大街", "街") == other.replace("大街", "街"):
        return True
    return (_SIDES.sub("", road) == other) or (_SIDES.sub("", other) == road)


def _number(one: Address, other: Address) -> _Says:
    mine, others = one.number, other.number
    if not (mine and others) and _share_a_building(one, other):
        return _Says.AGREES
    said = _compared(mine, others, missing=_Says.DOUBT)
    alike = mine.removesuffix("院") == others.removesuffix("院")
    return _Says.DOUBT if said is _Says.DIFFERS and (alike or _spans(mine, others) or _spans(others, mine)) else said


_RANGE: Final = re.compile("([0-9]{1,5})-([0-9]{1,5})")


def _spans(several: str, number: str) -> bool:
    """Whether a number may be one of several gates: 90 of 88-92, and not 12 of 12-1.

    >>> _spans("88-92", "90"), _spans("12-1", "12"), _spans("88-92", "87")
    (True, False, False)
    """
    match = _RANGE.fullmatch(several)
    if match is None or int(match[1]) >= int(match[2]):
        return False
    return number.isdecimal() and int(match[1]) <= int(number) <= int(match[2])


_KIND: Final = re.compile("(?:居住)?(?:小区|住宅区?|家属院|社区|大厦|大楼|写字楼|公寓|商厦|广场)$")


def _compound(one: Address, other: Address) -> _Says:
    """The name of an estate, a tower or an institution may be missing beside its gate. A part of one (二期, 南园),
    or what only has rooms in it, tells doors apart."""
    mine, others = one.compound, other.compound
    if mine == others:
        return _Says.AGREES
    if not (mine and others):
        settled = _share_a_gate(one, other) and is_estate(mine or others)
        return _Says.AGREES if settled else _Says.DOUBT
    if _share_a_gate(one, other):
        return _Says.AGREES if _is_one_name(mine, others) else _Says.DOUBT
    return _Says.DOUBT if mine in others or others in mine else _Says.DIFFERS


def _is_one_name(mine: str, others: str) -> bool:
    """Whether two names are one, of which one may leave out what sort of place it is: two sorts are two places.

    >>> _is_one_name("万达广场", "万达"), _is_one_name("万达广场", "万达公寓")
    (True, False)
    """
    bare = _KIND.sub("", mine)
    return bare == _KIND.sub("", others) and bare in (mine, others)


def _floor(one: Address, other: Address) -> _Says:
    """A floor may be missing where the number of the room begins with it."""
    said = _compared(one.floor, other.floor, missing=_Says.DOUBT)
    told = one.room == other.room and one.room[:-2] == (one.floor or other.floor)
    return _Says.AGREES if said is _Says.DOUBT and told else said


_RULES: Final[dict[str, Callable[[Address, Address], _Says]]] = {
    "province": _region("province"),
    "city": _region("city"),
    "county": _county,
    "former": _former,
    "zone": _zone,
    "town": _town,
    "road": _road,
    "number": _number,
    "compound": _compound,
    "floor": _floor,
}
"""Part → its rule; the others must be named by both and be equal."""

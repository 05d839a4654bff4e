"""In which parts two addresses differ: for certain, or so that a person must look."""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from hub.cases.places.parse import PARTS, Address, is_estate, is_part, zone_of_city
from hub.cases.places.spelling import HALL, KIND, SHOP, STEM, WAY
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
    return one.hint not in other.hint and other.hint not in one.hint


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


def _share_a_room(one: Address, other: Address) -> bool:
    """Whether both name one room of one building of one estate: then the gate may be missing. Names of estates are not
    given twice in a city (地名管理条例, article 9)."""
    estate = one.compound == other.compound and is_estate(one.compound)
    return estate and bool(one.building or one.entrance) and _door_agrees(one, other)


def _door_agrees(one: Address, other: Address) -> bool:
    return bool(one.room) and (one.room, one.building, one.entrance) == (other.room, other.building, other.entrance)


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
    """A zone has roads of its own. Outside merged counties it may be missing where both name what stands there."""
    if one.zone == other.zone:
        return _Says.AGREES
    missing = not (one.zone and other.zone)
    settled = one.county and one.county not in MERGED and _share_a_gate(one, other) and _stands_there(one, other)
    return _Says.AGREES if missing and settled else _Says.DOUBT


def _town(one: Address, other: Address) -> _Says:
    """A subdistrict (街道) may be missing beside the gate of a road. Two towns of one county have roads of one name; a
    town may have become a subdistrict, and one subdistrict another."""
    if one.town == other.town:
        return _Says.AGREES
    if one.town and other.town:
        may_be_one = any(it.town.endswith("街") for it in (one, other))
        return _Says.DOUBT if may_be_one else _Says.DIFFERS
    if _share_a_gate(one, other) and _share_a_room(one, other):
        return _Says.AGREES
    settled = one.county not in MERGED or bool(one.former and one.former == other.former)
    located = _share_a_gate(one, other) or _share_a_room(one, other)
    subdistrict = (one.town or other.town).endswith("街")
    return _Says.AGREES if subdistrict and settled and located else _Says.DOUBT


def _road(one: Address, other: Address) -> _Says:
    if one.road == other.road:
        both = one.beside and other.beside
        settled = one.beside == other.beside or (not both and _stands_there(one, other))
        return _Says.AGREES if settled else _Says.DOUBT
    if {one.road, other.road} & {one.compound, one.village, other.compound, other.village} - {""}:
        return _Says.DOUBT  # 天拖里3号, 长江道天拖里3号
    if not (one.road and other.road):
        return _Says.AGREES if _share_a_room(one, other) else _Says.DOUBT
    if _shares_what_stands_there(one, other) and (one.road.endswith(other.road) or other.road.endswith(one.road)):
        return _Says.AGREES  # 朝天门接圣街8号来福士广场, 接圣街8号来福士广场
    leads = one.road in other.beside or other.road in one.beside
    slip = _may_be_a_slip(one.road, other.road) and one.number == other.number and _stands_there(one, other)
    doubtful = leads or slip or _share_a_room(one, other) or _alike(one.road, other.road)
    return _Says.DOUBT if doubtful else _Says.DIFFERS


def _stands_there(one: Address, other: Address) -> bool:
    """Whether both name one estate, building or room at the gate."""
    named = ((one.compound, other.compound), (one.building, other.building))
    return any(mine and mine == others for mine, others in named) or _door_agrees(one, other)


_TELLS_APART: Final = frozenset("零一二三四五六七八九十东西南北中前后上下左右内外甲乙丙丁")


def _may_be_a_slip(mine: str, others: str) -> bool:
    """Whether two names differ in one character that neither counts nor points: it may be read or written wrong.

    >>> _may_be_a_slip("宝风大厦", "宝凤大厦"), _may_be_a_slip("三马路", "四马路")
    (True, False)
    """
    if len(mine) != len(others) or len(mine) < _SLIP_CHARACTERS_MIN:
        return False
    unlike = [pair for pair in zip(mine, others, strict=True) if pair[0] != pair[1]]
    return len(unlike) == 1 and not _TELLS_APART & set(unlike[0]) and not "".join(unlike[0]).isascii()


_SLIP_CHARACTERS_MIN: Final = 3


def _shares_what_stands_there(one: Address, other: Address) -> bool:
    """Whether both name one estate, tower or institution at one number: then a place before the road's name is no other
    road. Towns of one county have roads of one name, so the number alone does not say so."""
    number = one.number and one.number == other.number
    return bool(number and one.compound and one.compound == other.compound and is_estate(one.compound))


_WORD: Final = re.compile(f"{WAY}$")
_SEGMENT: Final = re.compile("[东西南北中]段$")
_SIDES: Final = re.compile("[东西南北中](?=大?[路街道])")


def _alike(road: str, other: str) -> bool:
    """Whether two names may be of one road: one has a place before it, a side in it, or another word for a road.

    >>> _alike("上地信息路", "信息路"), _alike("笋岗路", "笋岗西路"), _alike("古北道", "古北路")
    (True, True, True)
    >>> _alike("解放南路", "解放北路")
    False
    """
    road, other = _SEGMENT.sub("", road), _SEGMENT.sub("", other)
    if road.endswith(other) or other.endswith(road) or _WORD.sub("", road) == _WORD.sub("", other):
        return True
    return (_SIDES.sub("", road) == other) or (_SIDES.sub("", other) == road)


def _number(one: Address, other: Address) -> _Says:
    mine, others = one.number, other.number
    if not (mine and others) and _share_a_room(one, other):
        return _Says.AGREES
    said = _compared(mine, others, missing=_Says.DOUBT)
    if mine.removesuffix("院") == others.removesuffix("院") and _stands_there(one, other):
        return _Says.AGREES
    alike = _bare(mine) == _bare(others)
    return _Says.DOUBT if said is _Says.DIFFERS and (alike or _spans(mine, others) or _spans(others, mine)) else said


_STEM_FIRST: Final = re.compile(f"([{STEM}])([0-9]+)")


def _bare(number: str) -> str:
    """甲3 may be 3甲, and 17院 may be 17."""
    return _STEM_FIRST.sub(r"\2\1", number.removesuffix("院"))


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


_NAME_CHARACTERS_MIN: Final = 4


_SERVES: Final = tuple("楼库铺房区站室位间棚院厅部层")


def _is_name(compound: str) -> bool:
    """Whether what stands before a building is a name, no part of an estate (二期) and not what one is for (物业楼).

    >>> [_is_name(compound) for compound in ("创邑金沙谷", "美丽花园二期", "物业楼", "地下车库")]
    [True, False, False, False]
    """
    proper = len(compound) >= _NAME_CHARACTERS_MIN and compound.isalpha() and not compound.endswith(_SERVES)
    return proper and not is_part(compound)


_KIND: Final = re.compile("(?:居住)?(?:小区|住宅区?|家属院|社区|大厦|大楼|写字楼|公寓|商厦|广场)$")
_OWN_SORT: Final = re.compile(
    "(?:花园|家园|新村|新城|里|苑|园|城|府|庭|中心|大学|学院|学校|医院|公司|集团|酒店|宾馆|商场|国际)$"
)
"""A name that says its sort already: 福安酒店 and 福安酒店写字楼 are two places."""
_LIVES: Final = re.compile("(?<!家属)(?:花园|家园|新村|新城|里|苑|园|城|府|庭)(?:居住)?(?:小区|住宅区?|社区)(?:[|]|$)")
"""An estate with a word that says the same: 美丽花园小区."""


def _compound(one: Address, other: Address) -> _Says:
    """The name of an estate, a tower or an institution may be missing beside its gate. A part of one (二期, 南园),
    or what only has rooms in it, tells doors apart."""
    mine, others = one.compound, other.compound
    if mine == others:
        return _Says.AGREES
    if not (mine and others):
        named = is_estate(mine or others) or (one.building and _door_agrees(one, other) and _is_name(mine or others))
        return _Says.AGREES if named and _share_a_gate(one, other) else _Says.DOUBT
    if _share_a_gate(one, other):
        return _Says.AGREES if _is_one_name(mine, others) else _Says.DOUBT
    if mine.removesuffix("小区") == others.removesuffix("小区") and _door_agrees(one, other) and one.building:
        return _Says.AGREES
    return _Says.DOUBT if mine in others or others in mine or _may_be_a_slip(mine, others) else _Says.DIFFERS


def _is_one_name(mine: str, others: str) -> bool:
    """Whether two names are one, of which one may leave out what sort of place it is: two sorts are two places.

    >>> _is_one_name("万达广场", "万达"), _is_one_name("万达广场", "万达公寓")
    (True, False)
    """
    bare = _KIND.sub("", mine)
    if bare != _KIND.sub("", others) or bare not in (mine, others):
        return False
    return not _OWN_SORT.search(bare) or _LIVES.search(mine + "|" + others) is not None


def _floor(one: Address, other: Address) -> _Says:
    """A floor may be missing where the number of the room begins with it."""
    said = _compared(one.floor, other.floor, missing=_Says.DOUBT)
    if said is _Says.DIFFERS and one.floor.lstrip(_LETTERS) == other.floor.lstrip(_LETTERS):
        return _Says.DOUBT  # L1 may be the first floor, or the one above it
    told = one.room == other.room and one.room[:-2] == (one.floor or other.floor)
    return _Says.AGREES if said is _Says.DOUBT and told else said


_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SORT: Final = re.compile(f"(?:{HALL}|(?:{KIND})楼)$")


def _building(one: Address, other: Address) -> _Says:
    """3号厂房 is not 3号车间; 3号楼 may be 3号办公楼."""
    said = _compared(one.building, other.building, missing=_Says.DOUBT)
    sorts = [_SORT.search(it.building) for it in (one, other)]
    alike = _SORT.sub("", one.building) == _SORT.sub("", other.building) and not all(sorts)
    return _Says.DOUBT if said is _Says.DIFFERS and alike else said


_SHOP: Final = re.compile(SHOP)


def _room(one: Address, other: Address) -> _Says:
    """底商36 is a shop, and 36 may be a flat; -101 may be below the ground."""
    said = _compared(one.room, other.room, missing=_Says.DOUBT)
    alike = _SHOP.sub("", one.room).lstrip("-") == _SHOP.sub("", other.room).lstrip("-")
    return _Says.DOUBT if said is _Says.DIFFERS and alike else said


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
    "building": _building,
    "floor": _floor,
    "room": _room,
}
"""Part → its rule; the others must be named by both and be equal."""

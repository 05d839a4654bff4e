"""Parses a free address into the parts of GB/T 39609-2020: division / street or courtyard / building and door / unit
and room, with a confidence.

A ladder of patterns, each tried at the start of what is left; every repetition in them is bounded. Nothing is lost:
what no rung takes is the ``rest``, and two addresses with other rests are never taken for one.
"""

import re
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from hub.cases.places import divisions
from hub.cases.places.spelling import (
    HALL,
    KIND,
    SHOP,
    STEM,
    WAY,
    door,
    gate_number,
    in_figures,
    road_name,
    unfold,
    zone_name,
)
from hub.records.address import TEXT_CHARACTERS_MAX
from hub.records.divisions import MERGED, MUNICIPALITIES, TIANJIN, TIANJIN_DISTRICTS
from hub.records.numerals import NUMERAL
from hub.records.placeholders import is_masked


@dataclass(frozen=True, slots=True)
class Address:
    """An address in parts, "" for one that is missing. Division: ``province``, ``city``, ``county`` (as it is named
    now), ``former`` (the district that a merged county had), ``zone`` (a development zone), ``town`` (镇, 乡, 街道),
    ``village``. Street or courtyard: ``road``, ``number`` (of the gate), ``compound``. Building and door: ``building``,
    ``entrance``. Unit and room: ``floor``, ``room``. ``beside``: roads that only lead there. ``rest``: what is left.
    ``hint``: notes that only help to find it. ``certain``: the county is the only one of its name. ``confidence``:
    0 to 1, see ``confidence``."""

    province: str = ""
    city: str = ""
    county: str = ""
    former: str = ""
    zone: str = ""
    town: str = ""
    village: str = ""
    road: str = ""
    number: str = ""
    compound: str = ""
    building: str = ""
    entrance: str = ""
    floor: str = ""
    room: str = ""
    beside: tuple[str, ...] = ()
    rest: str = ""
    hint: str = ""
    certain: bool = True
    confidence: float = 0.0


PARTS: Final = tuple(one.name for one in fields(Address))[:14]
"""The parts, from the largest to the smallest."""

_N: Final = rf"[0-9A-Za-z{STEM}]{{1,6}}"
_OTHER: Final = "[^号0-9A-Za-z()#,、/-]"

_ZONE: Final = re.compile(
    r"(?:天津)?([^路街道号镇乡村0-9()]{0,10}?(?:开发区|高新区|保税区|生态城|经济区|产业区|工业区|产业园区?|技术园区?|物流园?区|工业园区?|商务区))"
)
_OF_BINHAI: Final = re.compile(
    "(?:经济技术)?开发区|(?:天津港|港)?保税区|(?:天津)?空港经济区|东疆保税(?:港)?区|(?:中新)?(?:天津)?生态城|(?:滨海)?高新(?:技术产业开发)?区|中心商务区"
)
"""Zones that are parts of 滨海新区."""
_TOWN: Final = re.compile(
    r"((?:[^镇乡号0-9A-Za-z()-]|号(?=桥)|[镇乡](?=街道)){1,8}?(?<!大)街(?:道办事处|道办|道|办事处)"
    rf"|[^路街道号0-9()]{{1,8}}?(?:镇|乡|苏木)(?!{WAY})"
    rf"|[^路街道号0-9()]{{1,8}}?(?<!大)街(?=[^0-9()]{{2,12}}(?:{WAY}|里|村)))"
)
_VILLAGE: Final = re.compile(rf"([^路街道号0-9()]{{1,10}}?(?:村委会|村|社区|居委会))(?!{WAY})")
_SIDE: Final = rf"(?:[东西南北中]段|[东西南北中](?=[{STEM}附]?[0-9]))?"
_ROAD: Final = re.compile(
    rf"([^路街道巷号0-9()]{{0,8}}?(?:第?[0-9]{{1,3}}[号经纬马]?|{NUMERAL}号){WAY}{_SIDE}"
    rf"|[^号0-9(),、]{{1,12}}?{WAY}(?!{WAY}){_SIDE})"
)
_SUBDISTRICT: Final = re.compile(r"街(?:道办事处|道办|道|办事处)?$")
_NUMBER: Final = re.compile(
    rf"((?:[0-9]{{1,5}}[弄巷](?:[0-9]{{1,4}}支弄)?)?(?:[{STEM}附增内副临特]{{1,2}})?[0-9]{{1,5}}[A-Za-z{STEM}]?(?:-[0-9]{{1,4}})?)号?"
    r"(?:((?<=号)(?:(?:之|附|增)[0-9]{1,3}|-[0-9]{1,2})(?![0-9层楼F-])|(?<=号)["
    + STEM
    + r"](?!座|栋|幢|楼|号楼|单元))号?)?(院(?:内(?=[0-9A-Z]))?)?(?!楼)"
)
_BARE: Final = re.compile(r"([0-9]{1,5}(?:-[0-9]{1,4})?)$")
_BUILDING: Final = re.compile(
    rf"-?({_N}(?:-[0-9]{{1,3}})?)(?:号楼|#楼|#|栋|幢|座|(?<=[A-Z0-9])馆|楼(?={_N}(?:单元|门|号门)))(?!层)"
    rf"|-?({_N}号?(?:{HALL}|(?:{KIND})楼))"
    r"|([东西南北主副前后中]{1,2}(?:楼|座|塔楼|塔))"
)
_STORE: Final = re.compile("仓库|库房")
_HOUSE: Final = re.compile(rf"([附增内副临特]{{0,2}}{_N})号(院)?(?![楼0-9]?{WAY}|楼|#|(?:{HALL}|(?:{KIND})楼))")
_ENTRANCE: Final = re.compile(rf"-?((?![0-9]{{3}}){_N})(?:单元|号门|门|梯)")
_ROOM_WORD: Final = f"室|号?(?:{SHOP}|铺)|号|户|房间?|单元|间"
_FLOOR: Final = re.compile(r"(-?[0-9]{1,3}(?:-[0-9]{1,3}(?=层))?[A-Z]?|[A-Za-z][0-9]{0,2})(?:层|楼|F(?=$|-?[0-9A-Z]))")
_ROOM: Final = re.compile(rf"(-?)((?:{SHOP})?(?:{_N}(?:-{_N}){{0,2}}))(?:{_ROOM_WORD})?$")
_DASHED: Final = re.compile(rf"-?({_N})-({_N})(?:-({_N}))?(?:{_ROOM_WORD})?$")
_NEAR: Final = re.compile(r"交口|交[汇叉]|附近|旁|对面|隔壁|[东西南北]侧|[东西南北内]$|米")
"""Words of a compound that say only what is near."""
_FIRST_DOOR: Final = re.compile(
    rf"(?<![0-9A-Za-z])[附增内副临特]{{0,2}}(?:{_N}、){{0,4}}(?:{_N}(?:-[0-9]{{1,3}})?(?:号楼|#|栋|幢|座|馆|号?(?:{HALL}|(?:{KIND})楼)|单元|号门|门(?!市)|层|楼|室|房|号|铺|商铺|店铺)|-[0-9]{{1,2}}(?:层|楼)|{_N}(?:-{_N}){{1,2}}(?:{_ROOM_WORD})?$"
    r"|[0-9]{2,5}[A-Za-z]?$|[A-Za-z][0-9]{2,5}[A-Z]?$)"
)


def parse(text: str) -> Address:
    """The parts of an address. It never raises; a text of more than ``TEXT_CHARACTERS_MAX`` characters is no address.

    >>> found = parse("天津市南开区长江道12号美丽花园三号楼2门501室")
    >>> found.county, found.road, found.number, found.compound, found.building, found.entrance, found.room
    ('南开区', '长江道', '12', '美丽花园', '3', '2', '501')
    >>> parse("蓟县渔阳镇甲3号").county, parse("塘沽区上海道2461号").former
    ('蓟州区', '塘沽区')
    """
    if len(text) > TEXT_CHARACTERS_MAX:
        return Address()
    rest, notes, hints = unfold(text)
    found, rest = _division(rest)
    found, rest = _street(found, rest)
    found = _doors(found, rest)
    found = replace(found, rest=found.rest + "".join(notes), hint="".join(hints))
    return replace(found, confidence=confidence(found))


def _division(text: str) -> tuple[Address, str]:
    """Province, city, county and what a merged county was."""
    province, taken = divisions.province_at(text)
    rest = text[taken:].removeprefix("市辖区")
    if province and (again := divisions.province_at(rest))[0] == province:
        rest = rest[again[1] :]  # 天津天津市
    city, taken = ("", 0) if province in MUNICIPALITIES else divisions.city_at(rest, province)
    rest = rest[taken:]
    county, taken = divisions.county_at(rest, province, city)
    if taken and rest[taken:].startswith(("街", "路", "道")):  # 和平区 is none in 和平区街道
        county, taken = None, 0
    former, name = "", rest[:taken]
    rest = rest[taken:]
    if county is not None:
        province, city = county.province, city or county.city
        former = name if name in MERGED.get(county.name, ()) else ""
    if not former and province in ("", TIANJIN) and (county is None or county.name in MERGED):
        for merged in MERGED if county is None and province else [county.name] if county else []:
            former, taken_more = divisions.former_at(rest, merged)
            if former:
                rest, county = rest[taken_more:], county or divisions.County(province, city, merged)
                break
    known = county.name if county else name
    return Address(province, city, known, former, certain=bool(county and county.certain)), rest


def _street(found: Address, rest: str) -> tuple[Address, str]:
    """Zone, town, village, roads; the number of the gate."""
    values: dict[str, Any] = {}
    in_tianjin = rest.startswith("天津")
    zones: list[str] = []
    while len(zones) < _MOST_ZONES and (match := _ZONE.match(rest)):
        zones.append(match[1])
        rest = rest[match.end() :]
    for field, pattern in (("town", _TOWN), ("village", _VILLAGE)):
        if match := pattern.match(rest):
            values[field] = match[1]
            rest = rest[match.end() :]
    roads: list[str] = []
    while len(roads) < _MOST_ROADS and (match := _ROAD.match(rest)):
        roads.append(road_name(match[1]))
        rest = rest[match.end() :]
    rest = in_figures(rest)
    road = roads[-1] if roads else ""
    number = ""
    if (match := _NUMBER.match(rest)) and (match.end() > match.end(1) or _BARE.match(rest)) and (road or found.county):
        number = (match[1] + (match[2] or "") + (match[3] or "")).upper()
        rest = rest[match.end() :]
    if zones and not found.county and not found.city and (city := divisions.city_of_zone(zones[0], found.province)):
        found = replace(found, city=city)
    if zones and (county := _county_of_zone(found, zones[0], in_tianjin)):
        found = replace(found, province=TIANJIN, county=county, certain=True)
    if zones:
        of = (found.city or found.province).removesuffix("市")
        values["zone"] = zone_name("".join([zones[0].removeprefix(of) or zones[0], *zones[1:]]))
    if values.get("town"):
        values["town"] = _SUBDISTRICT.sub("街", values["town"])
        former = f"{values['town'].removesuffix('街')}区"
        if not found.former and former in MERGED.get(found.county, ()):
            found = replace(found, former=former)  # 塘沽街 is in what was 塘沽区
    return replace(found, **values, road=road, number=gate_number(number), beside=tuple(roads[:-1])), rest


def _county_of_zone(found: Address, zone: str, in_tianjin: bool) -> str:
    """The district of Tianjin that a zone is in, "" where a county is named or none is known: a zone of 滨海新区, or
    one that is named after its district (武清开发区)."""
    if found.county or found.province not in ("", TIANJIN) or found.city:
        return ""
    if (found.province or in_tianjin) and _OF_BINHAI.fullmatch(zone):
        return "滨海新区"
    return next((name for name in TIANJIN_DISTRICTS if zone.startswith(name[:-1]) and len(name) == _SHORT), "")


_SHORT: Final = 3
"""Characters of a district whose name a zone has: 武清区."""
_MOST_ZONES: Final = 3
"""Most zones one in another: 滨海高新区华苑产业区."""
_MOST_ROADS: Final = 3
"""Most roads that lead to a gate: 黄河道立新路8号."""


def _doors(found: Address, rest: str) -> Address:
    """Compound, building, entrance, floor and room; the rest."""
    compound, rest = _before_a_door(rest)
    near = compound if _NEAR.search(compound) else ""
    values: dict[str, Any] = {"compound": "" if near else compound}
    if (house := _HOUSE.match(rest)) and not found.number and values["compound"]:
        # 闻喜里2号: the gate of a courtyard
        values["number"], rest = gate_number(house[1] + (house[2] or "")), rest[house.end() :]
        if not found.road:  # 暂安处1号蓟鑫大厦: a place that has gates as a road has
            values["road"] = values["compound"]
            values["compound"], rest = _before_a_door(rest)
    values |= _built(rest)
    return _tidy(replace(found, **values), near + values["rest"])


_SHOP_BEHIND: Final = re.compile(f"[0-9A-Z]号?(?:{SHOP}|铺)$")
"""101铺 is a shop, and 101 may be a flat."""
_UNDER_GROUND: Final = re.compile("-[1-3][0-9]{2}(?![0-9])")
"""A room that may be below the ground: -101. The dash before 501 is no minus."""


def _before_a_door(text: str) -> tuple[str, str]:
    """What stands before the first door of a text, and the text from there."""
    found = _FIRST_DOOR.search(text)
    start = found.start() if found else len(text)
    minus = _UNDER_GROUND.match(text, start - 1) if start else None
    return text[:start].strip("-,、"), text[start - 1 if minus else start :]


def _built(rest: str) -> dict[str, Any]:
    """Building, entrance, floor, room and rest of a text that begins with a door. 1幢A座 is a building with a part that
    has a door of its own, as an entrance is."""
    values: dict[str, Any] = {"rest": ""}
    for field in ("building", "entrance"):
        if dashed := _DASHED.match(rest):
            return values | _dashed(values, dashed)
        if match := _BUILDING.match(rest):
            values[field], rest = (
                match[1] or _STORE.sub("库", (match[2] or "").replace("号", "")) or match[3],
                rest[match.end() :],
            )
    if match := _ENTRANCE.match(rest):
        parts = (values.get("entrance"), match[1])
        values["entrance"], rest = "-".join(part for part in parts if part), rest[match.end() :]
    if match := _FLOOR.match(rest):
        values["floor"], rest = match[1], rest[match.end() :]
    if match := _ROOM.match(rest):
        under = "-" if _UNDER_GROUND.match(match[1] + match[2]) else ""
        shop = "商铺" if _SHOP_BEHIND.search(match[0]) else ""
        values["room"], rest = shop + under + match[2], ""
    return values | {"rest": rest}


def _dashed(values: dict[str, Any], match: re.Match[str]) -> dict[str, Any]:
    """3-2-501: building, entrance, room. What was read already is not said again: entrance, room; or room."""
    doors = [one for one in match.groups() if one]
    free = [field for field in ("building", "entrance") if not values.get(field)]
    if doors[0].isdigit() and len(doors[0]) > _BUILDING_FIGURES:
        free = []
    if len(doors) == _BUILDING_AND_ROOM:
        free = free[:1]
    shop = "商铺" if _SHOP_BEHIND.search(match[0]) else ""
    return dict(zip(free, doors, strict=False)) | {"room": shop + "-".join(doors[len(free) :])}


_BUILDING_AND_ROOM: Final = 2
_BUILDING_FIGURES: Final = 2
"""A longer number before a dash is a room: 1101-08."""


def _tidy(found: Address, rest: str) -> Address:
    doors: dict[str, Any] = {name: door(getattr(found, name)) for name in ("building", "entrance", "floor", "room")}
    return replace(found, **doors, rest=rest)


_ESTATE: Final = re.compile(
    "(?:花园|家园|公园|小区|新村|新城|世家|公馆|华府|里|苑|园|城|府|庭|邸|公寓|广场|大厦|商厦|大楼|写字楼|中心|大学|学校|医院|园区|国际|总部|SOHO|MALL"
    "|来福士)$",
    re.IGNORECASE,
)
_SORTS: Final = re.compile(f"(?:{KIND}|门诊|住院|服务|购物|活动|物业|停车|临街)+$")
"""What a building is for: no name of its own."""
_WITHIN: Final = re.compile("(?:大学|学院|学校|医院|公司|集团|研究[所院]).")
"""Something within an institution: a laboratory, a centre, one of several campuses."""
_PHASE: Final = re.compile("[0-9A-Za-z一二三四五六七八九十东西南北中上下前后]{1,3}(?:期|区|园|组团|院|里|苑|楼)?")


_SIDE_OF_ONE: Final = re.compile(
    "(?:[东西南北中上下前后]|[0-9A-Za-z一二三四五六七八九十]{1,3})(?:期|区|园|组团|院|苑|地块)$"
)


def is_part(name: str) -> bool:
    """Whether a name is, or ends with, that of a part of an estate.

    >>> [is_part(name) for name in ("南园", "美丽花园二期", "空港商务园东区", "创邑金沙谷")]
    [True, True, True, False]
    """
    return _SIDE_OF_ONE.search(name) is not None or _PHASE.fullmatch(name) is not None


def is_estate(name: str) -> bool:
    """Whether a name is that of an estate, a tower or an institution as a whole; not of a part of one (二期, 南园), nor
    of one that only has rooms in it.

    >>> [is_estate(name) for name in ("美丽花园", "腾讯大厦", "南园", "二期", "天津大学研究中心", "办公大楼")]
    [True, True, False, False, False, False]
    """
    own = _SORTS.sub("", _ESTATE.sub("", name))
    return bool(own) and own != name and not is_part(name) and _WITHIN.search(name) is None


def zone_of_city(it: Address) -> tuple[str, str] | None:
    """City and zone of an address without a county: 苏州工业园区 is in none, and a city has one zone of one name."""
    city = it.city or (it.province if it.province in MUNICIPALITIES else "")
    return (city, it.zone) if city and it.zone and not it.county else None


def confidence(found: Address) -> float:
    """What the parser trusts of its own work: one half for a county that is certain (or a city's zone), one half for a
    gate (a road or a courtyard with a number, either with a building, or a named tower on a road); nothing for a
    masked text."""
    if is_masked("".join(getattr(found, name) for name in PARTS)):
        return 0.0
    division = (found.county and found.certain) or zone_of_city(found)
    gate = found.number and (found.road or found.compound or found.village)
    block = found.building and (found.road or found.zone.endswith("园"))
    tower = found.compound and (found.building or found.room or (found.road and is_estate(found.compound)))
    return (0.5 if division else 0.0) + (0.5 if gate or block or tower else 0.0)

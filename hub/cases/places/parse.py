"""Parses a free address into the parts of GB/T 39609-2020: division / street or courtyard / building and door / unit
and room, with a confidence.

A ladder of patterns, each tried at the start of what is left; every repetition in them is bounded. Nothing is lost:
what no rung takes is the ``rest``, and two addresses with other rests are never taken for one.
"""

import re
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from hub.cases.places import divisions
from hub.records.address import TEXT_CHARACTERS_MAX, normalise
from hub.records.divisions import MERGED, MUNICIPALITIES, TIANJIN
from hub.records.numerals import FORMAL_NUMERAL, NUMERAL, in_chinese, number_of
from hub.records.placeholders import is_masked


@dataclass(frozen=True, slots=True)
class Address:
    """An address in parts, "" for one that is missing. Division: ``province``, ``city``, ``county`` (as it is named
    now), ``former`` (the district that a merged county had), ``zone`` (a development zone), ``town`` (镇, 乡, 街道),
    ``village``. Street or courtyard: ``road``, ``number`` (of the gate), ``compound``. Building and door: ``building``,
    ``entrance``. Unit and room: ``floor``, ``room``. ``beside``: roads that only lead there. ``rest``: what is left.
    ``hint``: notes that only help to find it. ``certain``: the county is the only one of its name. ``confidence``:
    0 to 1, see ``_confidence``."""

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

_BRANCH: Final = re.compile("(?<=号)[(]([甲乙丙丁戊己庚辛])[)]")
_LABEL: Final = re.compile(
    r"(?:(?:用电|注册|办公|详细|单位|公司|通讯|联系|工作)?(?:地址|住所|住址|地点|坐落|坐落于)[::]|位于|中国(?:大陆)?)"
)
_NOTE: Final = re.compile(r"\(([^()]{0,80})\)")
_POSTCODE: Final = re.compile(r"[,、]?(?:邮政编码|邮编|邮码)[::]?[0-9]{6}$")
_HINT: Final = re.compile(r"[^0-9A-Za-z]{3,80}|近.{1,40}|原.{1,40}")
"""A note in brackets that only helps to find the place, where it names no door. One with a figure or a letter may name
one, and a single character (东) a side of it."""

_WAY: Final = "(?:大街|大道|公路|马路|胡同|路|街|道|巷|条)"
_DOOR_WORD: Final = "号楼|#|栋|幢|座|单元|门|室|层|弄|号"
_COUNTED: Final = re.compile(
    rf"(?:(?<=附)|(?<=之)|第)?(?:({NUMERAL})|({FORMAL_NUMERAL}))(?=(?:{_DOOR_WORD})(?!{_WAY}|桥)|(?<=[附之].)$)"
)
_UNDER: Final = re.compile(r"(?:地下|负|(?<![A-Za-z0-9])[Bb])([0-9]{1,2})(?=层|楼)")
_TOP: Final = re.compile(r"([一二三四五六七八九十]{1,3})(?=楼(?:$|[^0-9]))")

_STEM: Final = "甲乙丙丁戊己庚辛"
_NAMES_DOOR: Final = re.compile(
    rf"(?:{NUMERAL}|{FORMAL_NUMERAL}|[{_STEM}])(?:{_DOOR_WORD}|楼|户|期|区|院)(?!{_WAY}|桥)"
    r"|[东西南北中主副附左右前后][^路街道巷口]{0,2}?(?:户|间|底商|铺|门面|楼|栋|座|塔|厅|侧)"
)
"""A door, or a side of one, in words: (二号楼), (一楼东户), (西侧底商)."""
_FORMER_OR_NEAR: Final = ("近", "原")
_N: Final = rf"[0-9A-Za-z{_STEM}]{{1,6}}"
_OTHER: Final = "[^号0-9A-Za-z()#,、/-]"

_ZONE: Final = re.compile(
    r"(?:天津)?([^路街道号镇乡村0-9()]{0,10}?(?:开发区|高新区|保税区|生态城|经济区|产业区|工业区|产业园区?|技术园区?|物流园?区|工业园区?))"
)
_OF_BINHAI: Final = re.compile(
    "(?:经济技术)?开发区|(?:天津港|港)?保税区|(?:天津)?空港经济区|东疆保税(?:港)?区|(?:中新)?(?:天津)?生态城|(?:滨海)?高新区"
)
"""Zones that are parts of 滨海新区."""
_TOWN: Final = re.compile(
    r"((?:[^镇乡号0-9A-Za-z()-]|号(?=桥)|[镇乡](?=街道)){1,8}?(?<!大)街(?:道办事处|道办|道|办事处)"
    rf"|[^路街道号0-9()]{{1,8}}?(?:镇|乡|苏木)(?!{_WAY})"
    rf"|[^路街道号0-9()]{{1,8}}?(?<!大)街(?=[^0-9()]{{2,12}}(?:{_WAY}|里|村)))"
)
_VILLAGE: Final = re.compile(rf"([^路街道号0-9()]{{1,10}}?(?:村委会|村|社区|居委会))(?!{_WAY})")
_SIDE: Final = rf"(?:[东西南北中]段|[东西南北中](?=[{_STEM}附]?[0-9]))?"
_ROAD: Final = re.compile(
    rf"([^路街道巷号0-9()]{{0,8}}?(?:第?[0-9]{{1,3}}[号经纬马]?|{NUMERAL}号){_WAY}{_SIDE}"
    rf"|[^号0-9(),、]{{1,12}}?{_WAY}(?!{_WAY}){_SIDE})"
)
_SUBDISTRICT: Final = re.compile(r"街(?:道办事处|道办|道|办事处)?$")
_NUMBER: Final = re.compile(
    rf"((?:[0-9]{{1,5}}[弄巷](?:[0-9]{{1,4}}支弄)?)?(?:[{_STEM}附增内副临特]{{1,2}})?[0-9]{{1,5}}[A-Za-z{_STEM}]?(?:-[0-9]{{1,4}})?)号?"
    r"(?:((?<=号)(?:之|附|-)[0-9]{1,3}|(?<=号)[" + _STEM + r"](?!座|栋|幢|楼|号楼|单元))号?)?(院)?(?!楼)"
)
_BARE: Final = re.compile(r"([0-9]{1,5}(?:-[0-9]{1,4})?)$")
_BUILDING: Final = re.compile(
    rf"-?({_N}(?:-[0-9]{{1,3}})?)(?:号楼|#楼|#|栋|幢|座|楼(?={_N}(?:单元|门|号门)))(?!层)"
    r"|([东西南北主副前后中]{1,2}(?:楼|座|塔楼|塔))"
)
_HOUSE: Final = re.compile(rf"([附增内副临特]{{0,2}}{_N})号(?=$|{_N}(?:单元|门|室))")
_ENTRANCE: Final = re.compile(rf"-?({_N})(?:单元|号门|门)")
_FLOOR: Final = re.compile(r"(-?[0-9]{1,3}|[A-Za-z][0-9]{0,2})(?:层|楼|F(?=$|[0-9]))")
_ROOM: Final = re.compile(rf"(-?)(({_N}(?:-{_N})?))(?:室|号|户|房|铺)?$")
_DASHED: Final = re.compile(rf"-?({_N})-({_N})(?:-({_N}))?(?:室|号|户)?$")
_NEAR: Final = re.compile(r"交口|交[汇叉]|附近|旁|对面|隔壁|[东西南北]侧|[东西南北内]$|米")
"""Words of a compound that say only what is near."""
_FIRST_DOOR: Final = re.compile(
    rf"(?<![0-9A-Za-z])[附增内副临特]{{0,2}}(?:{_N}、){{0,4}}(?:{_N}(?:-[0-9]{{1,3}})?(?:号楼|#|栋|幢|座|单元|号门|门(?!市)|层|楼|室|房|号)|-[0-9]{{1,2}}(?:层|楼)|{_N}(?:-{_N}){{1,2}}(?:室|号|户)?$"
    r"|[0-9]{2,5}[A-Za-z]?$|[A-Za-z][0-9]{2,5}$)"
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
    rest, notes, hints = _without_notes(_POSTCODE.sub("", normalise(text)))
    while label := _LABEL.match(rest):
        rest = rest[label.end() :]
    found, rest = _division(rest)
    found, rest = _street(found, rest)
    found = _doors(found, rest)
    found = replace(found, rest=found.rest + "".join(notes), hint="".join(hints))
    return replace(found, confidence=_confidence(found))


def _without_notes(text: str) -> tuple[str, list[str], list[str]]:
    """The text without notes in brackets, those notes that may tell addresses apart, and those that only help to find
    the place. 19号(甲) is 19号甲."""
    text = _BRANCH.sub(r"\1", text)
    notes = [one for one in _NOTE.findall(text) if one]
    hints = [one for one in notes if _is_hint(one)]
    return _NOTE.sub("", text), [f"({one})" for one in notes if one not in hints], hints


def _is_hint(note: str) -> bool:
    """Whether a note only helps to find the place.

    >>> [_is_hint(note) for note in ("大钟寺附近", "近2号楼", "二号楼", "一楼东户", "西侧底商", "东")]
    [True, True, False, False, False, False]
    """
    door = _NAMES_DOOR.search(note) and not note.startswith(_FORMER_OR_NEAR)
    return _HINT.fullmatch(note) is not None and not door


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
    for field, pattern in (("zone", _ZONE), ("zone", _ZONE), ("town", _TOWN), ("village", _VILLAGE)):
        if match := pattern.match(rest):
            values.setdefault(field, match[1])
            rest = rest[match.end() :]
    roads: list[str] = []
    while len(roads) < _MOST_ROADS and (match := _ROAD.match(rest)):
        roads.append(_road(match[1]))
        rest = rest[match.end() :]
    rest = _in_figures(rest)
    road = roads[-1] if roads else ""
    number = ""
    if (match := _NUMBER.match(rest)) and (match.end() > match.end(1) or _BARE.match(rest)) and (road or found.county):
        number = (match[1] + (match[2] or "") + (match[3] or "")).upper()
        rest = rest[match.end() :]
    if _is_of_binhai(found, values.get("zone", ""), in_tianjin):
        found = replace(found, province=TIANJIN, county="滨海新区", certain=True)
    if zone := values.get("zone"):
        values["zone"] = zone.removeprefix(found.city.removesuffix("市")) or zone
    if values.get("town"):
        values["town"] = _SUBDISTRICT.sub("街", values["town"])
    return replace(found, **values, road=road, number=_number(number), beside=tuple(roads[:-1])), rest


def _is_of_binhai(found: Address, zone: str, in_tianjin: bool) -> bool:
    named = found.province == TIANJIN or (in_tianjin and not found.province)
    return named and not found.county and _OF_BINHAI.fullmatch(zone) is not None


_MOST_ROADS: Final = 3
"""Most roads that lead to a gate: 黄河道立新路8号."""
_ORDINAL: Final = re.compile(f"第(?={NUMERAL}大?[街道路])")
_IN_ROAD: Final = re.compile(rf"([0-9]{{1,3}})(?=[号经纬马]?{_WAY})")


def _road(name: str) -> str:
    """The name of a road with numerals for figures, and without 第.

    >>> _road("第2大街"), _road("二大街"), _road("新港4号路")
    ('二大街', '二大街', '新港四号路')
    """
    return _ORDINAL.sub("", _IN_ROAD.sub(lambda match: in_chinese(int(match[1])), name))


def _number(text: str) -> str:
    """The number of a gate: 012 is 12; 12之1, 12-1 and 12附1 are one, and not 12.

    >>> _number("012"), _number("12附3"), _number("12-3"), _number("甲3"), _number("12院")
    ('12', '12-3', '12-3', '甲3', '12院')
    """
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", re.sub(r"(?<=[0-9])[之附](?=[0-9])", "-", text))


def _in_figures(text: str) -> str:
    """The text with the numbers of doors in figures, and floors below the ground with a minus.

    >>> _in_figures("十二号楼三门地下一层"), _in_figures("一百二十号三楼"), _in_figures("五马路")
    ('12号楼3门-1层', '120号3楼', '五马路')
    """
    figures = _COUNTED.sub(lambda match: number_of(match[1] or match[2]), text)
    figures = _TOP.sub(lambda match: number_of(match[1]), figures)
    return _UNDER.sub(r"-\1", figures)


def _doors(found: Address, rest: str) -> Address:
    """Compound, building, entrance, floor and room; the rest."""
    door = _FIRST_DOOR.search(rest)
    compound, rest = (rest[: door.start()], rest[door.start() :]) if door else (rest, "")
    values: dict[str, Any] = {"compound": compound.strip("-,、")}
    near = ""
    if _NEAR.search(compound):
        values["compound"], near = "", compound
    if (house := _HOUSE.match(rest)) and not found.number and compound:
        # 闻喜里2号: the gate of a courtyard
        values["number"], rest = _number(house[1].upper()), rest[house.end() :]
    if dashed := _DASHED.match(rest):
        return _tidy(replace(found, **values, **_dashed("", dashed)), near)
    if match := _BUILDING.match(rest):
        values["building"], rest = match[1] or match[2], rest[match.end() :]
        if dashed := _DASHED.match(rest):
            return _tidy(replace(found, **values | _dashed(values["building"], dashed)), near)
    for field, pattern in (("entrance", _ENTRANCE), ("floor", _FLOOR)):
        if match := pattern.match(rest):
            values[field], rest = match[1], rest[match.end() :]
    if match := _ROOM.match(rest):
        under = "-" if match[1] and not (values.get("building") or values.get("entrance")) else ""
        values["room"], rest = under + match[2], ""
    return _tidy(replace(found, **values), near + rest)


def _dashed(building: str, match: re.Match[str]) -> dict[str, Any]:
    """3-2-501: building, entrance, room. With the building already read: entrance, room."""
    first, second, third = match.groups()
    if third:
        return {"building": first, "entrance": second, "room": third}
    if building:
        return {"building": building, "entrance": first, "room": second}
    if first.isdigit() and len(first) > _BUILDING_FIGURES:
        return {"room": f"{first}-{second}"}
    return {"building": first, "room": second}


_BUILDING_FIGURES: Final = 2
"""A longer number before a dash is a room: 1101-08."""


def _tidy(found: Address, rest: str) -> Address:
    doors: dict[str, Any] = {name: _door(getattr(found, name)) for name in ("building", "entrance", "floor", "room")}
    return replace(found, **doors, rest=rest)


def _door(text: str) -> str:
    """A building, entrance, floor or room in capitals, without leading zeros.

    >>> _door("03"), _door("a"), _door("-1")
    ('3', 'A', '-1')
    """
    return re.sub(r"^(-?)0+(?=[0-9])", r"\1", text.upper())


_ESTATE: Final = re.compile(
    "(?:花园|家园|公园|小区|新村|新城|世家|公馆|华府|里|苑|园|城|府|庭|邸|公寓|广场|大厦|商厦|大楼|写字楼|中心|大学|学校|医院|园区|国际|总部|SOHO|MALL"
    "|来福士)$",
    re.IGNORECASE,
)
_WITHIN: Final = re.compile("(?:大学|学院|学校|医院|公司|集团|研究[所院]).")
"""Something within an institution: a laboratory, a centre, one of several campuses."""
_PHASE: Final = re.compile("[0-9A-Za-z一二三四五六七八九十东西南北中上下前后]{1,3}(?:期|区|园|组团|院|里|苑|楼)?")


def is_estate(name: str) -> bool:
    """Whether a name is that of an estate, a tower or an institution as a whole; not of a part of one (二期, 南园), nor
    of one that only has rooms in it.

    >>> [is_estate(name) for name in ("美丽花园", "腾讯大厦", "南园", "二期", "天津大学研究中心")]
    [True, True, False, False, False]
    """
    whole = _ESTATE.search(name) is not None and _PHASE.fullmatch(name) is None
    return whole and _WITHIN.search(name) is None


def zone_of_city(it: Address) -> tuple[str, str] | None:
    """City and zone of an address without a county: 苏州工业园区 is in none, and a city has one zone of one name."""
    return (it.city, it.zone) if it.city and it.zone and not it.county else None


def _confidence(found: Address) -> float:
    """What the parser trusts of its own work: one half for a county that is certain (or a city's zone), one half for a
    gate (a road or a courtyard with a number, a courtyard with a building, or a named tower on a road); nothing for a
    masked text."""
    if is_masked("".join(getattr(found, name) for name in PARTS)):
        return 0.0
    division = (found.county and found.certain) or zone_of_city(found)
    gate = found.number and (found.road or found.compound or found.village)
    tower = found.compound and (found.building or (found.road and is_estate(found.compound)))
    return (0.5 if division else 0.0) + (0.5 if gate or tower else 0.0)

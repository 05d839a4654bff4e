"""Chinese addresses: parsed from province to door, and a key that two spellings of one address share.

The parser is a ladder of patterns, each tried at the start of what is left. It loses nothing: what no rung takes stays
with the room, so that addresses that differ in anything that matters have different keys. A missed match goes to a
person; a false match would show a person another's title.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from hub.records.divisions import (
    MERGED,
    MUNICIPALITIES,
    PROVINCES,
    SHORT_PROVINCES,
    TIANJIN,
    TIANJIN_DISTRICTS,
    TIANJIN_FORMER,
)
from hub.records.numerals import FORMAL_NUMERAL, NUMERAL, in_chinese, number_of
from hub.records.placeholders import is_masked, is_placeholder
from hub.records.text import half_width

FIELDS: Final = (
    "text", "province", "city", "district", "town", "road", "number", "compound", "building", "entrance", "room",
)  # fmt: skip
TEXT_CHARACTERS_MAX: Final = 300
"""The parser reads at most this many characters, and a longer text has no key: it is not an address."""
ROOM_CHARACTERS_MAX: Final = 64
"""Most characters of a room, as the schemas say (``hub.max``). What no rung takes may be longer."""

# Brackets, dots, and variants of characters that registers mix.
_VARIANTS: Final = str.maketrans(
    {
        **dict.fromkeys("〔【［{〈《｛", "("),
        **dict.fromkeys("〕【】］}〉》｝", ")"),
        **dict.fromkeys("•・∙⋅‧●", "·"),
        **dict.fromkeys("〇○◯", "零"),
        "邨": "村", "衖": "弄", "號": "号", "樓": "楼", "棟": "栋", "巿": "市", "|": "/",
    }
)  # fmt: skip
_ANY_VARIANT: Final = re.compile(f"[{re.escape(''.join(map(chr, _VARIANTS)))}]")
_BETWEEN: Final = re.compile(r"(?<=[0-9A-Za-z])\s+(?=[0-9A-Za-z])")
_STOPS: Final = "。.,，;；、"
_DOOR_WORD: Final = "号楼|栋|幢|座|单元|门|室|层"
_COUNTED: Final = re.compile(
    rf"第?(?:({NUMERAL})(?={_DOOR_WORD}|号(?!大?[路街道巷桥]|公路|胡同))|({FORMAL_NUMERAL})(?={_DOOR_WORD}))"
)
_BASEMENT: Final = re.compile(r"(?:地下|负|[Bb])([0-9]{1,2})(?=层|楼)")


def normalise(text: str) -> str:
    """The text in half-width characters without spaces, with one kind of bracket and dash, and common characters
    instead of variants. Superscripts and circled figures stay: 12² is not 122. A space between two numbers is a dash:
    2 501 is not 2501.

    >>> normalise("天津市 南开区（长江道）１２－３號樓 2 501")
    '天津市南开区(长江道)12-3号楼2-501'
    """
    dashed = _BETWEEN.sub("-", half_width(text))
    joined = "".join(dashed.split())
    return (joined.translate(_VARIANTS) if _ANY_VARIANT.search(joined) else joined).rstrip(_STOPS)


def _in_figures(text: str) -> str:
    """The text with the numbers of doors in figures, and floors below the ground with a minus.

    >>> _in_figures("十二号楼三门地下一层"), _in_figures("四号路一百二十号")
    ('12号楼3门-1层', '四号路120号')
    """
    return _BASEMENT.sub(r"-\1", _COUNTED.sub(lambda match: number_of(match[1] or match[2]), text))


_NAMED: Final = rf"(?:{'|'.join(PROVINCES.values())})"
_SHORT: Final = (
    rf"(?:{'|'.join(name[:-1] for name in MUNICIPALITIES)})(?=[^省市路道街大]{{1,4}}[区县])"
    rf"|(?:{'|'.join(SHORT_PROVINCES)})(?=[^省市区县路道街]{{1,6}}(?:市|自治州|盟|地区))"
)
_DISTRICTS: Final = rf"(?:{'|'.join([*TIANJIN_DISTRICTS, *TIANJIN_FORMER])})"
_N: Final = r"[0-9A-Za-z]{1,6}"
_PLACE: Final = r"[^省市县区路街道号0-9()]"
_WAY: Final = r"(?:大街|大道|公路|胡同|路|街|道|巷)"
_STEMS: Final = "甲乙丙丁戊己庚辛"
_COUNT: Final = r"[0-9零一二三四五六七八九十百]"

# Field → pattern at the start of the remaining text; the first group is the value. The order is that of an address.
# The names of places keep Chinese numerals: 三门峡市, 八门城镇, 二号桥街道.
_PLACES: Final = tuple(
    (field, re.compile(pattern))
    for field, pattern in (
        ("province", rf"({_NAMED}|{_SHORT})"),
        ("city", rf"({_PLACE}{{1,8}}?(?:自治州|地区|盟|市))"),
        ("district", rf"(?:市辖区)?({_DISTRICTS}|{_PLACE}{{1,8}}?(?:新区|(?<![小园社校厂院片])区|自治县|县|旗|市))"),
        # A subdistrict may have the name of a road. 街 alone is one when a road with a number follows.
        (
            "town",
            r"((?:[^镇乡号0-9A-Za-z()-]|号(?=桥)|[镇乡](?=街道)){1,8}?(?<!大)街(?:道办事处|道办|道|办事处)"
            rf"|[^路街道号0-9()]{{1,8}}?(?:镇|乡|苏木)(?!{_WAY})"
            rf"|[^路街道号0-9()]{{1,8}}?(?<!大)街(?=[^0-9()]{{2,12}}(?:路|道|街|巷|里|胡同){_COUNT}))",
        ),
        # The name of a road may have a number and 号 in it: 新港四号路, 第2大街.
        (
            "road",
            rf"([^路街道巷号0-9()]{{0,8}}?(?:第?[0-9]{{1,3}}[号经纬马]?|{NUMERAL}号){_WAY}(?:[东西南北中]段)?"
            rf"|[^号0-9()]{{1,12}}?(?:{_WAY}|弄|条)(?!{_WAY}(?:{_COUNT}|$))(?:[东西南北中]段)?"
            r"|[^号0-9()]{1,10}?村)",
        ),
    )
)
_DOORS: Final = tuple(
    (field, re.compile(pattern))
    for field, pattern in (
        (
            "number",
            rf"([0-9]{{1,5}}弄(?:[0-9]{{1,4}}支弄)?(?:[0-9]{{1,5}}号院?)?(?!楼)|(?:[{_STEMS}附增内副临特])?[0-9]{{1,5}}[A-Za-z{_STEMS}]?(?:-[0-9]{{1,4}})?号院?)(?!楼)",
        ),
        ("compound", r"([^0-9A-Za-z#()-]{2,24}(?:[A-Za-z]区)?)"),
        # 楼 alone is a building when an entrance follows; otherwise it may be a floor. With 号 alone it may be a house.
        ("building", rf"({_N})(?:号楼|#楼|#|栋|幢|座|楼(?={_N}(?:单元|门|号门)))(?!层)|({_N}号)(?!层)"),
        ("entrance", rf"-?({_N})(?:单元|号门|门|#)"),
    )
)
_FORMER: Final = re.compile(
    rf"({'|'.join(name[:-1] for names in MERGED.values() for name in names)})(?!区?街道|油田|{_WAY})区?"
)
"""A former district behind the present one: 滨海新区塘沽新华路."""
# 3-2-501: building, entrance, room. With the building already read: entrance, room.
_DASHED: Final = re.compile(rf"-?({_N})-({_N})(?:-({_N}))?(?:室|号|户)?$")
_ROOM: Final = re.compile(rf"(-?)(?:({_N})(?:层|楼))?(-?)({_N})(?:室|号|户|房)?$")
_NO_CITY: Final = frozenset(("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"))
"""What codes of divisions have in place of a city where there is none."""
_DEEPEST: Final = 4
"""The deepest floor below the ground that has rooms. The dash before 501 is no minus."""


def parse(text: str) -> dict[str, str]:
    """A structured address: ``FIELDS`` → text, "" for a missing part. ``text`` is the given text. The former district
    of a merged one is the beginning of ``town``.

    >>> found = parse("天津市南开区长江道12号美丽花园3号楼2门501室")
    >>> [found[field] for field in FIELDS[1:]]
    ['天津市', '', '南开区', '', '长江道', '12号', '美丽花园', '3', '2', '501']
    """
    found = dict.fromkeys(FIELDS, "")
    found["text"] = text
    rest = _read_places(found, normalise(text[:TEXT_CHARACTERS_MAX]))
    rest = _read_doors(found, _in_figures(rest))
    found["room"] += _room(rest)
    _complete(found)
    return found


def parse_to_fit(text: str) -> dict[str, str]:
    """As ``parse``, for a record. Where the room is longer than a record's, as with a list of twenty rooms, the parts
    from the road on are empty: the text has them, and ``address_key`` reads it.

    >>> found = parse_to_fit("天津市南开区长江道12号" + "、".join(f"{room}室" for room in range(101, 121)))
    >>> found["district"], found["road"], found["room"], address_key(found) == address_key(found["text"]) != ""
    ('南开区', '', '', True)
    """
    found = parse(text)
    fits = len(found["room"]) <= ROOM_CHARACTERS_MAX
    return found if fits else found | dict.fromkeys(FIELDS[FIELDS.index("road") :], "")


def _read_places(found: dict[str, str], rest: str) -> str:
    for field, pattern in _PLACES:
        if match := pattern.match(rest):
            rest = rest[match.end() :]
            found[field] += match[1]
        if field == "district" and (found[field] in MERGED or (not found[field] and found["province"] == TIANJIN)):
            rest = _read_former(found, rest)
    return rest


def _read_former(found: dict[str, str], rest: str) -> str:
    """A former district, behind the present one or alone: 滨海新区塘沽新华路, 天津市塘沽新华路."""
    former = _FORMER.match(rest)
    if former is None:
        return rest
    found["town"] = f"{former[1]}区"
    found["district"] = found["district"] or found["town"]
    return rest[former.end() :]


def _read_doors(found: dict[str, str], rest: str) -> str:
    for field, pattern in _DOORS:
        if field in ("building", "entrance") and (dashed := _DASHED.match(rest)):
            rest = _take_dashed(found, dashed)
        elif match := pattern.match(rest):
            rest = rest[match.end() :]
            found[field] = match[match.lastindex or 0]
    return rest


def _take_dashed(found: dict[str, str], dashed: re.Match[str]) -> str:
    first, second, third = dashed.groups()
    if third:
        found["building"], found["entrance"], found["room"] = first, second, third
    elif found["building"]:
        found["entrance"], found["room"] = first, second
    else:
        found["building"], found["room"] = first, second
    return ""


def _room(text: str) -> str:
    """A room without the words for it. A minus stays where it can be a floor below the ground, and a floor stays unless
    it is the room number's own first figures.

    >>> [_room(text) for text in ("501室", "5层501", "5层2", "1层1023", "10层1023", "-1层101", "-101", "-501")]
    ['501', '501', '5-2', '1-1023', '1023', '-101', '-101', '501']
    """
    match = _ROOM.match(text)
    if match is None:
        return text
    sign, floor, dash, room = match.groups()
    own = room[:-2].lstrip("0") if room.isdigit() and len(room) > 2 else ""
    if floor is None:
        return room if not _is_minus(sign or dash, own, room) else f"-{room}"
    sign = "-" if _is_minus(sign, floor, floor) else ""
    return f"{sign}{room}" if own and own == floor.lstrip("0") else f"{sign}{floor}-{room}"


def _is_minus(sign: str, floor: str, room: str) -> bool:
    """Whether a dash before a room says that it is below the ground. In 1023, the floor may be 1 or 10."""
    return bool(sign) and room.isdigit() and (not floor or int(floor[0]) <= _DEEPEST)


def _complete(found: dict[str, str]) -> None:
    """Replace former districts by their present names, complete a short province, and take the level of cities out of a
    municipality, which has none."""
    found["province"] = SHORT_PROVINCES.get(found["province"], found["province"])
    if (city := SHORT_PROVINCES.get(found["city"], found["city"])) in MUNICIPALITIES:
        found["province"] = found["province"] or city
    if city in _NO_CITY or (city in MUNICIPALITIES and city == found["province"]):
        found["city"] = ""
    district = TIANJIN_FORMER.get(found["district"], found["district"])
    if not found["province"] and not found["city"] and district in TIANJIN_DISTRICTS:
        found["province"] = TIANJIN
    if found["province"] == TIANJIN or not found["province"]:
        if district in MERGED and found["district"] != district and not found["town"].startswith(found["district"]):
            found["town"] = found["district"] + found["town"]
        found["district"] = district


# ---- the key -------------------------------------------------------------------------------------------------------

_IN_ROAD: Final = re.compile(rf"([0-9]{{1,3}})(?=[号经纬马]?{_WAY})")
_SUBDISTRICT: Final = re.compile(r"(.+?)街(?:道办事处|道办|道|办事处)?$")
_DOOR: Final = re.compile(r"0*([0-9A-Z-]+)(?:号楼|栋|幢|座|单元|号门|门|室|户|房)?")


def address_key(value: str | Mapping[str, Any]) -> str:
    """A key that is equal for all spellings of one address and different for neighbours; "" for an address that is too
    vague, masked, or longer than ``TEXT_CHARACTERS_MAX``.

    A structured address is compared by its fields; a text is parsed first. A subdistrict (街道) does not count if there
    are a road and a number, because most spellings leave it out. A town (镇) counts: two towns of one district have
    roads of one name.

    >>> other = "南开区长江道１２号 美丽花园三号楼-2-501"
    >>> address_key("天津市南开区长江道12号美丽花园3号楼2门501室") == address_key(other)
    True
    >>> address_key("南开区长江道12号") == address_key("南开区长江道12号院")
    False
    >>> address_key("天津市南开区")
    ''
    """
    if len(value if isinstance(value, str) else value["text"]) > TEXT_CHARACTERS_MAX:
        return ""
    found = _structured(value)
    if not found["district"] or not (found["compound"] or (found["road"] and found["number"])):
        return ""
    if any(is_masked(found[field]) for field in FIELDS[1:]) or is_placeholder(found["compound"] or found["road"]):
        return ""
    return "|".join(_compared(found, field) for field in FIELDS[1:]).upper()


def _structured(value: str | Mapping[str, Any]) -> dict[str, str]:
    if isinstance(value, str):
        return parse(value)
    if not (value["road"] or value["compound"]):
        return parse(value["text"])
    found = {field: normalise(value[field]) for field in FIELDS}
    found |= {field: _in_figures(found[field]) for field in ("number", "building", "entrance", "room")}
    found["room"] = _room(found["room"])
    _complete(found)
    return found


def _compared(found: Mapping[str, str], field: str) -> str:
    """One field as it is compared."""
    text = found[field]
    if field == "town":
        return _town(found)
    if field == "road":
        return _IN_ROAD.sub(lambda match: in_chinese(int(match[1])), text)
    if field == "number":
        return text.removesuffix("号").lstrip("0")
    if field in ("entrance", "room"):
        return _door(text.removesuffix("号"))
    return _door(text) if field == "building" else text


def _town(found: Mapping[str, str]) -> str:
    """The town and the former district. A subdistrict only where it tells addresses apart: without a road, in a
    village, and in a merged district, unless it is named after the road."""
    town, merged = found["town"], MERGED.get(found["district"], ())
    former = next((name for name in merged if town.startswith(name[:-1])), "")
    town = town.removeprefix(former)
    subdistrict = _SUBDISTRICT.fullmatch(town)
    located = found["road"] and found["number"] and not found["road"].endswith("村")
    if located and subdistrict and (former or not merged or subdistrict[1] == found["road"]):
        town = ""
    return former + town


def _door(text: str) -> str:
    """A building, entrance or room without leading zeros and without the word for it.

    >>> _door("03号楼"), _door("a座"), _door("501(东)")
    ('3', 'A', '501(东)')
    """
    match = _DOOR.fullmatch(text.upper())
    return match[1] if match else text

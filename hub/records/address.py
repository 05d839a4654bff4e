"""Chinese addresses: parsed from province to door, and a key that two spellings of one address share.

The parser is a ladder of patterns, each tried at the start of what is left. It loses nothing: what no rung takes stays
with the room, so that addresses that differ in anything that matters have different keys. A missed match goes to a
person; a false match would show a person another's title.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from hub.records.divisions import PROVINCES, TIANJIN, TIANJIN_DISTRICTS, TIANJIN_FORMER
from hub.records.text import ZERO_WIDTH

FIELDS: Final = (
    "text", "province", "city", "district", "town", "road", "number", "compound", "building", "entrance", "room",
)  # fmt: skip
TEXT_CHARACTERS_MAX: Final = 300
"""The parser reads at most this many characters: a longer text is not an address."""

# Dashes and dots of all widths, brackets, and variants of characters that registers mix.
_VARIANTS: Final = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−－﹣─━", "-"),
        **dict.fromkeys("〔【［{〈《｛", "("),
        **dict.fromkeys("〕】］}〉》｝", ")"),
        **dict.fromkeys("•・∙⋅‧●", "·"),
        "邨": "村", "衖": "弄", "號": "号", "樓": "楼", "棟": "栋", "＃": "#", "〇": "零", "巿": "市",
        "壹": "一", "貳": "二",
        **dict.fromkeys(ZERO_WIDTH, ""), "|": "/",
    }
)  # fmt: skip
_DIGITS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")}
_NUMERAL: Final = re.compile(r"第?([零一二三四五六七八九十]{1,3})(?=号楼|号(?![路街道])|栋|幢|座|单元|门|室|层)")


def normalise(text: str) -> str:
    """The text in half-width characters without spaces, with one kind of bracket and dash, and common characters
    instead of variants.

    >>> normalise("天津市 南开区（长江道）１２－３號樓")
    '天津市南开区(长江道)12-3号楼'
    """
    return "".join(unicodedata.normalize("NFKC", text).translate(_VARIANTS).split())


def _number(numeral: str) -> str:
    """A Chinese numeral up to 99 as digits (十二 → 12, 二十 → 20), or a row of Chinese digits (二零一 → 201).

    >>> [_number(text) for text in ("三", "十二", "二十", "三十一", "二零一")]
    ['3', '12', '20', '31', '201']
    """
    if "十" not in numeral:
        return "".join(str(_DIGITS[character]) for character in numeral)
    tens, _, ones = numeral.partition("十")
    return str(_DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0))


_NAMED: Final = rf"(?:{'|'.join(PROVINCES.values())})"
_MUNICIPALITIES: Final = r"(?:北京|天津|上海|重庆)(?=[^省市路道街大]{1,4}区)"
_DISTRICTS: Final = rf"(?:{'|'.join([*TIANJIN_DISTRICTS, *TIANJIN_FORMER])})"
_N: Final = r"[0-9A-Za-z]{1,6}"
_PLACE: Final = r"[^省市县区路街道号0-9()]"

# Field → pattern at the start of the remaining text; the first group is the value. The order is that of an address.
_LADDER: Final = tuple(
    (field, re.compile(pattern))
    for field, pattern in (
        ("province", rf"({_NAMED}|{_MUNICIPALITIES})"),
        ("city", rf"({_PLACE}{{1,8}}?(?:自治州|地区|盟|市))"),
        ("district", rf"(?:市辖区)?({_DISTRICTS}|{_PLACE}{{1,8}}?(?:新区|(?<![小园社校厂院片])区|自治县|县|旗|市))"),
        # 街 alone is a subdistrict when a road with a number follows.
        (
            "town",
            r"([^路街道号0-9()]{1,8}?(?:街道办事处|街道|镇|乡|苏木|街(?=[^0-9()]{2,12}(?:路|道|街|巷|里|胡同)[0-9])))",
        ),
        (
            "road",
            r"([^号0-9()]{1,12}?(?:大街|大道|公路|胡同|路|街|道|巷|弄|条)(?:[东西南北中]段)?"
            r"|[零一二三四五六七八九十]{1,3}号(?:大街|路|街|道)|[^号0-9()]{1,10}?村)",
        ),
        ("number", r"((?:甲|乙|丙|附|增|内)?[0-9]{1,5}(?:-[0-9]{1,4})?号院?)(?!楼)"),
        ("compound", r"([^0-9A-Za-z#()-]{2,24}(?:[A-Za-z]区)?)"),
        # 楼 alone is a building when an entrance follows; otherwise it may be a floor.
        ("building", rf"({_N})(?:号楼|#楼|#|栋|幢|座|号|楼(?={_N}(?:单元|门|号门)))(?!层)"),
        ("entrance", rf"-?({_N})(?:单元|号门|门|#)"),
        ("room", rf"-?(?:({_N})(?:层|楼))?-?({_N})(?:室|号|户|房)?$"),
    )
)
# 3-2-501: building, entrance, room. With the building already read: entrance, room.
_DASHED: Final = re.compile(rf"-?({_N})-({_N})(?:-({_N}))?(?:室|号|户)?$")


def parse(text: str) -> dict[str, str]:
    """A structured address: ``FIELDS`` → text, "" for a missing part. ``text`` is the given text.

    >>> found = parse("天津市南开区长江道12号美丽花园3号楼2门501室")
    >>> [found[field] for field in FIELDS[1:]]
    ['天津市', '', '南开区', '', '长江道', '12号', '美丽花园', '3', '2', '501']
    """
    found = dict.fromkeys(FIELDS, "")
    found["text"] = text
    rest = _NUMERAL.sub(lambda match: _number(match[1]), normalise(text[:TEXT_CHARACTERS_MAX]))
    for field, pattern in _LADDER:
        if field in ("building", "entrance") and (dashed := _DASHED.match(rest)):
            rest = _take_dashed(found, dashed)
        elif match := pattern.match(rest):
            rest = rest[match.end() :]
            found[field] = _room(match) if field == "room" else match[1]
    found["room"] += rest
    _complete(found)
    return found


def _take_dashed(found: dict[str, str], dashed: re.Match[str]) -> str:
    first, second, third = dashed.groups()
    if third:
        found["building"], found["entrance"], found["room"] = first, second, third
    elif found["building"]:
        found["entrance"], found["room"] = first, second
    else:
        found["building"], found["room"] = first, second
    return ""


def _room(match: re.Match[str]) -> str:
    """A floor stays only where the room's number does not begin with it: 5层501 is 501, 5层2 is 5-2."""
    floor, room = match.groups()
    return f"{floor}-{room}" if floor and not (len(room) > 2 and room.startswith(floor)) else room


def _complete(found: dict[str, str]) -> None:
    """Replace former districts by their present names, and add the province of a municipality if it is short or
    missing."""
    district = TIANJIN_FORMER.get(found["district"], found["district"])
    if found["province"] and not found["province"].endswith(("省", "市", "区")):
        found["province"] += "市"
    if not found["province"] and found["city"] in ("", TIANJIN) and district in TIANJIN_DISTRICTS:
        found["province"], found["city"] = TIANJIN, ""
    if found["province"] == TIANJIN or not found["province"]:
        found["district"] = district


def address_key(value: str | Mapping[str, Any]) -> str:
    """A key that is equal for all spellings of one address and different for neighbours; "" for an address that is too
    vague.

    A structured address is compared by its fields; a text is parsed first. The town does not count if there are a road
    and a number, because most spellings leave it out.

    >>> other = "南开区长江道１２号 美丽花园三号楼-2-501"
    >>> address_key("天津市南开区长江道12号美丽花园3号楼2门501室") == address_key(other)
    True
    >>> address_key("南开区长江道12号") == address_key("南开区长江道12号院")
    False
    >>> address_key("天津市南开区")
    ''
    """
    found = _structured(value)
    if not found["district"] or not (found["compound"] or (found["road"] and found["number"])):
        return ""
    if found["road"] and found["number"] and not found["road"].endswith("村"):
        found["town"] = ""
    found["number"] = found["number"].removesuffix("号")
    return "|".join(_door(found[field]) if field in _DOORS else found[field] for field in FIELDS[1:])


_DOORS: Final = ("building", "entrance", "room")
_DOOR: Final = re.compile(r"0*([0-9A-Z-]+)(?:号楼|栋|幢|座|单元|号门|门|室|号|户|房)?")


def _structured(value: str | Mapping[str, Any]) -> dict[str, str]:
    if isinstance(value, str):
        return parse(value)
    if not (value["road"] or value["compound"]):
        return parse(value["text"])
    found = {field: normalise(value[field]) for field in FIELDS}
    _complete(found)
    return found


def _door(text: str) -> str:
    """A building, entrance or room without leading zeros and without the word for it.

    >>> _door("03号楼"), _door("a座"), _door("501(东)")
    ('3', 'A', '501(东)')
    """
    match = _DOOR.fullmatch(text.upper())
    return match[1] if match else text

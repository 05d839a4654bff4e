"""Addresses beside an address, and other spellings of it: one part changed, or none.

Each neighbour differs from its address in exactly one thing that tells doors apart, so that no two are ever the same.
Notes in brackets and postcodes are left as they are.
"""

import re
from collections.abc import Iterator

_KEPT = re.compile(r"[(（][^()（）]*[)）]|邮政?编码?[:： ]*\d{6}")
_NUMERALS = "一二三四五六七八九"
_FACING = {"东": "西", "西": "东", "南": "北", "北": "南", "甲": "乙", "乙": "丙", "前": "后", "后": "前"}
_FULL = str.maketrans("0123456789ABCDEFGH-", "０１２３４５６７８９ＡＢＣＤＥＦＧＨ－")
_SORTS = (
    ("花园", "家园"), ("大厦", "公寓"), ("广场", "公寓"), ("弄", "号"), ("胡同", "巷"), ("号楼", "号"), ("期", "区"),
    ("路(?!街道)", "道"), ("大街(?!道)", "大道"), ("厂房", "车间"), ("村(?!街)", "镇"), ("组", "队"),
    ("街(?!道|$|.{2,6}[路道])", "路"), ("号院", "号楼"),
)  # fmt: skip
_NOTES = (
    "五〇一",
    "第三家",
    "东起第三家",
    "东半部",
    "左手边",
    "市场内摊位",
    "复式上层",
    "换热站",
    "理发店",
    "对面100米",
    "三号楼对面",
)
"""Notes that name a door, or lead away from the gate."""
_LOST = re.compile(r"\d{1,2}(?:单元|门)|\d{2,5}(?:室|铺)$|附\d+号?|-\d+(?=号|室|$)|\d期|[东西南北]区")


def neighbours(text: str) -> Iterator[str]:
    """Every text that differs from an address in one number, letter, direction, stem, part, or word for a place."""
    kept = [match.span() for match in _KEPT.finditer(text)]

    def changed(pattern: str, *others: str) -> Iterator[str]:
        for match in re.finditer(pattern, text):
            if not any(start <= match.start() < end for start, end in kept):
                for other in others:
                    if (told := text[: match.start()] + match.expand(other) + text[match.end() :]) != text:
                        yield told

    for number in sorted({int(found) for found in re.findall(r"\d{1,5}", text)}):
        exactly = rf"(?<!\d)0*{number}(?!\d)"
        yield from changed(exactly, str(number + 1), str(number + 10), f"{number}1", str(max(number - 1, 0)))
        yield from changed(exactly + "(?=号)", f"甲{number}", f"{number}甲", f"{number}-1", f"{number}A", f"附{number}")
    yield from changed(r"(\d)号(?!楼|院|[路线门])", r"\1号附1号 ", r"\1号之一", r"\1号2号楼")
    yield from changed(r"(\d)(?=号楼|栋|幢|座)", r"\1甲", r"\g<1>0")
    yield from changed(r"(?=\d+(?:号楼|栋|幢|座))", "二期", "东区")
    for numeral, after in zip(_NUMERALS, _NUMERALS[1:] + "一", strict=True):
        yield from changed(numeral, after)
    for here, there in _FACING.items():
        yield from changed(here, there)
    for letter in sorted(set(re.findall("[A-Za-z]", text))):
        yield from changed(letter, chr(ord(letter) + 1) if letter not in "Zz" else "Y")
    for one, other in _SORTS:
        yield from changed(one, other)
    yield from changed(r"(?<=[号楼门座厦层])(?=[1-3]\d\d(?:室|号|户)?$)", "-")
    yield from changed(r"(?<=[楼座厦])(?=[1-9]层)", "-")
    yield from changed(r"(?<=\d)室$", "铺", "门面", "底商")
    yield from changed("(?<=花园|家园|中心|大学|医院|学院|酒店|商场)(?=[0-9A-Z]|$)", "公寓", "写字楼", "家属院")
    yield from changed(r"(?<=\d号)$", *(f"({note})" for note in _NOTES))
    yield from (text[: match.start()] + text[match.end() :] for match in _LOST.finditer(text) if not kept)


def _in_words(number: str) -> str:
    tens, ones = divmod(int(number), 10)
    return (_NUMERALS[tens - 1] if tens > 1 else "") + ("十" if tens else "") + (_NUMERALS[ones - 1] if ones else "")


def spellings(text: str) -> Iterator[tuple[str, str]]:
    """(what is done, text): the same address as other clerks write it."""
    yield "full width", text.translate(_FULL)
    yield "label", f"地址：{text}"
    yield "stop", f"{text}。"
    yield "spaces", re.sub(r"(?<=[省市区县路街道镇号楼])", " ", text).strip()
    yield "note", f"{text}（地铁站附近）"
    yield "postcode", f"{text} 邮编：300000"
    yield "doubled", re.sub(r"^(北京市|天津市|上海市|重庆市)", r"\1\1", text)
    yield "short province", re.sub(r"^(北京|天津|上海|重庆)市(?=.{2,3}区)", r"\1", text)
    yield "dash", text.replace("-", "—")
    yield "building", re.sub(r"(\d+)(?:栋|幢)", r"\1号楼", text)
    yield "building in words", re.sub(r"(?<!\d)([1-9]|[1-9]\d)(?=号楼|栋|幢)", lambda found: _in_words(found[1]), text)
    yield "block", re.sub(r"(?<![\dA-Za-z-])(\d+)号楼", r"\1栋", text)
    yield "hash", re.sub(r"(?<![\dA-Za-z-])(\d+)号楼", r"\1#楼", text)
    yield "entrance", re.sub(r"(?<=[楼栋幢座])(\d{1,2})门", r"\1单元", text)
    yield "unit", re.sub(r"(?<=[楼栋幢座])(\d{1,2})单元", r"\1门", text)
    yield "floor", re.sub(r"(\d)层", r"\1楼", text) if not re.search(r"层(?=\d*[号栋])", text) else text
    yield (
        "floor in words",
        re.sub(r"(?<=[号楼座厦场])([1-9]|[1-9]\d)层", lambda found: _in_words(found[1]) + "层", text),
    )
    yield "below", text.replace("地下一层", "负一层").replace("地下1层", "B1层")
    yield "room", re.sub(r"(?<=\d)室$", "", text)
    yield "gate in words", re.sub(r"(?<=[路街道])([1-9]|[1-9]\d)号", lambda found: _in_words(found[1]) + "号", text)
    yield "letters", text.lower()

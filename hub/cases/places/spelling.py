"""The spellings of one address: what is said twice, what only helps to find it, and numbers in words.

Every rule is of the grammar of addresses, so that two spellings of one door become one text and two doors never do.
"""

import re
from typing import Final

from hub.records.address import normalise
from hub.records.divisions import PROVINCES
from hub.records.numerals import FORMAL_NUMERAL, NUMERAL, in_chinese, number_of

STEM: Final = "甲乙丙丁戊己庚辛"
WAY: Final = "(?:大街|大道|公路|马路|胡同|路|街|道|巷|条)"
KIND: Final = "办公|综合|商业|教学|实验|宿舍|住宅|公寓|写字|科研|商务|生产"
"""Sorts of buildings that stand before 楼: 3号办公楼."""
HALL: Final = "厂房|车间|仓库|库房|馆|库"
SHOP: Final = "底商|商铺|店铺|铺位号?|门面|门市"
_DOOR_WORD: Final = f"号楼|#|栋|幢|座|单元|门|室|层|弄|号|(?:{HALL})"

_BRANCH: Final = re.compile("(?<=号)[(]([甲乙丙丁戊己庚辛])[)]")
_LABEL: Final = re.compile(
    r"(?:(?:用电|注册|办公|详细|单位|公司|通讯|联系|工作)?(?:地址|住所|住址|地点|坐落|坐落于)[::]|位于|中国(?:大陆)?(?!\())"
)
_POSTCODE: Final = re.compile(r"[,、]?(?:(?:邮政编码|邮编|邮码)[::]?[0-9]{6}|(?:联系)?电话[::]?[0-9-]{7,13})$")
_BETWEEN: Final = re.compile(r"(?<=[省市区县镇乡])[-,、·/](?=[^0-9])")
_PLACE: Final = "|".join(name[: 3 if name[:2] in ("内蒙", "黑龙") else 2] for name in PROVINCES.values())
_FREE_TRADE: Final = re.compile(rf"^(?:中国)?[(]?({_PLACE})市?[)]?(?:自由贸易|自贸)(?:试验|实验)区")
"""A free trade zone lies over other zones and has no doors of its own."""
_OPENED: Final = re.compile(r"\(([^0-9()]{1,10}?(?:区|园|基地|片区))\)(?=[^()]{0,60}[0-9一二三四五六七八九十])")
"""A place in brackets before the number of the gate is a part of the address: 经济开发区(西区)香港街3号."""
_FORMER: Final = re.compile(r"(?<=区)\(([^0-9()]{2,3})\)(?=[^()]{0,60}[0-9])")
_TWICE: Final = re.compile(rf"^(?:([^0-9]{{2,14}}?[省市区县])\1(?!街|路|道)|({_PLACE})\2)")

_DOOR_NOTE: Final = re.compile(r"\(([0-9A-Z]{1,4}(?:-[0-9A-Z]{1,4}){2})\)$")
"""A door in brackets: 长江道12号(3-2-501)."""
_NOTE: Final = re.compile(r"\(([^()]{0,80})\)")
_HINT: Final = re.compile(r"[^0-9A-Za-z]{3,80}|(?:临近|靠近|邻近|近|原).{1,40}")
"""A note in brackets that only helps to find the place, where it names no door. One with a figure or a letter may name
one, and a single character (东) a side of it."""
_BESIDE: Final = re.compile(
    r".{1,40}(?:附近|对面|对过|隔壁|旁边?|交[叉汇]?[口处].{0,12}|[0-9]{1,5}米.{0,4}|地铁.{0,12}口|出口|托管第?[0-9]{1,6}号?)"
)
"""A note that says what is near, or whose mail is taken in, also with figures."""
_POINTS_AWAY: Final = re.compile(
    rf"^(?:对面|对过|隔壁|旁|[往向再][东西南北前后里内左右行走]|前行)|(?:{NUMERAL}|[0-9A-Z{STEM}])(?:号楼|号|楼|栋|幢|座|单元|门|室)(?:对面|对过|隔壁|旁)"
)
"""A note that leads away from the gate, or to beside one of its doors: (对面100米), (三号楼对面)."""
_NAMES_DOOR: Final = re.compile(
    rf"(?:{NUMERAL}|{FORMAL_NUMERAL}|[{STEM}])(?:{_DOOR_WORD}|楼|户|期|区|院)(?!{WAY}|桥)"
    rf"|[东西南北中主副附左右前后][^路街道巷口]{{0,2}}?(?:户|间|铺|楼|栋|座|塔|厅|侧|院)"
    rf"|^(?:{NUMERAL})$|第(?:{NUMERAL})(?:家|户|间|个)?$|数第|手边|半部|部分|摊|档口|[上下]层|设备层|充电|站$|店$"
    rf"|{SHOP}|{HALL}|地下|[顶底]层|[室房屋间棚]$|楼$"
)
"""A door, or a side of one, in words: (二号楼), (一楼东户), (西侧底商), (地下室)."""
_FORMER_OR_NEAR: Final = ("近", "原", "临近", "靠近", "邻近")

_COUNTED: Final = re.compile(
    rf"(?:(?<=附)|(?<=之)|第)?(?:({NUMERAL})|({FORMAL_NUMERAL}))(?=(?:{_DOOR_WORD})(?!{WAY}|桥)|(?<=[附之].)$)|(?<=号之)({NUMERAL})"
)
_PART: Final = re.compile(rf"第?({NUMERAL})(?=(?:期|区|组|队|排|院)(?!{WAY}))")
_TOP: Final = re.compile(r"([一二三四五六七八九十]{1,3})(?=楼(?:$|[^0-9]))")
_UNDER: Final = re.compile(r"(?:地下|负|(?<![A-Za-z0-9])[Bb])([0-9]{1,2})(?=层|楼)")
_ON_FLOOR: Final = re.compile(r"(?<![A-Za-z0-9])F([0-9]{1,2})(?=层|楼)")
_STOREY: Final = re.compile(r"(?<![0-9A-Za-z-])([0-9]{1,2})F-?(?=[0-9A-Za-z]|$)")
_ROOM_DASH: Final = re.compile(r"(?<=[0-9])室-(?=[0-9]{1,3}(?:室|号)?$)")
_ORDER: Final = re.compile(rf"第(?=[0-9]{{1,4}}(?:{_DOOR_WORD}|楼))")
_HASH: Final = re.compile(rf"#(?=楼|{HALL})")
_VILLAGE_OFFICE: Final = re.compile("(?<=村)(?:村?委会|村民委员会)(?=.)")


def unfold(text: str) -> tuple[str, list[str], list[str]]:
    """The address in the hub's characters, in capitals, without labels, a division said twice and notes in
    brackets; those notes that may tell addresses apart; and those that only help to find the place. 19号(甲) is 19号甲.

    >>> unfold("中国（天津）自由贸易试验区（空港经济区）环河西路８号（地铁站对面）")
    ('天津空港经济区环河西路8号', [], ['地铁站对面'])
    >>> unfold("天津市天津市南开区长江道12号(二号楼)")
    ('天津市南开区长江道12号', ['(二号楼)'], [])
    """
    text = _FREE_TRADE.sub(r"\1", _POSTCODE.sub("", normalise(text).upper()))
    while label := _LABEL.match(text):
        text = text[label.end() :]
    text = _BETWEEN.sub("", text)
    text = _DOOR_NOTE.sub(r"\1", text)
    text = _BRANCH.sub(r"\1", _FREE_TRADE.sub(r"\1", text))
    text = _TWICE.sub(r"\1\2", _FORMER.sub(r"\1", _OPENED.sub(r"\1", text)))
    text = _VILLAGE_OFFICE.sub("", text)
    notes = [one for one in _NOTE.findall(text) if one]
    hints = [one for one in notes if is_hint(one)]
    return _NOTE.sub("", text), [f"({one})" for one in notes if one not in hints], hints


def is_hint(note: str) -> bool:
    """Whether a note only helps to find the place.

    >>> [is_hint(note) for note in ("大钟寺附近", "近2号楼", "某路交口东行100米路南")]
    [True, True, True]
    >>> [is_hint(note) for note in ("二号楼", "一楼东户", "地下室", "东")]
    [False, False, False, False]
    """
    if _POINTS_AWAY.search(note):
        return False
    if _BESIDE.fullmatch(note):
        return True
    door = _NAMES_DOOR.search(note) and not note.startswith(_FORMER_OR_NEAR)
    return _HINT.fullmatch(note) is not None and not door


def in_figures(text: str) -> str:
    """The text with the numbers of doors and of parts of an estate or a village in figures, and floors below the ground
    with a minus.

    >>> in_figures("十二号楼三门地下一层"), in_figures("一百二十号三楼"), in_figures("二期第3幢首层")
    ('12号楼3门-1层', '120号3楼', '2期3幢1层')
    """
    figures = _COUNTED.sub(lambda match: number_of(match[1] or match[2] or match[3]), text.replace("首层", "一层"))
    for pattern in (_PART, _TOP):
        figures = pattern.sub(lambda match: number_of(match[1]), figures)
    figures = _ROOM_DASH.sub("-", _STOREY.sub(r"\1层", figures))
    figures = _ON_FLOOR.sub(r"\1", _UNDER.sub(r"-\1", figures))
    return _HASH.sub("号", _ORDER.sub("", figures))


_ORDINAL: Final = re.compile(f"第(?={NUMERAL}大?[街道路])")
_IN_ROAD: Final = re.compile(rf"([0-9]{{1,3}})(?=[号经纬马]?{WAY})")


def road_name(name: str) -> str:
    """The name of a road with numerals for figures, and without 第.

    >>> road_name("第2大街"), road_name("二大街"), road_name("新港4号路")
    ('二大街', '二大街', '新港四号路')
    """
    return _ORDINAL.sub("", _IN_ROAD.sub(lambda match: in_chinese(int(match[1])), name))


def gate_number(text: str) -> str:
    """The number of a gate: 012 is 12; 12之1, 12-1 and 12附1 are one, and not 12.

    >>> gate_number("012"), gate_number("12附3"), gate_number("12-3"), gate_number("甲3"), gate_number("12院")
    ('12', '12-3', '12-3', '甲3', '12院')
    """
    joined = re.sub(r"(?<=[0-9])[之附](?=[0-9])", "-", text).replace("院内", "院")
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", joined)


def zone_name(name: str) -> str:
    """The name of a development zone in short.

    >>> zone_name("经济技术开发区"), zone_name("滨海高新技术产业开发区华苑产业区"), zone_name("西青经济开发区")
    ('开发区', '滨海高新区华苑产业区', '西青开发区')
    """
    name = re.sub("(?:中新)?(?:天津)?生态城", "生态城", name)
    return re.sub("高新技术(?:产业)?(?:开发)?区", "高新区", re.sub("(?:经济技术|经济)开发区", "开发区", name))


def door(text: str) -> str:
    """A building, entrance, floor or room in capitals, without leading zeros.

    >>> door("03"), door("a"), door("-1")
    ('3', 'A', '-1')
    """
    return re.sub(r"^(-?)0+(?=[0-9])", r"\1", text.upper())

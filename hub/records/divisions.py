"""Administrative divisions (GB/T 2260): current and former codes, and Tianjin's districts by name.

``divisions.txt`` has all county-level codes since 1980, also retired ones, because an ID number never changes. A line
is a province and the ranges of the last four digits. 83 is Taiwan on residence permits.
"""

from collections import Counter
from functools import cache
from importlib import resources
from typing import Final

PROVINCES: Final = {
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区", "21": "辽宁省",
    "22": "吉林省", "23": "黑龙江省", "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省", "35": "福建省",
    "36": "江西省", "37": "山东省", "41": "河南省", "42": "湖北省", "43": "湖南省", "44": "广东省",
    "45": "广西壮族自治区", "46": "海南省", "50": "重庆市", "51": "四川省", "52": "贵州省", "53": "云南省",
    "54": "西藏自治区", "61": "陕西省", "62": "甘肃省", "63": "青海省", "64": "宁夏回族自治区",
    "65": "新疆维吾尔自治区", "71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区",
}  # fmt: skip

MUNICIPALITIES: Final = ("北京市", "天津市", "上海市", "重庆市")
"""Cities that are provinces: they have no cities in them."""
SHORT_PROVINCES: Final = {name[: 3 if name[:2] in ("内蒙", "黑龙") else 2]: name for name in PROVINCES.values()}
"""Short name → name: 河北 → 河北省."""
TIANJIN: Final = "天津市"
TIANJIN_DISTRICTS: Final = {
    "和平区": "120101", "河东区": "120102", "河西区": "120103", "南开区": "120104", "河北区": "120105",
    "红桥区": "120106", "东丽区": "120110", "西青区": "120111", "津南区": "120112", "北辰区": "120113",
    "武清区": "120114", "宝坻区": "120115", "滨海新区": "120116", "宁河区": "120117", "静海区": "120118",
    "蓟州区": "120119",
}  # fmt: skip
TIANJIN_FORMER: Final = {
    "塘沽区": "滨海新区", "汉沽区": "滨海新区", "大港区": "滨海新区", "宁河县": "宁河区", "静海县": "静海区",
    "蓟县": "蓟州区", "武清县": "武清区", "宝坻县": "宝坻区", "东郊区": "东丽区", "西郊区": "西青区",
    "南郊区": "津南区", "北郊区": "北辰区",
}  # fmt: skip
"""Former district → present district: old addresses still have the former names."""
MERGED: Final = {
    present: tuple(former for former, now in TIANJIN_FORMER.items() if now == present)
    for present, formers in Counter(TIANJIN_FORMER.values()).items()
    if formers > 1
}
"""District that several former ones became → the former ones. Their roads have the same names, so the former one
counts: 塘沽区新华路 is not 汉沽区新华路."""


@cache
def _codes() -> frozenset[str]:
    codes: set[str] = set()
    for line in (resources.files("hub.records") / "divisions.txt").read_text("utf-8").splitlines():
        province, *ranges = line.split()
        for span in ranges:
            first, _, last = span.partition("-")
            codes.update(f"{province}{number:04}" for number in range(int(first), int(last or first) + 1))
    return frozenset(codes)


CODES: Final = _codes()
CIRCULATING: Final = frozenset(
    f"{code[:4]}{ending}"
    for code in CODES
    if code.endswith("00") and "01" <= code[2:4] <= "20" and f"{code[:2]}" not in ("11", "12", "31", "50")
    for ending in (("01", "02", "11", "19", "20") if code[:2] == "32" else ("01", "20"))
)
"""Codes that numbers of residents have and GB/T 2260 has not: a city's districts as one (01, until 1983 20), and in
Jiangsu its centre and suburbs (02, 11, 19)."""
_FOREIGNER: Final = "9"
_FOREIGNER_LENGTH: Final = 18


def is_region(number: str) -> bool:
    """Whether a number by GB 11643 begins with a division that exists or existed. A foreigner's begins with 9 and the
    code of the province (GA 2102-2023); none has 15 digits.

    >>> [is_region(number) for number in ("321119197505050015", "932682198501010017", "990426199112010074")]
    [True, True, False]
    """
    if number[0] == _FOREIGNER:
        return len(number) == _FOREIGNER_LENGTH and number[1:3] in PROVINCES
    return number[:6] in CODES or number[:6] in CIRCULATING


_TIANJIN_CODES: Final = {
    "120107": "塘沽区", "120108": "汉沽区", "120109": "大港区", "120221": "宁河县", "120222": "武清县",
    "120223": "静海县", "120224": "宝坻县", "120225": "蓟县",
    **{code: name for name, code in TIANJIN_DISTRICTS.items()},
}  # fmt: skip
_WHOLE: Final = ("120000", "120100", "120200")
_EARLIER: Final = {"重庆市": ("5102", "5122", "5123", "5135"), "海南省": ("4421", "4422")}
"""Province → beginnings of codes that it had as part of another one: Chongqing until 1997, Hainan until 1988."""


def present_code(code: str) -> str:
    """The code that a former district of Tianjin has now; any other code unchanged. Unit numbers keep former ones.

    >>> present_code("120107"), present_code("120225"), present_code("120104"), present_code("130102")
    ('120116', '120119', '120104', '130102')
    """
    name = _TIANJIN_CODES.get(code, "")
    return TIANJIN_DISTRICTS.get(TIANJIN_FORMER.get(name, name), code)


def same_division(code: str, province: str, district: str) -> bool:
    """Whether a six-digit code can be the named place, both as they are now or as they were. A name that is missing or
    unknown here does not contradict.

    >>> same_division("120104", "天津市", "南开区"), same_division("120103", "天津市", "南开区")
    (True, False)
    >>> same_division("120225", "天津市", "蓟州区"), same_division("120119", "天津市", "蓟县")
    (True, True)
    >>> same_division("120107", "天津市", "滨海新区"), same_division("120107", "天津市", "汉沽区")
    (True, False)
    """
    named = PROVINCES.get(code[:2])
    province = SHORT_PROVINCES.get(province, province)
    if province and named and province != named and not code.startswith(_EARLIER.get(province, "-")):
        return False
    if province != TIANJIN or code in _WHOLE or not (district in TIANJIN_DISTRICTS or district in TIANJIN_FORMER):
        return True
    there = _TIANJIN_CODES.get(code, "")
    return there == district or (
        TIANJIN_FORMER.get(there, there) == TIANJIN_FORMER.get(district, district)
        and not any(there in formers and district in formers for formers in MERGED.values())
    )

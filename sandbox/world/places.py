"""Places: Tianjin's sixteen districts, their streets, and the buildings and rooms that titles are about."""

from dataclasses import dataclass
from functools import cache

from sandbox.world.digits import uscc

DISTRICTS = (
    ("120101", "和平区", ("劝业场街道", "小白楼街道"), ("南京路", "赤峰道", "营口道", "大沽北路", "西安道")),
    ("120102", "河东区", ("大王庄街道", "中山门街道"), ("六纬路", "津塘路", "十一经路", "卫国道", "八纬路")),
    ("120103", "河西区", ("大营门街道", "友谊路街道"), ("解放南路", "友谊路", "围堤道", "绍兴道", "珠江道")),
    ("120104", "南开区", ("长虹街道", "鼓楼街道"), ("红旗路", "鞍山西道", "南马路", "长江道", "黄河道")),
    ("120105", "河北区", ("光复道街道", "望海楼街道"), ("中山路", "狮子林大街", "昆纬路", "金钟河大街", "新大路")),
    ("120106", "红桥区", ("西于庄街道", "丁字沽街道"), ("丁字沽一号路", "勤俭道", "光荣道", "芥园道", "咸阳北路")),
    ("120110", "东丽区", ("张贵庄街道", "丰年村街道"), ("津塘公路", "先锋路", "跃进路", "登州南路", "利津路")),
    ("120111", "西青区", ("杨柳青镇", "李七庄街道"), ("柳口路", "西青道", "友谊南路", "秀川路", "泽杨道")),
    ("120112", "津南区", ("咸水沽镇", "双港镇"), ("津沽公路", "体育馆路", "同砚路", "雅润路", "月坛路")),
    ("120113", "北辰区", ("果园新村街道", "集贤里街道"), ("京津公路", "果园北道", "富锦道", "淮河道", "辰昌路")),
    ("120114", "武清区", ("杨村街道", "下朱庄街道"), ("雍阳西道", "泉州北路", "光明道", "京津塘公路", "振华西道")),
    ("120115", "宝坻区", ("海滨街道", "宝平街道"), ("南关大街", "开元路", "渔阳路", "建设路", "钰华街")),
    ("120116", "滨海新区", ("新北街道", "泰达街道"), ("洞庭路", "第三大街", "黄海路", "新港二号路", "塘汉路")),
    ("120117", "宁河区", ("芦台街道", "桥北街道"), ("光明路", "商业道", "震新路", "新华道", "文化路")),
    ("120118", "静海区", ("静海镇", "团泊镇"), ("胜利大街", "静文路", "建设路", "东方红路", "地纬路")),
    ("120119", "蓟州区", ("文昌街道", "渔阳镇"), ("兴华大街", "人民西路", "中昌北路", "迎宾路", "渔阳南路")),
)
"""(division code, name, towns or subdistricts, roads)"""

_COMPOUNDS = (
    "金海花园",
    "阳光家园",
    "河滨里",
    "万科新城",
    "格调春天",
    "华苑东里",
    "瑞景园",
    "天和苑",
    "紫金花园",
    "云锦里",
)
ROOMS_PER_BUILDING = 24
_BUILDINGS_PER_COMPOUND = 6


@dataclass(frozen=True, slots=True)
class Site:
    """One room: its address in parts and its unit number."""

    region: str
    district: str
    town: str
    road: str
    number: int
    compound: str
    building: int
    entrance: int
    room: int
    unit_no: str

    def text(self) -> str:
        """The address as a registry writes it."""
        return f"天津市{self.district}{self.town}{self.tail()}"

    def short(self) -> str:
        """The address as people write it, without city and town."""
        return f"{self.district}{self.tail()}"

    def tail(self) -> str:
        """The address from the road on."""
        where = f"{self.road}{self.number}号{self.compound}"
        return f"{where}{self.building}号楼{self.entrance}门{self.room}室"


def region_of(block: int) -> int:
    """Index of the district in which building ``block`` stands."""
    return block % len(DISTRICTS)


def site(unit: int) -> Site:
    """The room number ``unit``. Consecutive units are neighbours: same building, next room."""
    block, inside = divmod(unit, ROOMS_PER_BUILDING)
    region, district, towns, roads = DISTRICTS[region_of(block)]
    compound, building = divmod(block // len(DISTRICTS), _BUILDINGS_PER_COMPOUND)
    number, road = divmod(compound, len(roads))
    floor, door = divmod(inside, 4)
    return Site(
        region=region,
        district=district,
        town=towns[compound % len(towns)],
        road=roads[road],
        number=2 * number + 1,
        compound=_COMPOUNDS[compound % len(_COMPOUNDS)],
        building=building + 1,
        entrance=door // 2 + 1,
        room=(floor + 1) * 100 + door + 1,
        unit_no=unit_number(region, block // len(DISTRICTS), inside),
    )


def unit_number(region: str, parcel: int, inside: int) -> str:
    """28 characters: county 6, cadastral areas 3 and 3, parcel kind 2, parcel 5, fixture kind 1, fixture 8."""
    area, serial = divmod(parcel, 99_999)
    return f"{region}{area // 900 + 1:03d}{area % 900 + 1:03d}GB{serial + 1:05d}F{inside + 1:08d}"


@cache
def market_authority(region: str) -> str:
    """USCC of a district's market regulator, which issues business licences."""
    return uscc(f"11{region}", f"0000{region[2:]}")


@cache
def registry_authority(region: str) -> str:
    """USCC of a district's real-estate registration office."""
    return uscc(f"12{region}", f"4013{region[2:]}")

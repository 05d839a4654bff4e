"""People: checksum-valid residents who do not exist, many of whom share a name."""

from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.world.digits import resident_id
from sandbox.world.draw import Draw, Shuffle
from sandbox.world.places import DISTRICTS

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = (
    (
        "建国",
        "建华",
        "志强",
        "伟",
        "强",
        "磊",
        "军",
        "勇",
        "海涛",
        "俊杰",
        "文博",
        "浩然",
        "子轩",
        "永庆",
        "德福",
        "景山",
    ),
    (
        "秀英",
        "桂兰",
        "丽",
        "静",
        "敏",
        "芳",
        "娜",
        "雪梅",
        "晓燕",
        "佳怡",
        "雨桐",
        "欣然",
        "淑珍",
        "玉华",
        "春红",
        "美玲",
    ),
)
_RARE = ("䶮", "㛃", "堃", "喆", "𬎆", "𣲘")
"""Characters outside GBK or even outside the basic plane: GB18030 writes them in four bytes."""
_FIRST_BIRTH = date(1950, 1, 1)
_DAYS = 19_700
_RETIRED_REGIONS = ("120221", "120223", "120225")
PEOPLE_MAX = _DAYS * 990 * len(DISTRICTS)


@dataclass(frozen=True, slots=True)
class Person:
    """A resident: name, and ID number (GB 11643, 18 characters)."""

    name: str
    id_number: str


class People:
    """All persons, by index. Two indices never have the same number."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._deck = Shuffle(PEOPLE_MAX, seed, "people")

    def person(self, index: int) -> Person:
        """The person ``index``."""
        draw = Draw(self._seed, "person", index)
        number = self._number(index, draw)
        return Person(self._name(draw, sex=int(number[16]) % 2), number)

    def namesake(self, index: int, salt: int) -> Person:
        """Another person with the same name as the person ``index``."""
        return Person(self.person(index).name, self.person(PEOPLE_MAX - 1 - salt).id_number)

    def find(self, number: str) -> Person | None:
        """The person with this number; ``None`` when no one has it."""
        if len(number) != 18 or not number[:17].isdigit():
            return None
        regions = [code for code, *_ in DISTRICTS]
        region = 0 if number[:6] in _RETIRED_REGIONS else regions.index(number[:6]) if number[:6] in regions else -1
        try:
            day = (date(int(number[6:10]), int(number[10:12]), int(number[12:14])) - _FIRST_BIRTH).days
        except ValueError:
            return None
        sequence = int(number[14:17]) - 1
        if region < 0 or not 0 <= day < _DAYS or not 0 <= sequence < 990:
            return None
        found = self.person(self._deck.back((region * _DAYS + day) * 990 + sequence))
        return found if found.id_number == number else None

    def _number(self, index: int, draw: Draw) -> str:
        rest, sequence = divmod(self._deck.forth(index % PEOPLE_MAX), 990)
        region, day = divmod(rest, _DAYS)
        born = _FIRST_BIRTH + timedelta(days=day)
        # One in fifty was registered in a county that no longer exists; day and sequence keep the numbers apart.
        code = draw.pick(_RETIRED_REGIONS) if region == 0 and draw.chance(0.3) else DISTRICTS[region][0]
        return resident_id(code, born.strftime("%Y%m%d"), sequence + 1)

    def _name(self, draw: Draw, sex: int) -> str:
        surname = draw.pick(_SURNAMES)
        given = draw.pick(_GIVEN[1 - sex])
        return surname + (draw.pick(_RARE) if draw.chance(0.01) else given)

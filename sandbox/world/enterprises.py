"""Enterprises: companies, individual businesses (个体户), groups with former names, some whose USCC begins with a
letter."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from sandbox.world.digits import code31, uscc, value31
from sandbox.world.draw import Draw, Shuffle
from sandbox.world.people import People, Person
from sandbox.world.places import DISTRICTS, site

_SPACE = 31**7
_HEADS = ("津", "海", "华", "宏", "泰", "瑞", "嘉", "永", "盛", "隆", "恒", "鑫", "达", "丰", "和", "顺")
_TRADES = ("科技", "商贸", "餐饮", "机械制造", "物流", "建筑工程", "电子", "医疗器械", "食品", "新能源")
_SCOPE = (
    "许可项目：{0}服务。一般项目：{0}销售；技术咨询；信息服务（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）"
)
CHANGES = ("RENEWED", "REVOKED", "CANCELLED", "RENAMED", "MOVED", "CORRECTED")


@dataclass(frozen=True, slots=True)
class Enterprise:
    """An enterprise at one version of its licence."""

    index: int
    version: int
    uscc: str
    name: str
    former_names: tuple[str, ...]
    kind: str
    region: str
    address: str
    head: Person
    capital: int | None
    scope: str
    founded: date
    issued: date
    until: date | None
    status: str
    change: str

    @property
    def organisation_code(self) -> str:
        """The nine characters of the organisation code inside the USCC."""
        return self.uscc[8:17]


class Enterprises:
    """All enterprises, by index, and the index of a USCC."""

    def __init__(self, seed: int, people: People) -> None:
        self._seed = seed
        self._people = people
        self._deck = Shuffle(_SPACE, seed, "enterprises")

    def at(self, index: int, version: int) -> Enterprise:
        """Enterprise ``index`` as its licence stands at ``version`` (1 is the first)."""
        enterprise = self._first(index)
        for step in range(2, version + 1):
            enterprise = self._changed(enterprise, step)
        return enterprise

    def index_of(self, code: str) -> int | None:
        """The index of the enterprise with this USCC, or ``None`` when there is none."""
        if len(code) != 18 or code[8] != "M":
            return None
        value = value31(code[9:16])
        index = self._deck.back(value) if 0 <= value < _SPACE else -1
        return index if index >= 0 and self.code(index) == code else None

    def code(self, index: int) -> str:
        """The USCC of the enterprise ``index``."""
        draw = Draw(self._seed, "enterprise", index)
        return self._code(index, draw.below(100), draw.below(len(DISTRICTS)))

    def _code(self, index: int, sort: int, district: int) -> str:
        prefix = "N2" if sort < 2 else "92" if sort < 22 else "91"
        return uscc(prefix + DISTRICTS[district][0], "M" + code31(self._deck.forth(index), 7))

    def _first(self, index: int) -> Enterprise:
        draw = Draw(self._seed, "enterprise", index)
        sort, district = draw.below(100), draw.below(len(DISTRICTS))
        region, place = DISTRICTS[district][0], DISTRICTS[district][1]
        issued = date(2005, 1, 10) + timedelta(days=draw.below(6_500))
        trade = draw.pick(_TRADES)
        kind, name, former = self._name(draw, sort, place, trade)
        small = sort < 22
        return Enterprise(
            index=index,
            version=1,
            uscc=self._code(index, sort, district),
            name=name,
            former_names=former,
            kind=kind,
            region=region,
            address=site(draw.below(2_000) * len(DISTRICTS) * 24 + district * 24 + draw.below(24)).text(),
            head=self._people.person(5 * index + 1),
            capital=None if small else (draw.below(500) + 1) * 10,
            scope=_SCOPE.format(trade),
            founded=issued,
            issued=issued,
            until=None if small or draw.chance(0.6) else issued + timedelta(days=365 * (40 + draw.below(10))),
            status="1",
            change="",
        )

    def _name(self, draw: Draw, sort: int, place: str, trade: str) -> tuple[str, str, tuple[str, ...]]:
        word = draw.pick(_HEADS) + draw.pick(_HEADS)
        if sort < 2:
            return "农村集体经济组织", f"天津市{place}{word}村股份经济合作社", ()
        if sort < 22:
            return "个体工商户", f"天津市{place}{word}{trade}店（个体工商户）", ()
        if sort < 27:
            former = (f"天津市{word}{trade}有限公司", f"天津{word}{trade}厂")
            return "有限责任公司", f"{word}（天津）{trade}集团有限公司", former
        if sort < 40:
            return "有限责任公司（自然人独资）", f"{word}（天津）{trade}有限公司", ()
        return "有限责任公司", f"天津市{word}{trade}有限公司", ()

    def _changed(self, old: Enterprise, version: int) -> Enterprise:
        draw = Draw(self._seed, "change", old.index, version)
        kind = draw.pick(CHANGES)
        later = replace(old, version=version, change=kind, issued=old.issued + timedelta(days=30 + draw.below(200)))
        if kind == "RENEWED":
            return replace(later, until=None)
        if kind in ("REVOKED", "CANCELLED"):
            return replace(later, status="3" if kind == "REVOKED" else "2")
        if kind == "RENAMED":
            return replace(later, name=old.name.replace("天津", "津沽", 1), former_names=(*old.former_names, old.name))
        if kind == "MOVED":
            return replace(later, address=site(draw.below(500_000)).text())
        return replace(later, head=self._people.person(5 * old.index + 1 + version))

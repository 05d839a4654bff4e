"""The rows of the licence gateway: the change at each place of the feed. A row can be made without the rows before it.

A block of twenty rows has eighteen enterprises: eighteen first issues, one later version of one of them, and one later
version of an enterprise of the block before (or, in a given share of blocks, a repetition of an earlier row).
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.world import dirt
from sandbox.world.defects import Defect
from sandbox.world.digits import elicence_id
from sandbox.world.draw import Draw
from sandbox.world.enterprises import Enterprise, Enterprises
from sandbox.world.licence_defects import LICENCE_DEFECTS, spoil
from sandbox.world.places import market_authority

ROWS, FIRSTS = 20, 18
SCRIPTED = 3
BEGIN = datetime(2024, 1, 2)  # noqa: DTZ001 - the registry's local time
_KIND = "11100000MB0143028R001"
_STATUS = {"1": "存续（在营、开业、在册）", "2": "注销", "3": "吊销，未注销"}
_REASON = {
    "RENEWED": "延期",
    "REVOKED": "吊销",
    "CANCELLED": "注销",
    "RENAMED": "名称变更",
    "MOVED": "住所变更",
    "": "设立",
}
SOURCE = "business_licence"


@dataclass(frozen=True, slots=True)
class LicenceRow:
    """One place of the feed.

    ``text`` is what is served, ``hashed`` the text that its leaf was made from (they differ when tampered with).
    """

    position: int
    key: str
    version: int
    text: str
    hashed: str
    defect: Defect | None


class Licences:
    """The feed of licence changes, by position."""

    def __init__(
        self, seed: int, enterprises: Enterprises, size: int, defect_share: float, duplicate_share: float
    ) -> None:
        self._seed = seed
        self._enterprises = enterprises
        self._defect_share = defect_share
        self._duplicate_share = duplicate_share
        self._day_rows = max(100, size // 400)

    def plan(self, position: int) -> tuple[int, int]:
        """(enterprise, version) at a place of the feed."""
        block, row = divmod(self.origin(position), ROWS)
        if row < FIRSTS:
            return FIRSTS * block + row, 1
        if row == FIRSTS or block == 0:
            return FIRSTS * block + self._changed(block), 2 if row == FIRSTS else 3
        if self._thrice(block):
            return FIRSTS * (block - 1) + self._changed(block - 1), 3
        return FIRSTS * (block - 1) + (self._changed(block - 1) + 1 + block % (FIRSTS - 1)) % FIRSTS, 2

    def _changed(self, block: int) -> int:
        # The first three enterprises belong to the scripted applications and stay as they are.
        draw = Draw(self._seed, "changed", block)
        return draw.below(FIRSTS) if block else SCRIPTED + draw.below(FIRSTS - 2 * SCRIPTED)

    def _thrice(self, block: int) -> bool:
        # The first block has its third version inside itself.
        return block > 1 and Draw(self._seed, "thrice", block).chance(0.25)

    def origin(self, position: int) -> int:
        """The place whose row stands here: itself, or an earlier one that is repeated."""
        block, row = divmod(position, ROWS)
        draw = Draw(self._seed, "again", block)
        if row != ROWS - 1 or not draw.chance(self._duplicate_share * ROWS):
            return position
        return next((place for place in self._candidates(position, draw) if self._repeatable(place)), position)

    def _candidates(self, position: int, draw: Draw) -> list[int]:
        # Next to it, on the same page, and (500 rows are the largest page) on an earlier one.
        near = [position - 1 - draw.below(15) for _ in range(3)]
        far = position - 20 * (26 + draw.below(10)) - 3
        return [far, *near] if draw.chance(0.5) else near

    def _repeatable(self, place: int) -> bool:
        # Defects stay single, so that the truth about a row that cannot be read is the truth about one row.
        return place >= 0 and place % ROWS < FIRSTS and self.defect(place) is None

    def latest(self, enterprise: int, total: int) -> int | None:
        """The place of an enterprise's newest version among the first ``total`` rows, or ``None``."""
        block, row = divmod(enterprise, FIRSTS)
        places = [block * ROWS + row, block * ROWS + FIRSTS, block * ROWS + ROWS - 1, (block + 1) * ROWS + ROWS - 1]
        found = [(self.plan(place)[1], place) for place in places if place < total and self._is_own(place, enterprise)]
        return max(found)[1] if found else None

    def _is_own(self, place: int, enterprise: int) -> bool:
        return self.origin(place) == place and self.plan(place)[0] == enterprise

    def defect(self, position: int) -> Defect | None:
        """The defect of this row, or ``None``."""
        if position < SCRIPTED:
            return None
        draw = Draw(self._seed, "licence-defect", position)
        return draw.pick(LICENCE_DEFECTS) if draw.chance(self._defect_share) else None

    def changed_at(self, position: int) -> datetime:
        """When the registry made the change: a fixed number of rows a day from ``BEGIN``."""
        return BEGIN + timedelta(days=position / self._day_rows)

    def positions_of(self, day: str) -> range:
        """The places of one day (YYYY-MM-DD), however long the feed is."""
        first = (datetime.strptime(day, "%Y-%m-%d") - BEGIN).days * self._day_rows  # noqa: DTZ007 - a local date
        return range(max(0, first), max(0, first + self._day_rows))

    def row(self, position: int) -> LicenceRow:
        """The whole row at ``position``."""
        origin = self.origin(position)
        index, version = self.plan(origin)
        enterprise = self._enterprises.at(index, version)
        record = self._record(enterprise, origin)
        defect = self.defect(origin)
        if defect is None:
            text = _text(record)
            return LicenceRow(position, record["zzbs"], version, text, text, None)
        text, hashed = spoil(defect.name, record, Draw(self._seed, "spoil", origin))
        return LicenceRow(position, str(record.get("zzbs", "")), version, text, hashed, defect)

    def key_of(self, enterprise: Enterprise) -> str:
        """The row key: an e-licence identifier, the same for all versions."""
        serial = f"{enterprise.founded.year}{enterprise.index:09d}"
        return elicence_id(_KIND, market_authority(enterprise.region), serial, 1)

    def _record(self, enterprise: Enterprise, position: int) -> dict[str, Any]:
        draw = Draw(self._seed, "licence-dirt", position)
        name = dirt.other_brackets(enterprise.name) if draw.chance(0.1) else enterprise.name
        code = dirt.dirty_code(draw, enterprise.uscc) if draw.chance(0.03) else enterprise.uscc
        address = dirt.dirty_address(draw, enterprise.address) if draw.chance(0.05) else enterprise.address
        head = dirt.dirty_code(draw, enterprise.head.id_number) if draw.chance(0.03) else enterprise.head.id_number
        return {
            "zzbs": self.key_of(enterprise),
            "zzmc": "营业执照",
            "zzlxdm": _KIND,
            "zzbh": f"{enterprise.region}{enterprise.index:012d}",
            "zzbfjg": "天津市市场监督管理委员会" if enterprise.region == "120101" else "区市场监督管理局",
            "zzbfjgdm": market_authority(enterprise.region),
            "zzbfrq": enterprise.issued.isoformat(),
            "czzt": name,
            "czztdm": code,
            "czztdmlx": "001",
            "zzyxqqsrq": enterprise.founded.isoformat(),
            "zzyxqjzrq": enterprise.until.isoformat() if enterprise.until else "长期",
            "zzbgsj": self.changed_at(position).isoformat(sep=" ", timespec="seconds"),
            "zzbgyy": _REASON.get(enterprise.change, "更正"),
            "zzzt": enterprise.status,
            "uniscid": code,
            "entname": name,
            "enttype": enterprise.kind,
            "dom": address,
            "lerep": enterprise.head.name,
            "lerep_zjlx": "1",
            "lerep_zjh": head,
            "regcap": enterprise.capital,
            "opscope": enterprise.scope,
            "former_names": "; ".join(enterprise.former_names),
            "regstate": _STATUS[enterprise.status],
            "xzqhdm": enterprise.region,
            "version": enterprise.version,
        }


def _text(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))

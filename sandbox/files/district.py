"""The titles of a district: every fifth title of the city once more, as the district's own registration has it.

The district numbers its rows itself. It hears of a cancellation late, so some titles that the city has cancelled are
still current there; and it keeps notes that the city does not have.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sandbox.world.defects import Defect
from sandbox.world.draw import Draw
from sandbox.world.title_defects import TITLE_DEFECTS, spoil
from sandbox.world.title_row import TitleRow
from sandbox.world.titles import SCRIPTED, Titles
from sandbox.world.world import World, row_line

SOURCE = "district_files"
SHARE = 5
"""One of so many titles is in the district's files too."""
BATCHES = 12
_FIRST = SCRIPTED + 4
_BEGIN = datetime(2024, 1, 2, 8)  # noqa: DTZ001 - the district's local time
_IN_TABLES = ("control-character-in-address", "address-not-gb18030", "no-holders")
"""Defects that a text file cannot hold, or that look otherwise in joined lists."""
_DEFECTS = tuple(defect for defect in TITLE_DEFECTS if defect.name not in _IN_TABLES)


class DistrictRow(NamedTuple):
    """One row of a batch: its key, version (ms since 1970), columns, and defect."""

    key: str
    version: int
    columns: dict[str, str | None]
    defect: Defect | None


class District:
    """The district's rows, by place (from 0), and how batches hold them."""

    def __init__(self, world: World) -> None:
        spec = world.spec
        self._seed, self._enterprises, self._defect_share = spec.seed, world.enterprises, spec.defect_share
        self._titles = Titles(spec.seed, world.enterprises, world.owners, 0.0)
        self.size = max(0, (spec.size - _FIRST + SHARE - 1) // SHARE)

    def batches(self) -> Iterator[tuple[int, list[DistrictRow]]]:
        """(Number of a batch, its rows). One batch in the middle has no rows; each third one repeats its first row."""
        each = max(1, -(-self.size // (BATCHES - 1)))
        begin = 0
        for number in range(1, BATCHES + 1):
            places = range(0) if number == BATCHES // 2 else range(begin, min(begin + each, self.size))
            begin += len(places)
            rows = [self.row(place) for place in places]
            yield number, [*rows, *(rows[:1] if number % 3 == 0 and rows and rows[0].defect is None else [])]

    def truth(self) -> Iterator[dict[str, Any]]:
        """The truth lines for the batches as first put into the folder."""
        seen: set[str] = set()
        for _, rows in self.batches():
            for row in rows:
                line = truth_line(row)
                yield line | {"duplicate_of": f"{row.key}#{row.version}"} if row.key in seen else line
                seen.add(row.key)

    def row(self, place: int) -> DistrictRow:
        """The whole row."""
        draw = Draw(self._seed, "district", place)
        position = _FIRST + SHARE * place
        title = self._titles.row(position)
        self._differ(title, draw, position)
        defect = draw.pick(_DEFECTS) if draw.chance(self._defect_share) else None
        if defect is not None:
            spoil(defect.name, title, self._enterprises)
        changed = _BEGIN + timedelta(minutes=place // 3)
        columns = _columns(title, f"{title.columns['xzqhdm']}-{position:08d}", changed)
        return DistrictRow(columns["djbh"] or "", _milliseconds(changed), columns, defect)

    def _differ(self, title: TitleRow, draw: Draw, position: int) -> None:
        if title.columns["qszt"] == "3" and draw.chance(0.5):
            title.columns["qszt"] = "1"
        title.texts["fj"] = title.texts["fj"] or f"区级档案：{position:08d}"


def truth_line(row: DistrictRow) -> dict[str, Any]:
    """The truth line for a row of a batch."""
    return row_line(SOURCE, row.key, row.version, "UPSERT", row.defect)


def _columns(title: TitleRow, number: str, changed: datetime) -> dict[str, str | None]:
    holders = {
        "qlr": _joined([owner.name for owner in title.owners]),
        "zjzl": _joined([owner.kind for owner in title.owners]),
        "zjh": _joined([owner.number for owner in title.owners]),
        "qlbl": _joined([owner.share for owner in title.owners]),
    }
    head = {"djbh": number, "gxsj": f"{changed:%Y-%m-%d %H:%M:%S}", "czlx": "I"}
    return {**head, **title.columns, **title.texts, **holders}


def _joined(items: list[str] | list[str | None]) -> str | None:
    return ",".join(item or "" for item in items) if any(items) else None


def _milliseconds(local: datetime) -> int:
    """A time of Tianjin, ms since 1970."""
    return round((local - timedelta(hours=8) - datetime(1970, 1, 1)).total_seconds() * 1_000)  # noqa: DTZ001

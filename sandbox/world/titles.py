"""The rows of the exchange table: property titles with co-owners, neighbours, and persons with the same name. A row can
be made without the rows before it.

A block of twenty rows has eighteen units: seventeen with current titles, one whose only title was cancelled, and the
superseded titles of two of the seventeen.
"""

from datetime import date, timedelta
from uuid import UUID

from sandbox.world import dirt
from sandbox.world.defects import Defect
from sandbox.world.draw import Draw
from sandbox.world.enterprises import Enterprises
from sandbox.world.owners import Owner, Owners
from sandbox.world.places import Site, registry_authority, site
from sandbox.world.title_defects import TITLE_DEFECTS, spoil
from sandbox.world.title_row import TitleRow

ROWS, UNITS, CURRENT_UNITS = 20, 18, 17
BEGIN_MS = 1_704_124_800_000  # 2024-01-02 00:00 in Tianjin
TIES = 7
"""Number of neighbouring rows with the same update_time: it is not a sequence."""
SCRIPTED = 3
SOURCE = "property_title"
EVENTS = ("TRANSFERRED", "CORRECTED", "REVOKED", "SEIZED", "REMOVED")
_USES = ("住宅", "住宅", "住宅", "商业服务", "办公", "工业")
_REASONS = {"100": "首次登记", "200": "买卖", "300": "变更"}


class Titles:
    """The titles, by position and edition (0 as first loaded; each later change is one more)."""

    def __init__(self, seed: int, enterprises: Enterprises, owners: Owners, defect_share: float) -> None:
        self._seed = seed
        self._enterprises = enterprises
        self._owners = owners
        self._defect_share = defect_share

    def key_of(self, position: int) -> str:
        """The row's GUID."""
        draw = Draw(self._seed, "rowguid", position)
        return str(UUID(int=sum(draw.word() << (32 * i) for i in range(4)))).upper()

    def unit_of(self, position: int) -> int:
        """The unit that the title at ``position`` is about."""
        block, row = divmod(position, ROWS)
        if row < UNITS:
            return UNITS * block + row
        old = Draw(self._seed, "superseded", block).below(CURRENT_UNITS)
        return UNITS * block + (old if row == UNITS else (old + 5) % CURRENT_UNITS)

    def current(self, unit: int) -> int | None:
        """The position of a unit's current title, ``None`` if it has none."""
        block, inside = divmod(unit, UNITS)
        return block * ROWS + inside if inside < CURRENT_UNITS else None

    def superseded(self, unit: int) -> int | None:
        """The position of a unit's earlier title; ``None`` if it was never transferred."""
        places = (unit // UNITS * ROWS + UNITS, unit // UNITS * ROWS + UNITS + 1)
        return next((place for place in places if self.unit_of(place) == unit), None)

    def status(self, position: int) -> str:
        """The state of right as first loaded: "1" current, "2" superseded, "3" cancelled."""
        row = position % ROWS
        return "1" if row < CURRENT_UNITS else "3" if row < UNITS else "2"

    def owners(self, position: int, edition: int = 0) -> list[Owner]:
        """The holders of the title at ``position``, without dirt."""
        if edition == 0 and position < SCRIPTED:
            return [self._owners.scripted(position)]
        sold = sum(self.event(position, step) == "TRANSFERRED" for step in range(1, edition + 1))
        return self._owners.of(position, self.unit_of(position), sold)

    def event(self, position: int, edition: int) -> str:
        """The event that made this edition from the one before it."""
        return Draw(self._seed, "event", position, edition).pick(EVENTS)

    def defect(self, position: int, edition: int = 0) -> Defect | None:
        """The defect of this row, or ``None``."""
        if position < SCRIPTED:
            return None
        draw = Draw(self._seed, "title-defect", position, edition)
        return draw.pick(TITLE_DEFECTS) if draw.chance(self._defect_share) else None

    def update_time(self, position: int) -> int:
        """When the row was first written, milliseconds since the epoch."""
        return BEGIN_MS + position // TIES * 60_000

    def row(self, position: int, edition: int = 0, update_time: int | None = None) -> TitleRow:
        """The whole row; ``update_time`` is needed for every edition but the first."""
        place = site(self.unit_of(position))
        kind = self.event(position, edition) if edition else ""
        row = TitleRow(
            position=position,
            key=self.key_of(position),
            operation={"": "I", "REMOVED": "D"}.get(kind, "U"),
            update_time=self.update_time(position) if update_time is None else update_time,
            columns=self._columns(position, edition, kind, place),
            texts=self._texts(position, edition, place),
            owners=self.owners(position, edition),
        )
        self._soil(row, edition)
        # A removal names the row; its other columns are unchanged.
        row.defect = None if kind == "REMOVED" else self.defect(position, edition)
        if row.defect is not None:
            spoil(row.defect.name, row, self._enterprises)
        return row

    def clean(self, position: int) -> tuple[dict[str, str | None], dict[str, str | None]]:
        """(Columns, texts) of the row as first loaded, without dirt and defects."""
        place = site(self.unit_of(position))
        return self._columns(position, 0, "", place), self._texts(position, 0, place)

    def _columns(self, position: int, edition: int, kind: str, place: Site) -> dict[str, str | None]:
        draw = Draw(self._seed, "title", position)
        owners = self.owners(position, edition)
        return {
            "bdcdyh": place.unit_no,
            "mj": f"{40 + draw.below(160)}.{draw.below(100):02d}",
            "djlx": self._registration(position),
            "djsj": self._registered(position, edition).isoformat(),
            "qszt": "3" if kind == "REVOKED" else self.status(position),
            "gyfs": "0" if len(owners) == 1 else "2" if owners[0].share else "1",
            "cfzt": "1" if kind == "SEIZED" or draw.chance(0.01) else "0",
            "dyzt": "1" if draw.chance(0.3) else "0",
            "xzqhdm": place.region,
            "djjg": registry_authority(place.region),
        }

    def _texts(self, position: int, edition: int, place: Site) -> dict[str, str | None]:
        draw = Draw(self._seed, "title", position)
        year = self._registered(position, edition).year
        number = (position * 7 + edition) % 10_000_000
        return {
            "bdcqzh": f"津({year}){place.district}不动产权第{number:07d}号",
            "zl": place.text(),
            "ghyt": draw.pick(_USES),
            "djyy": _REASONS[self._registration(position)],
            "fj": None if draw.chance(0.7) else f"业务编号：{draw.below(10**8):08d}",
        }

    def _registered(self, position: int, edition: int) -> date:
        # A superseded title is older than any current one.
        later = 0 if self.status(position) == "2" else 3_000
        day = later + Draw(self._seed, "registered", position).below(2_500) + 30 * edition
        return date(2008, 1, 7) + timedelta(days=day)

    def _registration(self, position: int) -> str:
        return Draw(self._seed, "registration", position).pick(tuple(_REASONS))

    def _soil(self, row: TitleRow, edition: int) -> None:
        draw = Draw(self._seed, "title-dirt", row.position, edition)
        number, address = row.texts["bdcqzh"] or "", row.texts["zl"] or ""
        if draw.chance(0.2):
            row.texts["bdcqzh"] = draw.pick((dirt.other_brackets, _blanks, _old_form, _six_digits))(number)
        if draw.chance(0.06):
            row.texts["zl"] = dirt.dirty_address(draw, address)
        row.owners = [self._owners.soiled(draw, owner) for owner in row.owners]


def _blanks(number: str) -> str:
    return number.replace("第", "第 ").replace("号", " 号")


def _old_form(number: str) -> str:
    return f"房地证津字第{number[-8:-1]}号"


def _six_digits(number: str) -> str:
    return number.replace("第0", "第", 1)

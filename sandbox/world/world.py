"""The whole simulated world of one seed: the rows of both sources, and the verdict that a hub must give on each."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from sandbox.errors import Misconfigured
from sandbox.world import licences, titles
from sandbox.world.defects import Defect
from sandbox.world.enterprises import Enterprises
from sandbox.world.licences import Licences
from sandbox.world.owners import Owners
from sandbox.world.people import People
from sandbox.world.title_row import TitleRow
from sandbox.world.titles import Titles

SIZE_MIN, SIZE_MAX = 20, 10_000_000
LATE_POSITION = 2
"""The title that the third scripted application waits for. ``POST /_control/release`` inserts it."""


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """The parameters that decide every byte. ``size``: rows that each source emits. Shares are between 0 and 1.

    Raises ``Misconfigured`` for a value out of range.
    """

    seed: int = 1
    size: int = 1_000
    defect_share: float = 0.02
    duplicate_share: float = 0.005

    def __post_init__(self) -> None:
        if not SIZE_MIN <= self.size <= SIZE_MAX:
            raise Misconfigured(f"size {self.size}", f"choose one from {SIZE_MIN} to {SIZE_MAX}")
        if not (0 <= self.defect_share <= 1 and 0 <= self.duplicate_share <= 0.05):
            raise Misconfigured("a share is out of range", "defects lie between 0 and 1, duplicates between 0 and 0.05")

    def plain(self) -> dict[str, Any]:
        """The parameters as plain JSON."""
        return asdict(self)


class World:
    """The simulated world. Its rows are made when they are asked for."""

    def __init__(self, spec: WorldSpec) -> None:
        self.spec = spec
        self.people = People(spec.seed)
        self.enterprises = Enterprises(spec.seed, self.people)
        self.licences = Licences(spec.seed, self.enterprises, spec.size, spec.defect_share, spec.duplicate_share)
        self.enterprise_count = spec.size // licences.ROWS * licences.FIRSTS + min(
            spec.size % licences.ROWS, licences.FIRSTS
        )
        self.owners = Owners(spec.seed, self.people, self.enterprises, self.enterprise_count)
        self.titles = Titles(spec.seed, self.enterprises, self.owners, spec.defect_share)

    def licence_truth(self, begin: int, end: int) -> Iterator[dict[str, Any]]:
        """The truth lines for the places from ``begin`` up to before ``end`` of the licence feed."""
        return (self._licence_line(position) for position in range(begin, end))

    def title_truth(self) -> Iterator[dict[str, Any]]:
        """The truth lines for the exchange table as first loaded."""
        return (self._title_line(position) for position in range(self.spec.size) if position != LATE_POSITION)

    def title_rows(self) -> Iterator[TitleRow]:
        """The exchange table as first loaded."""
        return (self.titles.row(position) for position in range(self.spec.size) if position != LATE_POSITION)

    def _licence_line(self, position: int) -> dict[str, Any]:
        feed = self.licences
        origin = feed.origin(position)
        defect = feed.defect(origin)
        index, version = feed.plan(origin)
        if defect is None:
            line = row_line(licences.SOURCE, feed.key_of(self.enterprises.at(index, 1)), version, "UPSERT", None)
            return line if origin == position else line | {"duplicate_of": f"{line['key']}#{version}"}
        row = feed.row(origin)
        line = row_line(licences.SOURCE, row.key, version, "UPSERT", defect)
        return line | {"raw_sha256": sha256(row.text.encode()).hexdigest()} if defect.anonymous else line

    def _title_line(self, position: int) -> dict[str, Any]:
        defect = self.titles.defect(position)
        key, version = self.titles.key_of(position), self.titles.update_time(position)
        return row_line(titles.SOURCE, key, version, "UPSERT", defect)


def title_line(row: TitleRow) -> dict[str, Any]:
    """The truth line for a row that was written later."""
    operation = "DELETE" if row.operation == "D" else "UPSERT"
    return row_line(titles.SOURCE, row.key, row.update_time, operation, row.defect)


def row_line(source: str, key: str, version: int, operation: str, defect: Defect | None) -> dict[str, Any]:
    """The truth line for a row with or without a defect."""
    line: dict[str, Any] = {"source": source, "key": key, "version": version, "operation": operation}
    if defect is None:
        return line | {"expect": "verified", "code": None, "defect": None}
    return line | {"expect": "rejected", "code": defect.code, "defect": defect.name}

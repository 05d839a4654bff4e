"""Joint transfers over the three ways of delivery: the same pieces in the same order, with the same fields, once."""

from datetime import date
from pathlib import Path
from typing import Any

from hub.cases.tables import piece
from tests.casework import House
from tests.transfers import HEIR, SECOND_ACCOUNT, Town, body, matter, sinks, unit
from tests.ways import WAYS


class OverWay(Town):
    """A town whose utility has its pieces over one of the ways. Its answers to some pieces are lost."""

    def __init__(self, house: House, way: Any) -> None:
        super().__init__(house)
        self.way = way

    def settle(self) -> None:
        self.house.project()
        self.way.work(4)


def lived(town: OverWay) -> None:
    """One transfer with arrears that is done, and whose title then changes hands; another one that is cancelled."""
    town.way.system.moods += ["lost", "", "lost"]
    (one,) = town.submit(body())
    town.told(one, "ARREARS", 1)
    town.entered()
    town.told(one, "PAID")
    town.told(one, "DONE", 1)
    (two,) = town.submit(body(matter(unit_no=unit(2), accounts=[SECOND_ACCOUNT]), number="T-2"))
    town.cancel(two)
    town.entered(HEIR, issued_on=date(2026, 9, 1))
    town.again()


def test_p2_transfer_pieces_are_alike_over_push_pull_and_table_and_taken_once(tmp_path: Path) -> None:
    taken: dict[str, list[dict[str, Any]]] = {}
    for name, way in WAYS.items():
        folder = tmp_path / name
        folder.mkdir()
        house = House(folder, sinks=sinks())
        town = OverWay(house, way(house, folder))
        lived(town)
        taken[name] = town.way.system.taken
        assert {row.state for row in house.rows(piece)} == {"acknowledged"}
        assert len({one["key"] for one in taken[name]}) == len(taken[name]) == len(house.rows(piece))
        town.way.close()
        house.close()
    kinds = ["registration", "check", "transfer", "registration", "check", "cancellation", "notice"]
    fields = {name: [(one["kind"], sorted(one["body"])) for one in pieces] for name, pieces in taken.items()}
    assert [[kind for kind, _ in pieces] for pieces in fields.values()] == [kinds] * 3
    assert fields["push"] == fields["pull"] == fields["table"]
    for pieces in taken.values():
        assert len({one["number"] for one in pieces}) == 2, "each transfer has one number of the hub"

"""P2, P4: tables that were made again after withdrawals, corrections and notices of both procedures are the live ones,
and what follows them is what would have followed the live ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cases.connection.recall.tables import recall
from hub.cases.procedure import SinkInfo
from hub.cases.tables import piece
from hub.cases.transfer.tables import transfer
from tests import samples, transfers
from tests.casework import ConnectionSystem, House, body
from tests.transfers import ACCEPTS, SINK, Town

LICENCE, TITLE = "licence.business", "licence.property-title"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, sinks=(SinkInfo(SINK, ACCEPTS, samples.UTILITY),))
    yield made
    made.close()


def heard(house: House, sink: ConnectionSystem, *records: dict[str, object]) -> None:
    if records:
        house.verified(*records)
    house.project()
    house.due()
    house.deliver(sink)


def lived(house: House) -> ConnectionSystem:
    """An application: its title is mortgaged and its licence revoked before electricity is on, the licence is in force
    again, the title ends after it. Beside it a transfer whose entered title is corrected while the utility works."""
    sink, town = ConnectionSystem(), Town(house)
    town.crm = sink
    heard(house, sink, samples.business(), samples.title())
    case_id = house.submit(body()).case_id
    heard(house, sink)
    heard(house, sink, samples.title(version=2) | {"unit": samples.title()["unit"] | {"mortgaged": True}})
    heard(house, sink, samples.business(version=2) | {"status": "REVOKED"})
    heard(house, sink, samples.business(version=3))
    house.connected(case_id, sink)
    heard(house, sink, samples.title(version=3) | {"status": "CANCELLED"})
    (transfer_id,) = town.submit(transfers.body(transfers.matter(unit_no=transfers.unit(2))))
    town.told(transfer_id, "CLEAR", 1)
    town.entered(unit_no=transfers.unit(2), key="T-entered")
    town.entered(unit_no=transfers.unit(2), key="T-entered", mortgaged=True)
    town.told(transfer_id, "DONE", 2)
    return sink


def told(sink: ConnectionSystem) -> list[str]:
    """What was said of changes, in its order."""
    marks = ("withdrawnAt", "learnedAt")
    return [next(one for one in marks if one in sent) for (sent,) in sink.effects.values() if {*marks} & sent.keys()]


@pytest.mark.parametrize("relayed", [True, False])
def test_p4_withdrawals_corrections_and_notices_are_made_again_as_they_were(house: House, relayed: bool) -> None:
    sink = lived(house)
    if relayed:
        house.relay()
    assert [(row.kind, row.nth) for row in house.rows(recall)] == [
        (TITLE, None),
        (LICENCE, None),
        (TITLE, 1),
    ]
    assert told(sink) == ["withdrawnAt", "withdrawnAt", "learnedAt", "learnedAt"], "the last one is of the transfer"
    assert [row.state for row in house.rows(transfer)] == ["done"]
    found = house.remade()
    assert {name: one.differences for name, one in found.items() if not one.equal} == {}
    assert found["recall"].live_rows == 3 and found["agreement"].live_rows


def test_p2_after_a_replacement_nothing_is_told_again_and_the_next_notice_has_the_next_number(house: House) -> None:
    sink = lived(house)
    house.relay()
    before = dict(sink.effects)
    house.remade(replacing=True)
    heard(house, sink, samples.title(version=3) | {"status": "CANCELLED"}, samples.business(version=3))
    assert sink.effects == before
    heard(house, sink, samples.business(version=4) | {"status": "CANCELLED"})
    (new,) = [one for key, (one,) in sink.effects.items() if key not in before]
    assert (new["kind"], new["noticeNo"], new["reason"]) == (LICENCE, 2, "NOT_CURRENT")
    assert {row.state for row in house.rows(piece)} == {"acknowledged"}
    house.relay()
    assert all(one.equal for one in house.remade().values())

"""Several sinks: one piece for each that accepts it, fixed when it is decided; none gets another one's (P2, P3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.cases.procedure import SinkInfo
from hub.cases.tables import piece
from tests import samples
from tests.casework import ConnectionSystem, House, body

ALL = SinkInfo("one", ("connection:*",))
SOME = SinkInfo("two", ("connection:registration", "connection:licence.property-title"))
OTHERS = SinkInfo("three", ("transfer:*",))
TITLE, LICENCE = "licence.property-title", "licence.business"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sinks=(ALL, SOME, OTHERS))
    yield house
    house.close()


def decided(house: House) -> list[tuple[str, str, str]]:
    """(sink, kind, state) of every piece, by number."""
    return [(row.sink, row.kind, row.state) for row in house.rows(piece)]


def kinds(sink: ConnectionSystem) -> list[str]:
    return sorted(one["kind"] for effects in sink.effects.values() for one in effects)


def ready(house: House) -> None:
    house.verified(samples.title(), samples.business())
    house.project()
    house.submit(body())
    house.due()


def test_p3_each_sink_gets_what_it_accepts_and_nothing_else(house: House) -> None:
    ready(house)
    sinks = {name: ConnectionSystem() for name in ("one", "two", "three")}
    for name, sink in sinks.items():
        house.deliver(sink, name)
    assert kinds(sinks["one"]) == [LICENCE, TITLE, "registration"]
    assert kinds(sinks["two"]) == [TITLE, "registration"]
    assert kinds(sinks["three"]) == []
    assert {state for _, _, state in decided(house)} == {"acknowledged"}


def test_p5_two_sinks_have_no_number_key_or_reference_in_common(house: House) -> None:
    ready(house)
    one, two = ConnectionSystem(), ConnectionSystem()
    house.deliver(one, "one")
    house.deliver(two, "two")
    numbers = [{sent["number"] for effects in sink.effects.values() for sent in effects} for sink in (one, two)]
    assert [len(of) for of in numbers] == [1, 1]
    assert not numbers[0] & numbers[1]
    assert not one.effects.keys() & two.effects.keys()
    references = [
        {sent["recordId"] for effects in sink.effects.values() for sent in effects if sent["kind"] == TITLE}
        for sink in (one, two)
    ]
    assert not references[0] & references[1]


def test_a_sink_that_is_added_later_gets_nothing_of_earlier_cases(tmp_path: Path) -> None:
    house = House(tmp_path, sinks=(ALL,))
    house.submit(body())
    house.close()
    house = House(tmp_path, sinks=(ALL, SOME))
    house.verified(samples.title(), samples.business())
    house.project()
    house.due()
    house.submit(body("A-2"))
    house.due()
    one, two = ConnectionSystem(), ConnectionSystem()
    house.deliver(two, "two")
    house.deliver(one, "one")
    with house.store.read() as connection:
        rows = connection.execute(select(piece.c.case_id, piece.c.sink, piece.c.kind)).all()
    first = house.applications.find("gov-platform", "A-1")
    assert {row.sink for row in rows if bytes(row.case_id) == first} == {"one"}
    assert kinds(two) == [TITLE, "registration"]
    assert kinds(one) == sorted(2 * [LICENCE, TITLE, "registration"])
    house.close()


def test_p1_a_need_that_is_met_while_a_sink_is_not_in_the_settings_waits_for_it(tmp_path: Path) -> None:
    """The operator takes a table out for a day. What its cases have for it by then is delivered when it is back."""
    house = House(tmp_path, sinks=(ALL, SOME))
    house.submit(body())
    house.close()
    house = House(tmp_path, sinks=(ALL,), absent=(SOME, OTHERS))
    house.verified(samples.title(), samples.business())
    house.project()
    house.due()
    house.submit(body("A-2"))
    house.due()
    house.deliver(ConnectionSystem(), "one")
    house.close()
    house = House(tmp_path, sinks=(ALL, SOME))
    two = ConnectionSystem()
    house.deliver(two, "two")
    assert kinds(two) == [TITLE, "registration"], "of the first case; the second was opened without it"
    house.close()


def test_p2_a_sink_that_is_away_holds_up_no_other_and_takes_none_of_its_pieces(house: House) -> None:
    ready(house)
    two = ConnectionSystem()
    assert house.deliver(two, "two") == 2
    assert [state for sink, _, state in decided(house) if sink == "one"] == ["pending"] * 3


def test_p3_each_sinks_piece_of_a_record_that_changed_is_withdrawn_by_itself(house: House) -> None:
    ready(house)
    revoked = samples.title(version=2) | {"status": "REVOKED"}
    house.verified(revoked)
    house.project()
    one, two = ConnectionSystem(), ConnectionSystem()
    house.deliver(one, "one")
    assert ("one", TITLE, "withdrawn") in decided(house)
    assert ("two", TITLE, "pending") in decided(house)
    house.verified(samples.title(version=3))
    house.project()
    house.deliver(one, "one")
    house.deliver(two, "two")
    assert sorted(state for sink, kind, state in decided(house) if kind == TITLE) == 2 * ["acknowledged"] + 2 * [
        "withdrawn"
    ]
    evidence = house.applications.show(house.applications.find("gov-platform", "A-1") or b"")["evidence"]
    assert [(need["kind"], need["state"]) for need in evidence] == [(LICENCE, "met"), (TITLE, "met")]
    assert kinds(one).count(TITLE) == kinds(two).count(TITLE) == 1

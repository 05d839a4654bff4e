"""Claims: each pending piece is one process's at a time, of its own sink, and none is forgotten (P1, P2)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from hub.cases.case import find
from hub.cases.events import Piece
from hub.cases.procedure import SinkInfo
from hub.cases.tables import case, piece
from hub.delivery import claims
from hub.delivery.claims import (
    LEASE_S,
    SETTLE_MAX_S,
    SETTLE_S,
    TAKEOVER_S,
    Again,
    Claimed,
    Claims,
    Trouble,
    count_as_tried,
    let_go,
    troubles,
)
from hub.delivery.tables import attempt
from tests import samples
from tests.casework import House, body

TWO = (SinkInfo("one", ("connection:*",)), SinkInfo("two", ("connection:registration",)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    house = House(tmp_path, sinks=TWO, url=url)
    house.verified(samples.title(), samples.business())
    house.project()
    yield house
    house.close()


def claimed(house: House, sink: str, instance: str = "hub-1", limit: int = 8) -> list[tuple[str, int]]:
    """(kind, attempts) of what is claimed."""
    found = Claims(house.store, sink, instance).claim(limit, house.clock.process_ms())
    return [(one.piece.kind, one.attempts) for one in found]


def look_after(house: House, sink: str = "one", instance: str = "hub-1") -> None:
    Claims(house.store, sink, instance).look_after(house.clock.process_ms())


@pytest.fixture
def restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is in this process's hands."""
    monkeypatch.setattr(claims, "_in_hand", set())


def test_p2_each_sink_claims_its_own_pieces_and_each_piece_once(house: House) -> None:
    house.submit(body())
    assert claimed(house, "two") == [("registration", 0)]
    assert claimed(house, "two") == []
    assert claimed(house, "one") == [("registration", 0)]
    assert claimed(house, "three") == []


def acknowledge(house: House, sink: str, told: bool = True) -> None:
    """The sink's registration is acknowledged; with ``told``, as the stage writes it down."""
    with house.store.write() as connection:
        of = (piece.c.kind == "registration") & (piece.c.sink == sink)
        connection.execute(update(piece).where(of).values(state="acknowledged"))
        for row in connection.execute(select(piece).where(of)).all() if told else ():
            found = find(connection, bytes(row.case_id))
            assert found
            claims.acknowledged(connection, Claimed(found, Piece(row.piece, sink, row.kind), 0))


def waiting(house: House) -> list[tuple[int, str]]:
    """(number, sink) of the rows that wait for another piece."""
    return [(row.piece, row.sink) for row in house.rows(attempt) if row.next_attempt_ms is None]


def test_a_piece_waits_for_the_one_that_it_comes_after_and_a_held_case_waits(house: House) -> None:
    house.submit(body())
    house.due()
    assert waiting(house) == [(2, "one"), (3, "one")]
    assert claimed(house, "one") == [("registration", 0)]
    acknowledge(house, "one")
    assert waiting(house) == []
    with house.store.write() as connection:
        connection.execute(update(case).values(held=True))
    assert claimed(house, "one") == []
    with house.store.write() as connection:
        connection.execute(update(case).values(held=False))
    assert claimed(house, "one", limit=1) + claimed(house, "one") == [
        ("licence.business", 0),
        ("licence.property-title", 0),
    ]


def test_a_piece_that_is_decided_after_the_acknowledgement_does_not_wait(house: House) -> None:
    house.submit(body())
    acknowledge(house, "one")
    house.due()
    assert waiting(house) == []
    assert len(claimed(house, "one")) == 2


def test_p1_a_piece_that_was_not_told_of_the_acknowledgement_is_found(house: House) -> None:
    house.submit(body())
    house.due()
    acknowledge(house, "one", told=False)
    assert claimed(house, "one") == []
    look_after(house)
    assert len(claimed(house, "one")) == 2


def test_p2_a_piece_without_a_row_waits_like_the_others(house: House) -> None:
    house.submit(body())
    house.due()
    with house.store.write() as connection:
        connection.execute(delete(attempt))
    look_after(house)
    assert waiting(house) == [(2, "one"), (3, "one")]
    assert claimed(house, "one") == [("registration", 1)]


def test_p2_the_registration_at_one_sink_lets_nothing_go_at_another(house: House) -> None:
    house.submit(body())
    house.due()
    acknowledge(house, "two")
    assert claimed(house, "one") == [("registration", 0)]


def test_p1_a_claim_ends_with_its_lease_and_counts_as_tried(house: House) -> None:
    house.submit(body())
    assert claimed(house, "one", "hub-2") == [("registration", 0)]
    look_after(house)
    house.clock.pass_s(LEASE_S)
    assert claimed(house, "one") == []
    house.clock.pass_s(1)
    assert claimed(house, "one") == [("registration", 1)]


@pytest.mark.usefixtures("restarted")
def test_p1_a_claim_of_the_own_instance_that_is_not_in_hand_is_free_a_moment_later(house: House) -> None:
    house.submit(body())
    assert claimed(house, "one")
    look_after(house)
    house.clock.pass_s(TAKEOVER_S)
    assert claimed(house, "one") == [], "this process has it in hand"
    claims._in_hand.clear()
    look_after(house)
    assert claimed(house, "one") == []
    house.clock.pass_s(TAKEOVER_S)
    assert claimed(house, "one") == [("registration", 1)]


@pytest.mark.usefixtures("restarted")
def test_p2_one_sinks_stage_frees_no_claim_of_another(house: House) -> None:
    house.submit(body())
    assert claimed(house, "two")
    claims._in_hand.clear()
    look_after(house, "one")
    house.clock.pass_s(TAKEOVER_S)
    assert claimed(house, "two") == []


def test_p2_a_piece_without_a_row_counts_as_tried(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        connection.execute(delete(attempt))
    assert claimed(house, "one") == []
    look_after(house)
    look_after(house)
    assert claimed(house, "one") == [("registration", 1)]
    assert claimed(house, "two") == []


def test_p2_after_tables_were_made_again_every_piece_counts_as_tried(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        count_as_tried(connection)
    look_after(house, "one")
    look_after(house, "two")
    assert claimed(house, "one") == claimed(house, "two") == [("registration", 1)]


def test_a_row_of_a_piece_that_has_ended_is_deleted(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        connection.execute(update(piece).values(state="refused"))
    assert claimed(house, "one") == []
    look_after(house)
    assert [row.sink for row in house.rows(attempt)] == ["two"]


def test_trouble_is_told_until_the_next_attempt(house: House) -> None:
    case_id = house.submit(body()).case_id
    (one,) = (mine := Claims(house.store, "one", "hub-1")).claim(8, house.clock.process_ms())
    now, later = house.clock.process_ms(), house.clock.process_ms() + 5_000
    mine.retry(one, now, later, Again(0, trouble="x" * 300, remedy="set its token"))
    with house.store.read() as connection:
        told = troubles(connection, case_id)
    assert told == {0: Trouble(1, later, "x" * 256, "set its token"), 1: Trouble(0, 0, None)}
    assert claimed(house, "one") == []
    house.clock.pass_s(5)
    assert claimed(house, "one") == [("registration", 1)]


def test_trouble_stays_while_an_attempt_has_nothing_new_to_say(house: House) -> None:
    case_id = house.submit(body()).case_id
    mine, now = Claims(house.store, "one", "hub-1"), house.clock.process_ms()
    for told in ("the connection broke", None):
        (one,) = mine.claim(8, now)
        mine.retry(one, now, now, Again(now + 1_000, 2, told))
    with house.store.read() as connection:
        assert troubles(connection, case_id)[0] == Trouble(2, now, "the connection broke")
    (again,) = mine.claim(8, now)
    assert (again.settle_until_ms, again.unconfirmed, again.trouble) == (now + 1_000, 2, "the connection broke")


def settles_until(house: House, sink: str = "one", instance: str = "hub-1") -> int:
    """Claim the piece; until when an earlier push of it may take effect, ms from now."""
    (one,) = Claims(house.store, sink, instance).claim(8, house.clock.process_ms())
    let_go([one.key])
    return one.settle_until_ms - house.clock.process_ms()


def test_p2_a_call_that_nobody_wrote_the_end_of_may_have_ended_with_its_lease(house: House) -> None:
    """A process died, or is of a version that wrote no end down: the sink is asked until the call has settled."""
    house.submit(body())
    assert claimed(house, "one", "hub-2")
    house.clock.pass_s(LEASE_S + 1)
    assert settles_until(house) == (SETTLE_S - 1) * 1000


@pytest.mark.usefixtures("restarted")
def test_p2_a_call_of_the_own_dead_process_ended_at_the_restart(house: House) -> None:
    house.submit(body())
    assert claimed(house, "one")
    claims._in_hand.clear()
    look_after(house)
    house.clock.pass_s(TAKEOVER_S)
    assert settles_until(house) == (SETTLE_S - TAKEOVER_S) * 1000


def test_p2_a_piece_without_a_row_settles_from_now_on(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        count_as_tried(connection)
    look_after(house)
    assert settles_until(house) == SETTLE_S * 1000


@pytest.mark.parametrize("column", ["next_attempt_ms", "lease_until_ms"])
def test_a_clock_that_was_a_day_ahead_stops_no_piece_for_a_day(house: House, column: str) -> None:
    house.submit(body())
    ahead = {"claimed_by": "hub-2", "lease_until_ms": 0} | {column: house.clock.process_ms() + 86_400_000}
    with house.store.write() as connection:
        connection.execute(update(attempt).values(attempts=1, **ahead))
    look_after(house)
    assert claimed(house, "one") == [("registration", 1)]


def test_p2_a_clock_that_was_a_day_ahead_makes_no_piece_settle_for_a_day(house: House) -> None:
    house.submit(body())
    mine, now = Claims(house.store, "one", "hub-1"), house.clock.process_ms()
    (one,) = mine.claim(8, now)
    mine.retry(one, now, now, Again(now + 86_400_000))
    assert settles_until(house) == SETTLE_MAX_S * 1000


def test_p2_processes_that_claim_at_the_same_moment_get_each_piece_once(house: House) -> None:
    for number in range(12):
        house.submit(body(f"A-{number}"))
    found: list[tuple[bytes, int]] = []

    def take(instance: str) -> None:
        mine = Claims(house.store, "one", instance)
        while claimed := mine.claim(2, house.clock.process_ms()):
            found.extend(one.key for one in claimed)

    threads = [threading.Thread(target=take, args=(f"hub-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == len(set(found)) == 12


def test_p2_processes_that_adopt_at_the_same_moment_make_one_row(house: House) -> None:
    for number in range(6):
        house.submit(body(f"A-{number}"))
    with house.store.write() as connection:
        connection.execute(delete(attempt))
    threads = [threading.Thread(target=look_after, args=(house, "one", f"hub-{number}")) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [(row.sink, row.attempts) for row in house.rows(attempt)] == 6 * [("one", 1)]

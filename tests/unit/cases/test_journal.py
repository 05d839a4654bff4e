"""The journal: P2 (an event follows the one before it, or nothing is written), P4 (who asked is written down), P5."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from hub.cases import case as cases
from hub.cases.case import Case, PieceState
from hub.cases.connection.events import Matched
from hub.cases.connection.procedure import PROCEDURE
from hub.cases.events import Acknowledged, Held, Piece, Relation, Released, Stopped, ToSeal
from hub.cases.evidence import needs
from hub.cases.journal import Decided
from hub.cases.procedure import Heard, Hears, Procedures, SinkInfo, Verified, installed
from hub.cases.tables import case, piece
from hub.delivery.tables import attempt
from hub.errors import RecordRejected
from hub.ports import Fault
from hub.stores.tables import outbox
from tests import samples
from tests.casework import BY, House, body


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def locked(house: House, connection: object, number: str = "A-1") -> Case:
    case_id = house.applications.find("gov-platform", number)
    assert case_id
    return cases.lock(connection, [case_id])[case_id]  # type: ignore[arg-type]


def acknowledged() -> Acknowledged:
    receipt = ToSeal(b'{"number": "R-77", "received_at": "now"}')
    return Acknowledged(piece=0, sink="utility_crm", attempts=1, found=False, sealed_receipt=receipt)


def test_events_are_numbered_and_say_who_asked(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        house.journal.append(connection, [Decided(locked(house, connection), [Held(), Released()], BY)])
    entries = [installed().types.read(bytes(row.value)) for row in house.rows(outbox)]
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert {entry.by.principal for entry in entries} == {"cli:test"}
    assert entries[0].by.channel == "gov-platform"
    assert [row.number for row in house.rows(case)] == [3]


def test_p2_an_event_that_does_not_follow_writes_nothing(house: House) -> None:
    house.submit(body())
    with pytest.raises(AssertionError, match="does not follow"), house.store.write() as connection:
        stale = locked(house, connection)
        connection.execute(update(case).values(number=9))
        house.journal.append(connection, [Decided(stale, [Held()], BY)])
    assert len(house.rows(outbox)) == 1 and not house.rows(case)[0].held


def test_p5_what_is_to_be_sealed_lies_open_nowhere(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        house.journal.append(connection, [Decided(locked(house, connection), [acknowledged()])])
    (row,) = house.rows(piece)
    assert row.state == PieceState.ACKNOWLEDGED
    assert b"R-77" not in bytes(row.sealed_receipt) and b"R-77" not in b"".join(
        bytes(one.value) for one in house.rows(outbox)
    )
    shown = house.applications.show(bytes(row.case_id))["deliveries"][0]
    assert (shown["receipt"], shown["receipt_at"]) == ("R-77", "now")


def test_a_release_makes_what_was_stopped_pending_again(house: House) -> None:
    house.submit(body())
    stopped = Stopped(piece=0, sink="utility_crm", attempts=1, reason="SEAL_BROKEN")
    with house.store.write() as connection:
        house.journal.append(connection, [Decided(locked(house, connection), [stopped, Held()], BY)])
    assert [(row.state, row.reason) for row in house.rows(piece)] == [("stopped", "SEAL_BROKEN")]
    with house.store.write() as connection:
        house.journal.append(connection, [Decided(locked(house, connection), [Released()], BY)])
    assert [(row.state, row.reason, row.ended_ms) for row in house.rows(piece)] == [("pending", None, None)]


def test_the_row_of_the_attempt_is_made_with_the_decision(house: House) -> None:
    house.submit(body())
    (row,) = house.rows(attempt)
    assert (row.piece, row.sink, row.attempts) == (0, "utility_crm", 0)


def test_one_piece_for_each_sink_that_accepts_it(tmp_path: Path) -> None:
    sinks = (
        SinkInfo("archive", ("connection:licence.*",)),
        SinkInfo("crm", ("connection:*",)),
        SinkInfo("other", ("transfer:*",)),
    )
    house = House(tmp_path, sinks=sinks)
    house.verified(samples.title())
    house.project()
    house.submit(body())
    house.due()
    found = [Piece(*row[1:5]) for row in house.rows(piece)]
    assert [(one.piece, one.sink, one.kind, one.after) for one in found] == [
        (0, "crm", "registration", None),
        (1, "archive", "licence.property-title", None),
        (2, "crm", "licence.property-title", 0),
    ]
    house.close()


def test_a_sink_added_later_gets_nothing_of_earlier_cases(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.submit(body())
    house.close()
    house = House(tmp_path, sinks=(*house.sinks, SinkInfo("archive", ("connection:*",))))
    house.verified(samples.title())
    house.project()
    house.submit(body("A-2"))
    house.due()
    sinks = {(row.sink, row.case_id) for row in house.rows(piece)}
    later = house.applications.find("gov-platform", "A-2")
    assert {case_id for sink, case_id in sinks if sink == "archive"} == {later}
    house.close()


def test_procedures_may_share_a_table_and_hear_of_the_same_cases(tmp_path: Path) -> None:
    def commands(connection: Connection, heard: Sequence[Heard]) -> dict[bytes, str]:
        return {bytes(row.case_id): "a command that the connection application does not know" for row in rows}

    house = House(tmp_path)
    house.submit(body())
    rows = house.rows(case)
    hears = Hears(frozenset({Verified}), commands)
    others = [replace(PROCEDURE, name=name, events=(), hears=hears) for name in ("before", "later")]
    procedures = Procedures([others[0], PROCEDURE, others[1]])
    assert len(set(procedures.tables)) == len(procedures.tables)
    house.journal = replace(house.journal, procedures=procedures)
    house.verified(samples.title())
    house.project()
    assert [row.kind for row in house.rows(piece)] == ["registration", "licence.property-title"]
    later = house.clock.process_ms() + 10**9
    with house.store.write() as connection:
        assert not needs.any_due(connection, "later", later) and not needs.take_due(connection, "later", later, 9)
        assert needs.any_due(connection, PROCEDURE.name, later)
    house.close()


class Erased:
    """Seals nothing: every subject was erased a moment ago."""

    def seal_values(self, values: Sequence[tuple[bytes, bytes]]) -> list[bytes | Fault]:
        return [Fault("ERASED") for _ in values]


def test_p5_what_is_said_about_an_erased_subject_is_written_down_without_its_words(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        decided = [Decided(locked(house, connection), [acknowledged()])]
        replace(house.journal, sealer=Erased()).append(connection, decided)
    (row,) = house.rows(piece)
    assert (row.state, bytes(row.sealed_receipt)) == (PieceState.ACKNOWLEDGED.value, b"")


def test_p5_no_case_is_opened_for_a_subject_that_is_erased_meanwhile(house: House) -> None:
    applications = replace(house.applications, journal=replace(house.journal, sealer=Erased()))
    with pytest.raises(RecordRejected, match="ERASED"):
        applications.submit(body(), BY)
    assert house.rows(case) == house.rows(outbox) == []


def test_p2_two_pieces_without_a_record_may_not_have_one_name_at_a_sink(house: House) -> None:
    house.submit(body())

    def notice(number: int, reading: int) -> Matched:
        piece = Piece(number, "utility_crm", "notice", reading=reading)
        return Matched(kind="notice", record_id=bytes(16), reading=0, holder_relation=Relation.NONE, pieces=(piece,))

    with house.store.write() as connection:
        house.journal.append(connection, [Decided(locked(house, connection), [notice(1, 0), notice(2, 1)], BY)])
    with pytest.raises(AssertionError, match="count `reading` up"), house.store.write() as connection:
        house.journal.append(connection, [Decided(locked(house, connection), [notice(3, 1)], BY)])
    assert len(house.rows(piece)) == 3

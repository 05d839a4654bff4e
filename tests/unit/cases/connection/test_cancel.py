"""An application that its applicant takes back: the sinks are told once, and get no evidence any more."""

import pytest

from hub.cases.evidence.tables import need
from hub.cases.tables import case, piece
from hub.errors import RecordRejected
from hub.stores.tables import outbox
from tests import samples
from tests.casework import BY, ConnectionSystem, House, body

AGENT = {
    "name": "李娜",
    "resident_id": samples.OTHER_PERSON,
    "authorisation": {"form": "DECLARATION", "reference": "D-1"},
}


def pieces(house: House) -> dict[str, str]:
    return {row.kind: row.state for row in house.rows(piece)}


def test_the_sink_is_told_once_and_gets_no_evidence_any_more(house: House, sink: ConnectionSystem) -> None:
    case_id = house.submit(body()).case_id
    house.due()
    house.deliver(sink)
    house.verified(samples.business())
    house.project()
    for _ in range(2):
        house.applications.cancel(case_id, BY)
    house.verified(samples.title())
    house.project()
    house.due()
    house.deliver(sink)
    assert pieces(house) == {
        "registration": "acknowledged", "licence.business": "withdrawn", "cancellation": "acknowledged",
    }  # fmt: skip
    (told,) = [one for (one,) in sink.effects.values() if "cancelledAt" in one]
    assert (told["reason"], told["cancelledAt"]) == ("APPLICANT", "2026-03-02T09:00+08:00")
    assert {(row.state, row.reason) for row in house.rows(need)} == {("cancelled", "CANCELLED")}


def test_it_comes_after_its_registration_and_says_who_took_it_back(house: House, sink: ConnectionSystem) -> None:
    house.applications.cancel(house.submit(body(agent=AGENT)).case_id, BY)
    house.deliver(sink)
    sent = [one for (one,) in sink.effects.values()]
    assert "custName" in sent[0] and sent[1]["reason"] == "AGENT"


def test_evidence_that_was_delivered_is_not_taken_back_later(house: House, sink: ConnectionSystem) -> None:
    house.verified(samples.business())
    house.project()
    case_id = house.submit(body()).case_id
    house.due()
    house.deliver(sink)
    house.applications.cancel(case_id, BY)
    house.verified(samples.business(version=2) | {"status": "REVOKED"})
    house.project()
    house.deliver(sink)
    assert "withdrawal" not in pieces(house)


def test_the_same_again_writes_nothing_and_a_strange_one_is_refused(house: House) -> None:
    case_id = house.submit(body()).case_id
    house.applications.cancel(case_id, BY)
    before = len(house.rows(outbox))
    house.applications.cancel(case_id, BY)
    assert len(house.rows(outbox)) == before
    with pytest.raises(RecordRejected) as told:
        house.applications.cancel(bytes(16), BY)
    assert told.value.code == "NO_SUCH_APPLICATION"


def test_p4_the_tables_are_the_same_when_they_are_made_again(house: House, sink: ConnectionSystem) -> None:
    house.applications.cancel(house.submit(body()).case_id, BY)
    house.deliver(sink)
    house.relay()
    assert {name for name, one in house.remade().items() if not one.equal} == set()
    assert len(house.rows(case)) == 1

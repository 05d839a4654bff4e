"""What is sent: the same address at every attempt (P2), and a record only while it is what was decided (P3, P4)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from hub.cases.procedure import MustNotSend, WillNotDo
from hub.cases.tables import piece
from hub.delivery import sending
from hub.delivery.claims import Claimed, Claims, let_go
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from hub.records.tables import current
from tests import samples
from tests.casework import House, body

REFERENCES = References(MasterKey(bytes(32)), "utility_crm")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.verified(samples.title(), samples.business())
    house.project()
    house.submit(body())
    house.due()
    yield house
    house.close()


def claim(house: House, kind: str) -> Claimed:
    """The piece of this kind, as if its registration were acknowledged."""
    with house.store.write() as connection:
        connection.execute(update(piece).where(piece.c.kind == "registration").values(state="acknowledged"))
    claims = Claims(house.store, "utility_crm", "hub-1")
    claims.look_after(house.clock.process_ms())
    found = claims.claim(8, house.clock.process_ms())
    let_go(one.key for one in found)
    (claimed,) = [one for one in found if one.piece.kind == kind]
    return claimed


def made(house: House, claimed: Claimed) -> dict:
    with house.store.read() as connection:
        return sending.body(house.journal, house.opener, REFERENCES, connection, claimed)


def test_p2_address_and_key_are_of_the_case_kind_record_and_reading(house: House) -> None:
    claimed = claim(house, "licence.business")
    address = sending.address(REFERENCES, claimed)
    assert (address.procedure, address.kind) == ("connection", "licence.business")
    assert address.number == REFERENCES.hub_number(claimed.case.case_id)
    of = (claimed.case.case_id, "licence.business", claimed.piece.record_id, claimed.piece.reading)
    assert address.key == REFERENCES.piece_key(*of)
    assert sending.address(REFERENCES, claimed) == address


def test_p5_a_body_has_the_sinks_reference_and_no_id_of_a_topic(house: House) -> None:
    claimed = claim(house, "licence.property-title")
    sent = made(house, claimed)
    assert claimed.piece.record_id is not None
    assert sent["recordId"] == REFERENCES.record_reference(claimed.piece.record_id)
    assert claimed.piece.record_id.hex() not in repr(sent)
    assert claimed.case.case_id.hex() not in repr(sent)
    assert sent["verifiedAt"] == "2026-03-02T09:00+08:00"


def test_p3_a_record_that_is_no_longer_current_will_not_do(house: House) -> None:
    claimed = claim(house, "licence.property-title")
    house.verified(samples.title(version=2) | {"status": "REVOKED"})
    house.project()
    with pytest.raises(WillNotDo) as told:
        made(house, claimed)
    assert told.value.reason == "CHANGED"


def test_p5_an_erased_holder_must_not_be_sent(house: House) -> None:
    claimed = claim(house, "licence.property-title")
    (person,) = house.vault.find([("person", samples.PERSON)])
    assert person and house.vault.erase(person)
    with pytest.raises(MustNotSend) as told:
        made(house, claimed)
    assert told.value.reason == "ERASED"


@pytest.mark.parametrize("wrong", [{"offset": 99}, {"topic": "licence.business.verified"}, {"reading": 1}])
def test_p4_another_record_or_reading_at_that_place_must_not_be_sent(house: House, wrong: dict) -> None:
    claimed = claim(house, "licence.property-title")
    moved = Claimed(claimed.case, claimed.piece._replace(**wrong), 0)
    with house.store.write() as connection:
        connection.execute(update(current).values(reading=moved.piece.reading))
    with house.store.read() as connection, pytest.raises(MustNotSend) as told:
        sending.body(house.journal, house.opener, REFERENCES, connection, moved)
    assert told.value.reason == "SEAL_BROKEN"

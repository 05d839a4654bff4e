"""Cases of every procedure: opaque, in pages, and without a personal value (P5)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cases import views
from hub.errors import RecordRejected
from tests import samples
from tests.casework import BY, House, body


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    for number in ("1", "2", "3"):
        house.submit(body(number))
        house.clock.pass_s(1)
    yield house
    house.close()


def test_lists_are_newest_first_and_go_on_after_the_last(house: House) -> None:
    with house.store.read() as connection:
        first = views.listing(connection, "connection", limit=2)
        rest = views.listing(connection, after=bytes.fromhex(first[-1]["case_id"]))
        assert views.listing(connection, "transfer") == []
    assert [len(first), len(rest)] == [2, 1]
    assert first[0]["opened_at"] > first[1]["opened_at"] > rest[0]["opened_at"]


def test_one_shows_what_was_decided_and_nothing_personal(house: House) -> None:
    case_id = house.applications.find("gov-platform", "2")
    assert case_id
    house.applications.hold(case_id, BY)
    with house.store.read() as connection:
        shown = views.one(connection, case_id)
    assert (shown["procedure"], shown["state"], shown["events"]) == ("connection", "held", 2)
    assert [(one["sink"], one["kind"], one["state"]) for one in shown["pieces"]] == [
        ("utility_crm", "registration", "pending")
    ]
    assert not any(word in repr(shown) for word in (samples.USCC, samples.UNIT_NO, "津门"))


def test_an_unknown_case_is_said_to_be_unknown(house: House) -> None:
    with house.store.read() as connection, pytest.raises(RecordRejected, match="NO_SUCH_CASE"):
        views.one(connection, bytes(16))

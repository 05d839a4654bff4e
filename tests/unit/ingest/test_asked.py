"""P3, P4, P5: each question whose answer is only shown leaves an event: who asked which source and why, no
value."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.codec import wire
from hub.connect.host.registry import find
from hub.errors import NotNow, RecordRejected, Unavailable
from hub.ingest.asked import Asked
from hub.ports import LookupQuery, Page, SourceRow
from hub.stores.tables import outbox
from hub.topics.declared import ACCESS_EVENTS
from tests import samples
from tests.casework import House

BY = {"principal": "cli:test", "client": "", "channel": "gov-platform"}
SOURCE = find("property_title").info
QUERY = LookupQuery("resident-id", samples.PERSON, "connection-application", "consent", "", "A-1", "a ticket")
ROW = SourceRow("T1", 1, b"raw", samples.title())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def answered(house: House, ask: Callable[[], Page], query: LookupQuery = QUERY) -> Page:
    return Asked(house.store, house.clock).answer(BY, SOURCE, query, ask)


def events(house: House) -> list[dict[str, Any]]:
    rows = [row for row in house.rows(outbox) if row.topic == ACCESS_EVENTS]
    found = [wire.decode(bytes(row.value))[1] for row in rows]
    for row in rows:
        assert samples.PERSON not in row.headers and samples.PERSON.encode() not in bytes(row.value)
        assert b"A-1" not in bytes(row.value) and b"ticket" not in bytes(row.value)
    return found


def test_an_answer_is_told_with_its_reason_and_its_number_of_records(house: House) -> None:
    page = answered(house, lambda: Page([ROW, ROW], {}, False))
    assert len(page.rows) == 2
    (event,) = events(house)
    assert event["by"] == BY
    assert (event["source"], event["kind"]) == ("property_title", "licence.property-title")
    assert event["lookup_by"] == "resident-id"
    assert (event["purpose"], event["legal_basis"]) == ("connection-application", "consent")
    assert (event["found"], event["code"]) == (2, None)


@pytest.mark.parametrize(
    ("error", "code"),
    [(RecordRejected("PURPOSE_NOT_GRANTED"), "PURPOSE_NOT_GRANTED"), (Unavailable("away"), "UNAVAILABLE")],
)
def test_a_refusal_and_a_source_that_is_away_are_told(house: House, error: Exception, code: str) -> None:
    with pytest.raises(type(error)):
        answered(house, lambda: failing(error))
    assert [(one["found"], one["code"]) for one in events(house)] == [(0, code)]


def test_a_call_that_our_own_bounds_put_off_is_not_told(house: House) -> None:
    with pytest.raises(NotNow):
        answered(house, lambda: failing(NotNow("no calls are left")))
    assert events(house) == []


def failing(error: Exception) -> Page:
    raise error


def test_p5_a_text_that_is_in_no_table_is_not_written(house: House) -> None:
    own = LookupQuery(samples.PERSON, "v", f"{samples.PERSON}的申请", f"{samples.PERSON}同意")
    answered(house, lambda: Page([], {}, False), own)
    (event,) = events(house)
    assert (event["lookup_by"], event["purpose"], event["legal_basis"]) == ("", None, None)


def test_without_the_event_there_is_no_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def away() -> Iterator[None]:
        raise Unavailable("the store is away")
        yield

    monkeypatch.setattr(house.store, "write", away)
    with pytest.raises(Unavailable, match="store"):
        answered(house, lambda: Page([ROW], {}, False))

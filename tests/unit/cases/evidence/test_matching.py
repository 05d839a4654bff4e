"""Matching reads a bounded number of records, however many an id has: P1, one id delays no other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from hub.cases import reasons
from hub.cases.evidence import matching
from hub.cases.evidence.matching import CANDIDATES_MAX, Wanted
from hub.privacy.purposes import shipped
from hub.records.authorities import Authorities, Place
from hub.records.tables import current, record, record_link
from tests import samples
from tests.casework import House

TITLE = "licence.property-title"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def crowd(house: House, wanted: bytes, count: int, prefix: bytes = b"") -> None:
    """So many current titles that are linked to one id."""

    def of(letter: bytes, n: int) -> bytes:
        return letter + prefix.ljust(3) + n.to_bytes(12, "big")

    common = {"kind": TITLE, "version": 1, "authority": "A", "status": "CURRENT", "operation": "UPSERT"}
    more = {
        "source": "property_title", "revision": 0, "reading": 0, "nth": 0, "assurance": "CHANNEL_ONLY", "mapping": None,
        "issued_month": 202001, "valid_until_year": None, "read_at_ms": 0, "state": "verified", "seen": 1,
        "topic": "t", "partition": 0, "judged_ms": 0,
    }  # fmt: skip
    ids = [(of(b"r", n), of(b"w", n), of(b"e", n), n) for n in range(count)]
    with house.store.write() as connection:
        connection.execute(
            insert(record),
            [common | more | {"record_id": r, "row_id": w, "entity_id": e, "offset": n} for r, w, e, n in ids],
        )
        connection.execute(
            insert(record_link), [{"link_id": wanted, "record_id": r, "row_id": w} for r, w, _, _ in ids]
        )
        names = {column.name for column in current.columns}
        rows = [{**common, **more, "record_id": r, "row_id": w, "entity_id": e} for r, w, e, _ in ids]
        connection.execute(insert(current), [{name: row[name] for name in row.keys() & names} for row in rows])


def found(house: House, *ids: bytes) -> tuple[list[Any], int]:
    """The answers for these ids, and how many rows were read for them."""
    rows = []
    purpose = shipped().get("connection-application")
    with house.store.read() as connection:
        linked = matching._linked
        try:
            matching._linked = lambda *given: rows.append(got := linked(*given)) or got  # type: ignore[assignment,func-returns-value]
            wanted = [Wanted(TITLE, one, b"a" * 16, purpose, 2026) for one in ids]
            answers = matching.find(connection, house.log, wanted)
        finally:
            matching._linked = linked
    return answers, sum(map(len, rows))


def test_a_hundred_thousand_titles_under_one_id_are_for_a_person_and_are_not_read(house: House) -> None:
    crowd(house, b"c" * 16, 20 * CANDIDATES_MAX)
    answers, read = found(house, b"c" * 16)
    assert answers == [reasons.AMBIGUOUS]
    assert read <= 2 * (CANDIDATES_MAX + 1)


def test_an_id_beside_a_crowd_still_has_all_of_its_own(house: House) -> None:
    crowd(house, b"c" * 16, 3 * CANDIDATES_MAX)
    crowd(house, b"d" * 16, 2, b"two")
    answers, _ = found(house, b"c" * 16, b"d" * 16, b"n" * 16)
    assert answers == [reasons.AMBIGUOUS, reasons.AMBIGUOUS, None]


def said_by(source: str, key: str, status: str = "CURRENT", version: int = 1) -> dict[str, Any]:
    record = samples.title(key, version) | {"status": status}
    return record | {"source": record["source"] | {"system": source}}


def answer(house: House, entity_id: bytes, authorities: Authorities | None = None) -> Any:
    wanted = Wanted(TITLE, entity_id, b"a" * 16, shipped().get("connection-application"), 2026)
    with house.store.read() as connection:
        return matching.find(connection, house.log, [wanted], authorities)[0]


def test_p3_a_record_whose_source_was_granted_for_another_purpose_is_for_a_person(house: House) -> None:
    (title,) = house.verified(said_by("property_title", "C"))
    house.project()
    asked: list[tuple[str, str]] = []

    def permits(source: str, purpose: str) -> bool:
        asked.append((source, purpose))
        return False

    purpose = shipped().get("connection-application")
    with house.store.read() as connection:
        wanted = Wanted(TITLE, title.entity_id, b"a" * 16, purpose, 2026, permits=permits)
        assert matching.find(connection, house.log, [wanted]) == [reasons.PURPOSE_NOT_GRANTED]
    assert asked == [("property_title", "connection-application")]


def test_p3_a_title_that_the_city_cancelled_is_not_current_because_a_district_has_it(house: House) -> None:
    (district,) = house.verified(said_by("district_files", "D", version=9))
    house.project()
    assert answer(house, district.entity_id).record_id == district.record_id
    (city,) = house.verified(said_by("property_title", "C", status="CANCELLED"))
    house.project()
    assert city.entity_id == district.entity_id
    assert answer(house, city.entity_id) == reasons.NOT_CURRENT


def test_p3_the_record_of_the_highest_authority_matches_and_not_the_newest(house: House) -> None:
    (city,) = house.verified(said_by("property_title", "C"))
    house.verified(said_by("district_files", "D", version=9))
    house.project()
    assert answer(house, city.entity_id).record_id == city.record_id
    reversed_rank = Authorities({TITLE: (Place(source="district_files"), Place(source="property_title"))})
    assert answer(house, city.entity_id, reversed_rank).record_id != city.record_id
    assert answer(house, city.entity_id, Authorities({})).record_id != city.record_id


def test_p3_a_record_that_the_higher_authority_took_back_is_not_answered_by_the_lower(house: House) -> None:
    (city,) = house.verified(said_by("property_title", "C"))
    house.verified(said_by("district_files", "D"))
    gone = said_by("property_title", "C", version=2)
    house.verified(gone | {"source": gone["source"] | {"operation": "DELETE"}})
    house.project()
    assert answer(house, city.entity_id) == reasons.NOT_CURRENT

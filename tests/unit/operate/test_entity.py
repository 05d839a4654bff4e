"""What is known of one thing: each field by the highest authority, put together in memory only; `hub records show`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.shown import entity as _entity
from hub.operate.entity import Entity, entity
from hub.privacy.sealing import SealedRow
from hub.records.authorities import shipped
from hub.records.tables import current, record
from tests import samples
from tests.casework import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def said_by(source: str, key: str, status: str = "CURRENT", version: int = 1, **unit: Any) -> dict[str, Any]:
    found = samples.title(key, version) | {"status": status}
    found["unit"] |= unit
    return found | {"source": found["source"] | {"system": source}}


def both(house: House) -> tuple[SealedRow, SealedRow]:
    """The same title from the district, which has notes, and from the city, which has cancelled it."""
    (district,) = house.verified(said_by("district_files", "D", version=9, notes="区级档案", area_m2="99.00"))
    (city,) = house.verified(said_by("property_title", "C", status="CANCELLED", notes=""))
    house.project()
    return district, city


def shown(house: House, wanted: bytes) -> Entity:
    found = entity(house.store, house.log, house.opener, shipped(), wanted)
    assert found is not None
    return found


def test_p4_one_thing_has_two_rows_and_each_field_one_authority(house: House) -> None:
    district, city = both(house)
    found = shown(house, city.entity_id)
    assert [(one.source, one.rank, one.status) for one in found.records] == [
        ("property_title", 0, "CANCELLED"),
        ("district_files", 1, "CURRENT"),
    ]
    assert found.fields["status"] == ("CANCELLED", 0)
    assert found.fields["unit.area_m2"] == ("88.50", 0)
    assert found.fields["unit.notes"] == ("区级档案", 1)
    assert shown(house, district.record_id) == found


def test_p4_nothing_merged_is_written(house: House) -> None:
    district, city = both(house)
    tables = house.rows(record), house.rows(current)
    topics = {name: house.log.bounds(name) for name in house.log.topics()}
    shown(house, city.entity_id)
    assert (house.rows(record), house.rows(current)) == tables
    assert {name: house.log.bounds(name) for name in house.log.topics()} == topics
    assert {bytes(row.record_id) for row in tables[0]} == {district.record_id, city.record_id}
    assert all(one.equal for one in house.remade().values())


def test_of_one_authority_the_current_record_counts_and_a_deleted_one_says_nothing(house: House) -> None:
    house.verified(said_by("property_title", "old", status="SUPERSEDED", version=5, notes="old"))
    house.verified(said_by("property_title", "new", notes=""))
    gone = said_by("district_files", "D", notes="gone")
    (row,) = house.verified(gone | {"source": gone["source"] | {"operation": "DELETE"}})
    house.project()
    found = shown(house, row.entity_id)
    assert found.fields["status"] == ("CURRENT", 0)
    assert "unit.notes" not in found.fields
    assert [one.counts for one in found.records] == [True, False, False]


def test_a_thing_that_is_not_known_is_none(house: House) -> None:
    both(house)
    assert entity(house.store, house.log, house.opener, shipped(), bytes(16)) is None


def test_p5_values_are_shown_by_their_form(house: House) -> None:
    _, city = both(house)
    told = json.dumps(_entity.plain(shown(house, city.entity_id)), ensure_ascii=False)
    assert "CANCELLED" in told
    for value in ("津门", samples.USCC, samples.UNIT_NO, "王伟", "区级档案", samples.PERSON):
        assert value not in told


def test_an_id_that_is_none_is_told() -> None:
    from hub.cli import cli

    done = CliRunner().invoke(cli, ["records", "show", "abc"])
    assert done.exit_code == 2
    assert "32 hexadecimal digits" in done.output

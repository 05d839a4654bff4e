"""How many records lie between a source and the tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from hub.pipeline.positions import behind
from hub.pipeline.tables import projection_offset
from tests.casework import House

KIND = "licence.business"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def test_behind_counts_what_is_not_judged_and_what_is_not_in_the_tables(house: House) -> None:
    house.fill(f"{KIND}.received", 10)
    house.fill(f"{KIND}.verified", 4)
    house.fill(f"{KIND}.rejected", 1)
    assert behind(house.log, house.store, KIND) == 15
    house.log.reset("verify", {(f"{KIND}.received", 0): 5})
    with house.store.write() as connection:
        place = {"group": "project", "topic": f"{KIND}.verified", "partition": 0, "next": 4}
        connection.execute(insert(projection_offset), [place])
    assert behind(house.log, house.store, KIND) == 5 + 1

"""One poison stops only itself, also in the tables: texts that no column takes (P1)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.ports import Outgoing
from hub.records.tables import reason_tally, record
from tests import samples
from tests.casework import House


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    house = House(tmp_path, url=url)
    yield house
    house.close()


@pytest.mark.parametrize("authority", ["9" * 500, "11120104\0000012345X", "\0"])
def test_p1_a_rejected_record_with_a_text_that_no_column_takes_is_in_the_tables(house: House, authority: str) -> None:
    bad = samples.title("T1")
    bad["authority"] = authority
    house.rejected(bad, code="AUTHORITY_FORM")
    house.verified(samples.title("T2", unit_no="120101001001GB00001F00010002"))
    house.project()
    assert sorted(row.state for row in house.rows(record)) == ["rejected", "verified"]


def test_p1_reasons_that_another_program_wrote_stop_no_projection(house: House) -> None:
    row = house.seal(samples.title("T1"))
    for reasons in (b"{", b"7", b"[1]", b'[{"code": 1}]', b'[{"code": "' + b"X" * 5_000 + b'"}]', b"[" * 9_000, b""):
        headers = (("ce_id", b"00"), ("ce_type", b"x"), ("hub_reasons", reasons), ("hub_attempt", b"\xb2"))
        topic = "licence.property-title.rejected"
        house.writer.commit([Outgoing(topic, 0, row.entity_id, row.value, headers, 1)])
    house.verified(samples.title("T2", unit_no="120101001001GB00001F00010002"))
    house.project()
    assert sorted(row.state for row in house.rows(record)) == ["rejected", "verified"]
    assert house.rows(reason_tally) == []

"""One poison stops only itself: a row that no message could hold, and in the tables texts that no column takes (P1)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.codec import wire
from hub.ports import Outgoing
from hub.records.shape import ITEMS_MAX
from hub.records.tables import reason_tally, record
from tests import samples
from tests.casework import House
from tests.feeding import feeding, received, until
from tests.field.exchange import NAME, Table


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


def test_p1_a_title_with_very_many_holders_of_long_names_stops_no_other(tmp_path: Path) -> None:
    """Its row is within every bound, and sealed it would be larger than a message may be."""
    table = Table(tmp_path, SystemClock())
    now_ms = table.clock.process_ms()
    table.put("r1", now_ms - 2_000, 1)
    table.put("r2", now_ms - 1_500, 2, holders=0)
    name = ("京" * 190).encode("gb18030")
    table.put_holders("r2", [{"sxh": place + 1, "qlr": name, "zjh": None} for place in range(ITEMS_MAX)])
    table.put("r3", now_ms - 1_000, 3)
    with feeding(tmp_path, {NAME: {"url": table.url, "lag_s": 60.0, "poll_s": 0.05}}) as (hub, task):
        until(task, lambda: len(received(hub, "licence.property-title")) == 3)
        found = [wire.decode(one.value)[1] for one in received(hub, "licence.property-title")]
    (unreadable,) = [one for one in found if "faults" in one]
    assert [fault["code"] for fault in unreadable["faults"]] == ["TOO_LARGE"]
    assert unreadable["size"] > 500_000

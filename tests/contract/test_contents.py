"""What one row can say under one version, on every log: other content, a new reading, a row that is read at last. All
are counted, ranked and delivered (ADR 0014)."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.delivery.deliver import Deliver
from hub.pipeline import verify
from hub.pipeline.due import DueStage
from hub.pipeline.project import Project
from hub.pipeline.rebuild import compare, rebuild
from hub.ports import Fault, SourceRow
from hub.records.tables import current, record, tally
from hub.stores.database import Database
from hub.stores.migrate import STORE
from hub.topics.received import Envelopes
from sandbox.servers import kafka
from sandbox.servers.missing import Missing
from tests import samples
from tests.casework import PARTITIONS, ConnectionSystem, House, body

KIND, NAME = "licence.property-title", "property_title"
OTHER_UNIT = "120101001001GB00001F00010002"
PATIENCE_S = 60.0


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.slow])])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    cluster = None
    if request.param == "kafka":
        try:
            cluster = kafka.start(tmp_path / "cluster")
        except Missing as missing:
            pytest.skip(str(missing))
    house = House(tmp_path, log_url=cluster.log_url if cluster else "")
    yield house
    house.close()
    if cluster:
        cluster.stop()


class Works:
    """The stages of a hub, from what was received to what the utility has."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.sink = ConnectionSystem()
        member = house.log.join(verify.GROUP, verify.INPUTS, "verify")
        self._stages: list[Any] = [
            verify.Verify(member, house.opener, house.sealer, {}, house.clock, 100, 0.05),
            Project(house.log, house.store, house.journal, "project", 100),
            DueStage(house.store, house.journal, idle_s=0),
            Deliver(house.parts(self.sink), idle_s=0),
        ]

    def until(self, done: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline_s, (self.line(), self.current())
            for stage in self._stages:
                stage.step()

    def close(self) -> None:
        for stage in self._stages:
            stage.close()

    def receive(self, *rows: SourceRow) -> None:
        """Put rows on the topic as ingest does; the next ones are read a second later."""
        sealed = self.house.seal_rows(KIND, NAME, *rows)
        self.house.writer.commit(Envelopes(NAME, PARTITIONS, self.house.clock.now()).page(sealed, {}))
        self.house.clock.pass_s(1)

    def line(self) -> dict[str, int]:
        """The source's tallies that are not zero."""
        with self.house.store.read() as connection:
            found = [row._mapping for row in connection.execute(select(tally))]
        return {name: value for row in found for name, value in row.items() if isinstance(value, int) and value}

    def current(self) -> list[tuple[bytes, int]]:
        """Content's record id and reading of every row that counts, in the order of their records."""
        with self.house.store.read() as connection:
            query = select(current.c.record_id, current.c.reading).order_by(current.c.record_id)
            return [(bytes(row.record_id), row.reading) for row in connection.execute(query)]

    def id_of(self, row: SourceRow) -> bytes:
        return self.house.seal_rows(KIND, NAME, row)[0].record_id

    def usage_sent(self, number: str) -> list[tuple[str, int]]:
        """What the utility was told for one application: the unit's usage and the reading."""
        submitted = self.house.applications.find("gov-platform", number)
        assert submitted is not None
        sent = [one for effects in self.sink.effects.values() for one in effects if one["kind"] == KIND]
        return [(one["fields"]["unit"]["usage"], one["reading"]) for one in sent]


@pytest.fixture
def works(house: House) -> Iterator[Works]:
    works = Works(house)
    yield works
    works.close()


def title(raw: bytes, key: str = "T1", usage: str = "", unit_no: str = samples.UNIT_NO, **more: Any) -> SourceRow:
    plain = samples.title(key, 1, unit_no)
    plain["unit"]["usage"] = usage or raw.decode()
    return SourceRow(key, 1, raw, plain, **more)


def test_contents_of_one_version_readings_and_a_row_that_is_read_at_last(works: Works) -> None:
    first, second = title(b"first"), title(b"second")
    works.receive(first)
    works.receive(second)
    works.until(lambda: works.line() == {"received": 2, "verified": 2, "revised": 1})
    assert works.current() == [(works.id_of(second), 0)]

    unreadable = SourceRow("T2", 1, b"third", None, (Fault("UNREADABLE"), Fault("SHAPE_TYPE", "unit.usage")))
    works.receive(unreadable)
    works.until(lambda: works.line().get("rejected") == 1)
    readable = title(b"third", "T2", unit_no=OTHER_UNIT)
    assert works.id_of(readable) == works.id_of(unreadable)
    works.receive(readable)
    works.until(lambda: works.line() == {"received": 4, "verified": 3, "duplicate": 1, "revised": 1})

    works.house.submit(body("A-1"))
    works.until(lambda: bool(works.usage_sent("A-1")))
    assert works.usage_sent("A-1") == [("second", 0)]

    read_at_ms = works.house.clock.now_ms() - 60_000
    worse = title(b"second", reading=1, read_at_ms=read_at_ms)
    assert worse.record is not None
    worse.record["status"] = "UNKNOWN"
    works.receive(worse)
    works.until(lambda: works.line().get("rejected") == 1)
    assert (works.id_of(first), 0) in works.current()
    works.receive(title(b"second", usage="corrected", reading=2, read_at_ms=read_at_ms))
    works.until(lambda: (works.id_of(second), 2) in works.current())
    assert works.line() == {"received": 4, "verified": 3, "duplicate": 1, "revised": 1, "readings": 2}

    works.until(lambda: len(works.usage_sent("A-1")) == 2)
    assert works.usage_sent("A-1") == [("second", 0), ("corrected", 2)]  # the piece that corrects the delivered one

    works.house.submit(body("A-2"))
    works.until(lambda: len(works.usage_sent("A-2")) == 3)
    assert works.usage_sent("A-2") == [("second", 0), ("corrected", 2), ("corrected", 2)]
    assert {name: rows for name, rows in differing(works.house).items() if rows} == {}


def differing(house: House) -> dict[str, list[Any]]:
    """What ``hub rebuild --check`` names, by table."""
    url = f"sqlite:///{house.folder}/fresh.db"
    STORE.upgrade(url)
    fresh = Database(url)
    try:
        with house.store.read() as live:
            rebuild(house.log, live, fresh, house.journal.procedures, lambda *_: None)
            with fresh.read() as rebuilt:
                return {one.table: one.differences for one in compare(live, rebuilt, house.journal.procedures)}
    finally:
        fresh.close()


def test_a_record_says_which_mapping_read_it(works: Works) -> None:
    works.receive(title(b"first"))
    works.until(lambda: works.line().get("verified") == 1)
    with works.house.store.read() as connection:
        (row,) = connection.execute(select(record.c.mapping, record.c.read_at_ms))
    assert bytes(row.mapping) == samples.Info(NAME, KIND).mapping
    assert row.read_at_ms == works.house.clock.now_ms() - 1_000

"""Remap: P1 (nothing is lost), P2 (nothing is doubled). Show 3: exactly the records of a code are verified."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from hub.bootstrap import Hub
from hub.connect.mapping import to_row
from hub.errors import Misconfigured
from hub.grants.originals import withheld
from hub.pipeline.again.remap import Chosen, Remap, Remapped
from hub.pipeline.redrive import Filter, Redrive
from hub.ports import Fault, SourceRow, Stored
from hub.records import tables
from hub.topics.received import Envelopes
from tests import samples

KIND, NAME = "licence.property-title", "property_title"
INFO = samples.Info(NAME, KIND)


@dataclass
class Registry:
    """A source whose rows are JSON: a key, a code of a status and a usage."""

    codes: dict[str, str] = field(default_factory=lambda: {"1": "CURRENT"})
    broken: bool = False

    def remap(self, stored: Stored) -> SourceRow:
        return to_row(stored.key, stored.version, stored.raw, lambda: self._record(stored), stored.proof)

    def _record(self, stored: Stored) -> dict[str, Any]:
        row = json.loads(stored.raw)
        if self.broken:
            raise ValueError
        record = samples.title(stored.key, stored.version)
        record["unit"]["usage"] = row["usage"]
        if "person" in row:
            record["holders"][0]["id_number"] = row["person"]
        return record | {"status": self.codes.get(row["code"], "UNKNOWN")}


@dataclass
class Works:
    """A hub with that source, and its stages on demand."""

    hub: Hub
    source: Registry = field(default_factory=Registry)

    def receive(self, *rows: Mapping[str, Any], **more: Any) -> None:
        self.receive_rows(
            *(self.source.remap(Stored(row["key"], 1, "UPSERT", json.dumps(row).encode())) for row in rows)
        )

    def receive_rows(self, *found: SourceRow) -> None:
        sealed = self.hub.sealer.seal_page(INFO, found, 5)
        writer = self.hub.log.writer("test")
        writer.commit(Envelopes(NAME, self.hub.settings.partitions, self.hub.clock.now()).page(sealed, {}))
        self.flow()

    def flow(self) -> None:
        for name in ("verify", "project"):
            stage = self.hub.task(name)()
            while stage.step():
                pass
            stage.close()

    def remap(self, code: str = "", dry_run: bool = False) -> Remapped:
        guarded: Any = SimpleNamespace(inner=self.source, context=SimpleNamespace(info=INFO))
        done = Remap(self.hub.parts, guarded).run(Chosen(code), dry_run, lambda _: None)
        self.flow()
        return done

    def line(self) -> dict[str, int]:
        with self.hub.store.read() as connection:
            row = connection.execute(select(tables.tally)).one()
        counts = {name: count for name, count in row._mapping.items() if isinstance(count, int)}
        return {name: count for name, count in counts.items() if count}

    def states(self) -> dict[bytes, tuple[str, int]]:
        with self.hub.store.read() as connection:
            rows = connection.execute(select(tables.record).order_by(tables.record.c.record_id))
            return {bytes(row.record_id): (row.state, row.reading) for row in rows}

    def messages(self) -> int:
        topics = (f"{KIND}.{suffix}" for suffix in ("received", "verified", "rejected"))
        return sum(
            len(batch.records)
            for topic in topics
            for partition in range(self.hub.settings.partitions)
            for batch in self.hub.log.scan(topic, partition, 0)
        )


@pytest.fixture
def works(hub: Hub) -> Works:
    return Works(hub)


def row(key: str, code: str = "1", usage: str = "住宅", **more: str) -> dict[str, str]:
    return {"key": key, "code": code, "usage": usage, **more}


def test_p2_with_a_new_code_exactly_those_records_are_verified_and_nothing_else_is_sent(works: Works) -> None:
    works.receive(row("a"), row("b", "7"), row("c", "7"), row("d", "8"), row("e"))
    before = works.states()
    assert sorted(before.values()) == [("rejected", 0)] * 3 + [("verified", 0)] * 2
    works.source.codes["7"] = "CURRENT"
    assert works.remap("STATUS_UNKNOWN", dry_run=True) == Remapped(sent=2, unchanged=1)
    assert works.states() == before
    messages = works.messages()
    assert works.remap("STATUS_UNKNOWN") == Remapped(sent=2, unchanged=1)
    assert works.messages() == messages + 4  # two received and two verified
    after = works.states()
    assert after.keys() == before.keys()
    assert sorted(after.values()) == [("rejected", 0)] + [("verified", 0)] * 2 + [("verified", 1)] * 2
    assert works.line() == {"received": 5, "verified": 4, "rejected": 1, "readings": 2}
    assert works.remap("STATUS_UNKNOWN") == Remapped(unchanged=1)


def test_without_a_code_all_records_are_mapped_and_only_other_ones_are_sent(works: Works) -> None:
    works.receive(row("a"), row("b", "7"))
    works.source.codes["1"] = "CANCELLED"
    assert works.remap() == Remapped(sent=1, unchanged=1)
    with works.hub.store.read() as connection:
        assert [one.status for one in connection.execute(select(tables.current))] == ["CANCELLED"]
    assert works.line() == {"received": 2, "verified": 1, "rejected": 1, "readings": 1}


def test_an_original_that_was_left_out_because_of_the_grant_is_not_mapped_again(works: Works) -> None:
    """Its mark is no row: mapping it would tell other faults, and send them."""
    fault = Fault("UNREADABLE")
    works.receive_rows(SourceRow("a", 1, withheld(b'{"key": "a", NaN'), None, (fault,)))
    assert works.remap() == Remapped(lost=1)


def test_p1_what_only_the_former_mapping_reads_stays_as_it_is(works: Works) -> None:
    works.receive(row("a"), row("b"))
    works.source.broken = True
    assert works.remap() == Remapped(worse=2)
    assert works.line() == {"received": 2, "verified": 2}


def test_p1_what_could_not_be_read_becomes_the_same_record(works: Works) -> None:
    works.source.broken = True
    works.receive(row("a"))
    (before,) = works.states().items()
    works.source.broken = False
    assert before[1] == ("rejected", 0)
    assert works.remap("UNREADABLE") == Remapped(sent=1)
    assert works.states() == {before[0]: ("verified", 1)}
    assert works.line() == {"received": 1, "verified": 1, "readings": 1}


def test_p2_a_remap_that_is_run_twice_before_the_verdicts_sends_the_same_reading(works: Works) -> None:
    works.receive(row("a", "7"))
    works.source.codes["7"] = "CURRENT"
    guarded: Any = SimpleNamespace(inner=works.source, context=SimpleNamespace(info=INFO))
    for _ in range(2):
        assert Remap(works.hub.parts, guarded).run(Chosen("STATUS_UNKNOWN"), False, lambda _: None).sent == 1
    works.flow()
    assert list(works.states().values()) == [("verified", 1)]
    line = works.line()
    assert line["received"] == line["verified"] == 1


def test_p5_an_erased_co_holder_s_original_counts_as_erased(works: Works) -> None:
    works.receive(row("a", "7"), row("b", "7", person=samples.OTHER_PERSON))
    (subject,) = works.hub.vault.find([("person", samples.OTHER_PERSON)])
    assert subject is not None
    works.hub.vault.erase(subject)
    works.source.codes["7"] = "CURRENT"
    assert works.remap("STATUS_UNKNOWN") == Remapped(sent=1, erased=1)
    assert sorted(works.states().values()) == [("rejected", 0), ("verified", 1)]


def test_a_reading_begins_to_count_its_attempts_anew(works: Works) -> None:
    works.receive(row("a", "7"))
    for _ in range(2):
        Redrive(works.hub.log, works.hub.store, works.hub.clock, 9).run(Filter(), False, lambda _: None)
        works.flow()
    works.source.codes["7"] = "CANCELLED"
    works.remap("STATUS_UNKNOWN")
    messages = [one for batch in works.hub.log.scan(f"{KIND}.verified", 0, 0) for one in batch.records]
    headers = [dict(one.headers) for one in messages]
    assert [(one["hub_attempt"], one["hub_reading"]) for one in headers] == [(b"1", b"1")]


def test_a_source_that_cannot_map_again_says_what_to_do_instead(works: Works) -> None:
    guarded: Any = SimpleNamespace(inner=object(), context=SimpleNamespace(info=INFO))
    with pytest.raises(Misconfigured, match="reread"):
        Remap(works.hub.parts, guarded)

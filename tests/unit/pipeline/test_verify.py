"""The verify stage: P1 (a bad record is rejected with its reasons, never lost), P2 (the same bytes go on, once), P5."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.codec import wire
from hub.errors import Misconfigured, RecordRejected
from hub.logs.sqlite.log import SqliteLog
from hub.pipeline.verify import GROUP, INPUTS, REASONS_MAX, Verify
from hub.ports import Fault, LogRecord, Outgoing, Plain, SourceRow
from hub.privacy.opening import Opener
from hub.privacy.sealing import RECORD_SCHEMA, UNREADABLE_SCHEMA, Sealer
from hub.privacy.vault import DatabaseVault
from hub.topics import cloudevents
from hub.topics.declared import declared
from tests import samples

BUSINESS, TITLE = "licence.business.received", "licence.property-title.received"


TITLES = samples.Info("property_title", "licence.property-title")


class Bench:
    """A log with the hub's topics, and a verify stage on it."""

    def __init__(self, tmp_path: Path, vault: DatabaseVault) -> None:
        self.clock = SystemClock()
        self.log = SqliteLog(tmp_path / "log.db", self.clock)
        self.log.create(declared(2))
        self.sealer = Sealer(vault, b"k" * 32)
        self.vault = vault
        self.writer = self.log.writer("test")

    def stage(self) -> Verify:
        member = self.log.join(GROUP, INPUTS, "verify-1")
        return Verify(member, Opener(self.vault), self.sealer, {}, self.clock, 100, 0.01)

    def receive(self, *records: Plain | Fault) -> list[bytes]:
        rows = [
            SourceRow(f"k{i}", 1, b"raw", None, (one,))
            if isinstance(one, Fault)
            else SourceRow(f"k{i}", 1, b"raw", one)
            for i, one in enumerate(records)
        ]
        sealed = self.sealer.seal_page(TITLES, rows, 1)
        self.put(TITLE, *(row.value for row in sealed))
        return [row.value for row in sealed]

    def put(
        self,
        topic: str,
        *values: bytes,
        ce_type: bytes = b"cn.onecert.licence.property-title.received",
        ce_source: bytes = b"",
    ) -> None:
        headers = (("ce_id", b"00"), ("ce_type", ce_type), ("ce_source", ce_source))
        self.writer.commit([Outgoing(topic, 1, key_of(value), value, headers, 5) for value in values])

    def read(self, topic: str) -> list[LogRecord]:
        return [record for partition in (0, 1) for batch in self.log.scan(topic, partition) for record in batch.records]


@pytest.fixture
def bench(tmp_path: Path, vault: DatabaseVault) -> Iterator[Bench]:
    bench = Bench(tmp_path, vault)
    yield bench
    bench.log.close()


def key_of(value: bytes) -> bytes:
    """The entity of a record; any key for other bytes."""
    try:
        return bytes(wire.decode(value)[1].get("entity_id", b"key"))
    except RecordRejected:
        return b"key"


def run(bench: Bench) -> None:
    stage = bench.stage()
    while stage.step():
        pass
    stage.close()


def test_p2_a_good_record_goes_on_as_the_same_bytes_in_its_partition(bench: Bench) -> None:
    sent = bench.receive(samples.title("a"), samples.title("b"))
    run(bench)
    verified = bench.read("licence.property-title.verified")
    assert [record.value for record in verified] == sent
    assert [name for name, _ in verified[0].headers] == ["ce_id", "ce_type", "ce_source", "ce_time", "ce_specversion"]
    assert bench.log.bounds("licence.property-title.verified")[1][1] == 2
    assert bench.read("licence.property-title.rejected") == []


def test_p1_a_bad_record_is_rejected_with_its_reason_and_its_neighbours_flow_on(bench: Bench) -> None:
    bad = samples.title("b")
    bad["holders"][0]["id_number"] = samples.PERSON[:-1] + "2"
    sent = bench.receive(samples.title("a"), bad, Fault("SHAPE_MISSING", "unit.unit_no"), samples.title("c"))
    run(bench)
    rejected = bench.read("licence.property-title.rejected")
    assert [record.value for record in rejected] == sent[1:3]
    assert [json.loads(dict(record.headers)["hub_reasons"]) for record in rejected] == [
        [{"code": "ID_CHECK", "field": "holders.0.id_number"}],
        [{"code": "SHAPE_MISSING", "field": "unit.unit_no"}],
    ]
    headers = dict(rejected[0].headers)
    assert headers["__connect.errors.topic"] == TITLE.encode()
    assert headers["__connect.errors.offset"] == b"1"
    assert len(bench.read("licence.property-title.verified")) == 2


def test_p5_bytes_that_no_connector_made_are_sealed_before_they_travel_on(bench: Bench, vault: DatabaseVault) -> None:
    bench.put(BUSINESS, b"360426199101010071", b"", b"\x00\x00\x00\x00\x05junk")
    run(bench)
    rejected = bench.read("licence.business.rejected")
    assert len(rejected) == 3
    assert all(b"360426199101010071" not in (record.value or b"") + (record.key or b"") for record in rejected)
    opened = Opener(vault).open([record.value for record in rejected])
    assert [one.problem for one in opened] == [Fault("UNREADABLE")] * 3
    original = Opener(vault).open_unreadable(opened[0].envelope)
    assert original is not None and original.raw == b"360426199101010071"


FOREIGN_SCHEMA, RUNTIME_SCHEMA = b"\x00\x00\x00\x27\x0f", b"\x00\x00\x0f\x42\x40"
"""Frames of schema 9999 and 1000000, neither of them in the catalogue."""


@pytest.mark.parametrize(
    ("frame", "ce_source"),
    [(FOREIGN_SCHEMA, b""), (FOREIGN_SCHEMA, b"urn:elsewhere"), (RUNTIME_SCHEMA, b"/sources/property_title")],
)
def test_p1_an_unknown_schema_from_outside_is_rejected(bench: Bench, frame: bytes, ce_source: bytes) -> None:
    bench.put(TITLE, frame + b"x", ce_source=ce_source)
    run(bench)
    (record,) = bench.read("licence.property-title.rejected")
    assert b"SCHEMA_UNKNOWN" in dict(record.headers)["hub_reasons"]


def test_p1_an_unknown_schema_of_a_newer_hub_stops_the_stage_and_nothing_moves(bench: Bench) -> None:
    bench.receive(samples.title())
    bench.put(TITLE, FOREIGN_SCHEMA + b"x", ce_source=b"/sources/property_title")
    with pytest.raises(Misconfigured, match="schema 9999"):
        run(bench)
    assert bench.log.committed(GROUP) == {}
    assert bench.read("licence.property-title.verified") == bench.read("licence.property-title.rejected") == []


def test_answers_of_the_look_up_lane_are_not_judged(bench: Bench) -> None:
    bench.put("lookup.received", b"answer", ce_type=cloudevents.LOOKUP_ANSWERED)
    run(bench)
    assert all(not bench.read(topic) for topic in bench.log.topics() if topic.endswith((".verified", ".rejected")))


def test_p2_a_stage_that_died_before_commit_leaves_nothing_and_the_next_does_it_all(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = bench.receive(*(samples.title(str(i)) for i in range(10)))
    dying = bench.stage()
    monkeypatch.setattr(dying._member, "commit", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        dying.step()
    dying.close()
    monkeypatch.undo()
    run(bench)
    run(bench)
    assert [record.value for record in bench.read("licence.property-title.verified")] == sent


def test_p5_a_record_of_an_erased_person_is_rejected_as_erased(bench: Bench, vault: DatabaseVault) -> None:
    value = bench.receive(samples.title())[0]
    holder = Opener(vault).open([value])[0].envelope["parts"][1]["subject_id"]
    vault.erase(holder)
    run(bench)
    (rejected,) = bench.read("licence.property-title.rejected")
    assert b"ERASED" in dict(rejected.headers)["hub_reasons"]


def test_p2_reading_and_attempt_are_carried_to_the_verdict(bench: Bench) -> None:
    bad = samples.title("b")
    bad["holders"][0]["id_number"] = samples.PERSON[:-1] + "2"
    rows = [SourceRow(key, 1, b"raw", record, reading=2) for key, record in (("a", samples.title("a")), ("b", bad))]
    for sealed in bench.sealer.seal_page(TITLES, rows, 1):
        headers = (("ce_id", sealed.record_id.hex().encode()), ("hub_attempt", b"3"), ("hub_reading", b"2"))
        bench.writer.commit([Outgoing(TITLE, 1, sealed.entity_id, sealed.value, headers, 5)])
    run(bench)
    for topic in ("licence.property-title.verified", "licence.property-title.rejected"):
        (record,) = bench.read(topic)
        found = [one for one in record.headers if one[0] in ("hub_attempt", "hub_reading")]
        assert found == [("hub_attempt", b"3"), ("hub_reading", b"2")]


def test_p1_every_fault_of_an_unreadable_row_is_a_reason(bench: Bench) -> None:
    faults = (Fault("SHAPE_MISSING", "unit.unit_no"), Fault("SHAPE_TYPE", "unit.area_m2"))
    (sealed,) = bench.sealer.seal_page(TITLES, [SourceRow("k", 1, b"raw", None, faults)], 1)
    bench.put(TITLE, sealed.value)
    run(bench)
    (rejected,) = bench.read("licence.property-title.rejected")
    assert json.loads(dict(rejected.headers)["hub_reasons"]) == [fault._asdict() for fault in faults]


def test_p4_an_unreadable_row_with_a_changed_open_part_is_rejected_as_broken(bench: Bench) -> None:
    (sealed,) = bench.sealer.seal_page(TITLES, [SourceRow("k", 1, b"raw", None, (Fault("UNREADABLE"),))], 1)
    envelope = wire.decode(sealed.value)[1] | {"reading": 9}
    bench.put(TITLE, wire.encode(UNREADABLE_SCHEMA, envelope))
    run(bench)
    (rejected,) = bench.read("licence.property-title.rejected")
    assert [reason["code"] for reason in json.loads(dict(rejected.headers)["hub_reasons"])] == ["SEAL_BROKEN"]


@pytest.mark.parametrize("key", [None, b"", b"E" * 16])
def test_p2_genuine_bytes_under_another_key_are_rejected(bench: Bench, key: bytes | None) -> None:
    """They would be found as evidence about another thing."""
    (sealed,) = bench.sealer.seal_page(TITLES, [SourceRow("a", 1, b"raw", samples.title("a"))], 1)
    bench.writer.commit([Outgoing(TITLE, 1, key, sealed.value, (), 5)])
    run(bench)
    (rejected,) = bench.read("licence.property-title.rejected")
    assert json.loads(dict(rejected.headers)["hub_reasons"]) == [{"code": "SEAL_BROKEN", "field": "entity_id"}]


def test_p2_the_id_of_a_verdict_is_the_record_s_own_whatever_the_message_called_itself(bench: Bench) -> None:
    (sealed,) = bench.sealer.seal_page(TITLES, [SourceRow("a", 1, b"raw", samples.title("a"))], 1)
    headers = (("ce_id", b"no id"), ("hub_attempt", b"two"), ("hub_reading", b"-1"))
    bench.writer.commit([Outgoing(TITLE, 1, sealed.entity_id, sealed.value, headers, 5)])
    bench.put(TITLE, b"junk")
    run(bench)
    (verified,), (rejected,) = (
        bench.read("licence.property-title.verified"),
        bench.read("licence.property-title.rejected"),
    )
    assert [dict(verified.headers).get(name) for name in ("ce_id", "hub_attempt", "hub_reading")] == [
        sealed.record_id.hex().encode(), None, None,
    ]  # fmt: skip
    assert dict(rejected.headers)["ce_id"] == wire.decode(rejected.value or b"")[1]["record_id"].hex().encode()


def test_p4_a_changed_record_is_rejected_as_broken(bench: Bench) -> None:
    value = bench.receive(samples.title())[0]
    envelope = wire.decode(value)[1]
    envelope["status"] = "CANCELLED"
    bench.put(TITLE, wire.encode(RECORD_SCHEMA, envelope))
    run(bench)
    (rejected,) = bench.read("licence.property-title.rejected")
    assert b"SEAL_BROKEN" in dict(rejected.headers)["hub_reasons"]


def test_p1_a_record_with_a_thousand_faults_has_no_header_that_is_too_large(bench: Bench) -> None:
    bad = samples.title()
    bad["holders"] = [bad["holders"][0] | {"id_number": f"{n:018}"} for n in range(1_000)]
    bench.receive(bad)
    run(bench)
    rejected = bench.read("licence.property-title.rejected")[0]
    assert len(json.loads(dict(rejected.headers)["hub_reasons"])) == REASONS_MAX
    assert sum(len(name) + len(value) for name, value in rejected.headers) < 20_000


def test_p1_a_message_of_another_program_that_no_verdict_topic_takes_is_rejected_with_digest_and_size(
    bench: Bench,
) -> None:
    """A broker takes 1,048,588 bytes. With the reasons, such a message would be larger, and the stage would stop."""
    large, small = b"\0" * 1_048_000, bench.receive(samples.title("a"))[0]
    bench.put(TITLE, large)
    bench.writer.commit(
        [Outgoing(TITLE, 1, b"k" * 1_000_000, small, (("ce_source", b"\xff"), ("hub_attempt", b"-1")), 5)]
    )
    bench.receive(samples.title("z"))
    run(bench)
    rejected = bench.read("licence.property-title.rejected")
    assert len(rejected) == 2 and len(bench.read("licence.property-title.verified")) == 2
    assert max(len(one.value or b"") + len(one.key or b"") for one in rejected) < 10_000 + len(small)
    envelope = wire.decode(rejected[0].value or b"")[1]
    assert (envelope["size"], envelope["digest"] is None) == (len(large), False)

"""The project stage: P2 (nothing is doubled), P3 (only what is needed is decided), and which version counts."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from hub.cases.tables import piece
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.errors import Reassigned
from hub.pipeline.project import Project
from hub.pipeline.tables import projection_offset
from hub.ports import Outgoing, SourceRow
from hub.records.tables import current, reason_tally, record
from hub.topics import cloudevents
from hub.topics.declared import LOOKUP_RECEIVED
from tests import samples
from tests.casework import House, body, drain

CURSOR = {"source": "relay", "cursor": "{}", "sealed_at_ms": 1}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def test_the_conservation_line_balances(house: House) -> None:
    house.verified(samples.title("T1"), samples.title("T2", unit_no="120101001001GB00001F00010002"))
    house.rejected(samples.title("T3", unit_no="120101001001GB00001F00010003"))
    house.verified(samples.title("T1"))
    house.received(house.seal(samples.title("T9")), source="property_title")
    house.project()
    received, verified, rejected, duplicate = house.tallies()["property_title"]
    assert (received, verified, rejected, duplicate) == (5, 2, 1, 1)
    assert [(row.code, row.verdicts) for row in house.rows(reason_tally)] == [("EXPIRED", 1)]


@pytest.mark.parametrize("late", [True, False])
def test_a_redriven_record_is_counted_once_whatever_topic_is_read_first(house: House, late: bool) -> None:
    row = house.rejected(samples.title())[0]
    if late:
        house.project()
    house.received(row, source="property_title", attempt=2)
    house.again(row, "verified", 2)
    house.project()
    assert house.tallies()["property_title"] == (1, 1, 0, 0)
    assert [one.state for one in house.rows(record)] == ["verified"]


def test_a_record_rejected_again_points_at_its_newest_rejection(house: House) -> None:
    row = house.rejected(samples.title())[0]
    house.again(row, "rejected", 2)
    house.project()
    (one,) = house.rows(record)
    assert one.offset == 1
    assert house.tallies()["property_title"] == (1, 0, 1, 0)


def test_the_version_that_counts_is_the_highest_not_the_last_to_arrive(house: House) -> None:
    newer, older = samples.title(version=7), samples.title(version=3)
    newer["status"] = "REVOKED"
    house.verified(newer)
    house.project()
    house.verified(older)
    house.project()
    assert [(row.version, row.status) for row in house.rows(current)] == [(7, "REVOKED")]


def test_a_superseded_row_of_the_same_unit_hides_no_other_row(house: House) -> None:
    old = samples.title("OLD", version=9)
    old["status"] = "SUPERSEDED"
    house.verified(samples.title("NEW", version=5), old)
    house.project()
    house.submit(body())
    house.due()
    assert [row.kind for row in house.rows(piece)] == ["registration", "licence.property-title"]


def test_p2_a_batch_is_all_or_nothing_and_another_processs_offset_fences(house: House) -> None:
    stage = Project(house.log, house.store, house.journal, "m", 500)
    assert stage.step() == 0  # it has its partitions, all at the start
    moved = {"group": "project", "topic": "licence.property-title.verified", "next": 99}
    with house.store.write() as connection:
        connection.execute(projection_offset.insert(), [moved | {"partition": n} for n in (0, 1)])
    house.verified(samples.title())
    with pytest.raises(Reassigned):
        drain(stage)
    stage.close()
    assert house.rows(record) == []


def test_contents_without_an_order_are_told_by_their_ids_and_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    logger = SimpleNamespace(warning=lambda _, **values: told.append(values))
    monkeypatch.setattr("hub.pipeline.project.log", logger)
    title = samples.title()
    rows = house.seal_rows(
        "licence.property-title",
        "property_title",
        *(SourceRow("T1", 1, raw, title) for raw in (b"one", b"two")),
        SourceRow("T1", 1, b"three", title, revision=1),
    )
    house._put("verified", rows, {}, 0)
    house.project()
    ids = sorted(row.record_id.hex() for row in rows[:2])
    assert told == [{"source": "property_title", "kind": "licence.property-title", "version": 1, "records": ids}]


def taken(*_: object) -> None:
    raise IntegrityError("", {}, Exception("UNIQUE constraint failed: record.nth"))


def test_p2_a_record_of_another_process_at_the_same_moment_is_read_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.verified(samples.title())
    stage = Project(house.log, house.store, house.journal, "m", 500)
    with monkeypatch.context() as patched, pytest.raises(Reassigned):
        patched.setattr("hub.pipeline.projection.apply", taken)
        drain(stage)
    assert drain(stage) == 2
    stage.close()


def test_p2_reading_again_after_a_restart_doubles_nothing(house: House) -> None:
    house.verified(samples.title())
    assert house.project() == 2
    assert house.project() == 0
    house.verified(samples.business())
    assert house.project() == 2
    assert house.tallies() == {"property_title": (1, 1, 0, 0), "business_licence": (1, 1, 0, 0)}


def test_p3_what_no_application_needs_is_never_decided(house: House) -> None:
    house.submit(body(site={"unit_no": "120101001001GB00001F00019999"}))
    house.verified(samples.title())
    house.project()
    assert [row.kind for row in house.rows(piece)] == ["registration"]


def test_a_record_that_arrives_by_feed_answers_who_waits_for_it(house: House) -> None:
    house.submit(body())
    house.due()
    house.verified(samples.title(), samples.business())
    house.project()
    found = [(row.piece, row.kind, row.holder_relation) for row in house.rows(piece)]
    assert sorted(kind for _, kind, _ in found) == ["licence.business", "licence.property-title", "registration"]
    assert {kind: relation for _, kind, relation in found} == {
        "registration": "NONE",
        "licence.business": "SELF",
        "licence.property-title": "CO_OWNER",
    }
    assert [piece for piece, _, _ in found] == [0, 1, 2]


@pytest.mark.parametrize("value", [b"", b"junk", wire.encode(schema_id("hub.cursor"), CURSOR)])
def test_p1_an_answer_that_another_program_wrote_stops_nothing(house: House, value: bytes) -> None:
    headers = (("ce_type", cloudevents.LOOKUP_ANSWERED),)
    house.writer.commit([Outgoing(LOOKUP_RECEIVED, 0, b"k" * 16, value, headers, house.clock.now_ms())])
    house.verified(samples.title())
    assert house.project() == 3
    assert len(house.rows(current)) == 1

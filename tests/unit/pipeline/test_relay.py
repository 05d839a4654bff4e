"""The relay: P2 (the outbox is published exactly once, in order), whatever line it dies on."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hub.crash
from hub.cases import case as cases
from hub.cases.connection.events import Submitted
from hub.cases.events import Held
from hub.cases.journal import Decided
from hub.cases.procedure import installed
from hub.errors import Fenced
from hub.pipeline.relay import Relay, RelayStage
from hub.stores.tables import outbox
from hub.topics import cloudevents
from hub.topics.cursors import watermark
from hub.topics.declared import CONNECTION_EVENTS
from tests.casework import BY, PARTITIONS, House, body


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def published(house: House) -> list[int]:
    """Outbox numbers on the topic, over all partitions."""
    records = [
        record
        for partition in range(PARTITIONS)
        for batch in house.log.scan(CONNECTION_EVENTS, partition)
        for record in batch.records
    ]
    return sorted(int(dict(record.headers)[cloudevents.SEQUENCE]) for record in records)


def submit(house: House, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        house.submit(body(f"A-{number}"))


def test_p2_every_row_is_published_once_and_forgotten_later(house: House) -> None:
    submit(house, 5)
    assert house.relay() == 5
    assert published(house) == [1, 2, 3, 4, 5]
    assert [row.seq for row in house.rows(outbox)] == [5]
    submit(house, 2, first=5)
    assert house.relay() == 2
    assert published(house) == [1, 2, 3, 4, 5, 6, 7]


def test_events_of_one_application_keep_their_order_and_their_cloud_event_headers(house: House) -> None:
    application_id = house.submit(body()).case_id
    house.applications.hold(application_id, BY)
    house.relay()
    entries = [
        (record, installed().types.read(record.value or b""))
        for topic in installed().types.topics
        for partition in range(PARTITIONS)
        for batch in house.log.scan(topic, partition)
        for record in batch.records
    ]
    assert [(type(entry.event), entry.number) for _, entry in entries] == [(Submitted, 1), (Held, 2)]
    headers = dict(entries[0][0].headers)
    assert headers["ce_type"] == b"cn.onecert.connection.submitted"
    assert headers["ce_id"] == f"{application_id.hex()}-1".encode()


def test_a_newer_relay_fences_the_older(house: House) -> None:
    submit(house, 1)
    older = Relay(house.log, house.store, house.clock, idle_s=0)
    assert house.relay() == 1
    submit(house, 1, first=1)
    with pytest.raises(Fenced):
        older.drain()
    assert house.relay() == 1
    assert published(house) == [1, 2]


def test_rows_above_a_number_that_was_never_used_are_published(house: House) -> None:
    submit(house, 1)
    with pytest.raises(RuntimeError), house.store.write() as connection:
        case_id = house.applications.find("gov-platform", "A-0") or b""
        locked = cases.lock(connection, [case_id])[case_id]
        house.journal.append(connection, [Decided(locked, [Held()], BY)])
        raise RuntimeError
    submit(house, 1, first=1)
    assert house.relay() == 2
    assert watermark(house.log) == published(house)[-1]


def test_p2_the_stage_relays_while_it_owns_the_place_and_not_after(house: House) -> None:
    submit(house, 2)
    stage = RelayStage(lambda: Relay(house.log, house.store, house.clock, idle_s=0), house.log, "one.relay")
    while len(published(house)) < 2:
        stage.step()
    heir = RelayStage(lambda: Relay(house.log, house.store, house.clock, idle_s=0), house.log, "one.relay")
    submit(house, 1, first=2)
    while len(published(house)) < 3:
        heir.step()
    with pytest.raises(Fenced):
        stage.step()
    assert published(house) == [1, 2, 3]
    stage.close()
    heir.close()


def _prepare(folder: Path) -> None:
    house = House(folder)
    submit(house, 3)
    house.close()


def _die(folder: Path, point: str) -> None:
    hub.crash._name, hub.crash._left = point, 1
    house = House(folder)
    house.relay()


def _finish(folder: Path) -> None:
    house = House(folder)
    house.relay()
    assert published(house) == [1, 2, 3]
    house.close()


def spawn(target: Any, *arguments: Any) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=target, args=arguments)
    process.start()
    process.join(60)
    return process.exitcode


@pytest.mark.parametrize("point", ["relay.read", "relay.committed"])
def test_p2_killed_at_each_point_every_row_is_published_once(tmp_path: Path, point: str) -> None:
    assert spawn(_prepare, tmp_path) == 0
    assert spawn(_die, tmp_path, point) == -9
    assert spawn(_finish, tmp_path) == 0

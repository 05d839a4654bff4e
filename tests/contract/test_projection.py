"""The tables of records on every database: the same after the same messages, whichever process brought them."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from hub.errors import Unavailable
from hub.pipeline import projection
from hub.ports import Batch
from hub.stores import bulk
from hub.stores.database import Database
from hub.stores.migrate import STORE
from tests.verdicts import TABLES, Said, dump, in_order, letters, read


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/store.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    STORE.upgrade(url)
    store = Database(url)
    yield store
    store.close()


def said_at_random(draw: Random, count: int) -> list[Said]:
    """Much about few records, on several partitions: every sort of clash."""
    found = []
    for _ in range(count):
        readable, opened = draw.random() < 0.8, draw.random() < 0.9
        found.append(
            Said(
                row=draw.randint(0, 1),
                version=draw.randint(1, 2),
                revision=draw.randint(0, 1),
                content=draw.randint(0, 2),
                reading=draw.choice((0, 0, 0, 1)),
                verified=readable and opened and draw.random() < 0.6,
                readable=readable,
                opened=opened,
                authority=draw.choice("AB"),
                source=draw.choice(("one", "two")),
                links=frozenset(draw.sample(range(1, 4), draw.randint(0, 2))),
                read_at_ms=draw.randint(1, 9),
                judged_ms=draw.randint(1, 9),
                attempt=draw.choice((1, 1, 2)),
                partition=draw.randint(0, 3),
            )
        )
    return found


@pytest.fixture
def expected() -> Any:
    """The tables after one process has read one topic after the other."""
    from sqlalchemy import create_engine

    def of(said: Sequence[Said]) -> dict[str, list[Any]]:
        with create_engine("sqlite://").connect() as connection:
            TABLES[0].metadata.create_all(connection, TABLES)
            return read(connection, in_order(said))[0]

    return of


@pytest.mark.parametrize("seed", range(3))
def test_p2_every_database_says_the_same(store: Database, expected: Any, seed: int) -> None:
    said = said_at_random(Random(seed), 60)
    for batch in in_order(said):
        _take(store, batch)
    assert _dumped(store) == expected(said)


@pytest.mark.parametrize("seed", range(6))
def test_p2_processes_that_bring_the_same_records_at_once_lose_and_double_nothing(
    store: Database, expected: Any, seed: int
) -> None:
    """A record, and contents of one version of a row, may lie on several partitions."""
    draw = Random(seed)
    said = said_at_random(draw, 80)
    queues: list[list[Batch]] = [[], []]
    for (topic, partition), records in letters(said).items():
        places = range(0, len(records), 3)
        queues[partition % 2] += [[Batch(topic, partition, records[place : place + 3])] for place in places]
    troubles: list[BaseException] = []
    threads = [threading.Thread(target=_work, args=(store, queue, troubles)) for queue in queues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert troubles == []
    assert _dumped(store) == expected(said)


def _work(store: Database, queue: Sequence[Sequence[Batch]], troubles: list[BaseException]) -> None:
    try:
        for batches in queue:
            _until_taken(store, batches)
    except BaseException as trouble:
        troubles.append(trouble)


def _until_taken(store: Database, batches: Sequence[Batch]) -> None:
    """As the stage does: what another process's transaction made impossible is tried again."""
    for _ in range(200):
        try:
            return _take(store, batches)
        except (IntegrityError, Unavailable):
            continue
    raise AssertionError("never taken")


def _take(store: Database, batches: Sequence[Batch]) -> None:
    with store.write() as connection:
        bulk.force_index(connection)
        projection.count(connection, projection.apply(connection, batches))


def _dumped(store: Database) -> dict[str, list[Any]]:
    with store.read() as connection:
        return {table.name: dump(connection, table) for table in TABLES}

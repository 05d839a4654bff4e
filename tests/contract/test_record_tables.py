"""The tables of records are the same on every database, and written and found by index from the first row on."""

import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from hub.errors import Unavailable
from hub.pipeline import projection
from hub.ports import Batch
from hub.stores import bulk
from hub.stores.database import Database
from hub.stores.migrate import STORE
from tests.verdicts import TABLES, Said, dump, expected, letters, simplified


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/store.db" if sqlite else request.getfixturevalue("postgres_url")
    STORE.upgrade(url)
    store = Database(url)
    yield store
    store.close()


def anything(chance: random.Random, rows: int = 40, contents: int = 2) -> Said:
    readable, opened = chance.random() < 0.8, chance.random() < 0.9
    return Said(
        row=chance.randrange(rows),
        version=chance.randrange(1, 4),
        revision=chance.randrange(2),
        content=chance.randrange(contents),
        reading=chance.choice([0, 0, 0, 1]),
        verified=readable and opened and chance.random() < 0.7,
        readable=readable,
        opened=opened,
        authority=chance.choice("AB"),
        source=chance.choice(["one", "two"]),
        status=chance.choice(["CURRENT", "REVOKED"]),
        links=frozenset(chance.sample(range(1, 9), chance.randrange(3))),
        read_at_ms=chance.randrange(1, 4),
        judged_ms=chance.randrange(1, 4),
        attempt=chance.choice([1, 1, 1, 2]),
        partition=chance.randrange(3),
    )


def polls(said: list[Said], chance: random.Random) -> list[list[Batch]]:
    """The messages in any order that leaves each partition's own."""
    queues = {place: list(records) for place, records in letters(said).items()}
    found: list[list[Batch]] = []
    while queues:
        poll = []
        for place in chance.sample(sorted(queues), chance.randint(1, len(queues))):
            size = chance.randint(1, 6)
            poll.append(Batch(*place, queues[place][:size]))
            queues[place] = queues[place][size:]
            if not queues[place]:
                del queues[place]
        found.append(poll)
    return found


def read_all(store: Database, found: list[list[Batch]]) -> None:
    for poll in found:
        with store.write() as connection:
            bulk.force_index(connection)
            projection.count(connection, projection.apply(connection, poll))


def scans(store: Database) -> dict[str, int]:
    """Table → how often PostgreSQL has read all of it."""
    names = [table.name for table in TABLES]
    with store.write() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    with store.read() as connection:
        query = text("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY(:names)")
        return {row.relname: row.seq_scan for row in connection.execute(query, {"names": names})}


@pytest.mark.parametrize("seed", range(3))
def test_what_was_said_decides_on_every_database(store: Database, seed: int) -> None:
    chance = random.Random(seed)
    said = [anything(chance) for _ in range(400)]
    read_all(store, polls(said, chance))
    with store.read() as connection:
        found: dict[str, Any] = {table.name: dump(connection, table) for table in TABLES}
    assert simplified(found) == expected(said)


def test_no_table_is_read_as_a_whole_from_the_first_row_on(store: Database) -> None:
    if store.embedded:
        pytest.skip("SQLite goes by the index wherever there is one")
    chance = random.Random(7)
    before = scans(store)
    read_all(store, polls([anything(chance) for _ in range(400)], chance))
    assert scans(store) == before


@pytest.mark.parametrize("seed", range(6))
def test_p2_processes_that_bring_the_same_records_at_once_lose_and_double_nothing(store: Database, seed: int) -> None:
    """A record, and the contents of one version of a row, may lie on several partitions."""
    chance = random.Random(seed)
    said = [anything(chance, rows=2, contents=5) for _ in range(120)]
    queues: list[list[list[Batch]]] = [[], []]
    for (topic, partition), records in letters(said).items():
        places = range(0, len(records), 3)
        queues[partition % 2] += [[Batch(topic, partition, records[place : place + 3])] for place in places]
    troubles: list[BaseException] = []
    threads = [threading.Thread(target=bring, args=(store, queue, troubles)) for queue in queues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert troubles == []
    with store.read() as connection:
        found: dict[str, Any] = {table.name: dump(connection, table) for table in TABLES}
    assert simplified(found) == expected(said)


def bring(store: Database, queue: Sequence[list[Batch]], troubles: list[BaseException]) -> None:
    """As a project stage does: what another process's transaction made impossible is tried again."""
    try:
        for poll in queue:
            for _ in range(200):
                try:
                    read_all(store, [poll])
                    break
                except (IntegrityError, Unavailable):
                    continue
            else:
                raise AssertionError("never written")
    except BaseException as trouble:
        troubles.append(trouble)

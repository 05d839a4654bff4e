"""The ``Store`` port's contract, on every adapter: P2 rests on it, since one transaction moves state and offsets."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from hub.errors import Misconfigured, Unavailable
from hub.pipeline.tables import projection_offset
from hub.stores import outbox
from hub.stores.database import Database
from hub.stores.migrate import STORE

ROW = {"group": "project", "topic": "t", "partition": 0, "next": 7}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    yield request.getfixturevalue("postgres_url")


@pytest.fixture
def store(url: str) -> Iterator[Database]:
    STORE.upgrade(url)
    store = Database(url)
    yield store
    store.close()


def count(store: Database) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(projection_offset)).scalar_one()


def test_p2_an_exception_rolls_the_whole_transaction_back(store: Database) -> None:
    with pytest.raises(RuntimeError), store.write() as connection:
        connection.execute(insert(projection_offset), [ROW])
        raise RuntimeError
    assert count(store) == 0


def test_a_read_is_one_snapshot(store: Database) -> None:
    with store.read() as reader:
        query = select(func.count()).select_from(projection_offset)
        assert reader.execute(query).scalar_one() == 0
        with store.write() as writer:
            writer.execute(insert(projection_offset), [ROW])
        assert reader.execute(query).scalar_one() == 0
    assert count(store) == 1


def test_writers_take_turns(store: Database) -> None:
    def add(partition: int) -> None:
        for step in range(10):
            with store.write() as connection:
                connection.execute(insert(projection_offset), [{**ROW, "partition": partition * 100 + step}])

    threads = [threading.Thread(target=add, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(store) == 60


def test_a_missing_table_is_the_operators_and_a_missing_folder_is_made(tmp_path: Path) -> None:
    store = Database(f"sqlite:///{tmp_path}/new/store.db")
    with pytest.raises(Misconfigured, match="no such table"):
        count(store)


@pytest.mark.parametrize("bad", ["mysql://host/db", "sqlite://", "no url"])
def test_other_urls_are_refused(bad: str) -> None:
    with pytest.raises(Misconfigured):
        Database(bad)


def test_a_database_that_is_away_is_unavailable_and_says_no_secret() -> None:
    store = Database("postgresql://user:secret-word@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises(Unavailable) as caught, store.read():
        pass
    assert "secret-word" not in str(caught.value)


def message(number: int) -> outbox.Message:
    return outbox.Message("t", b"k", str(number).encode(), {"ce_id": str(number)}, number)


def settled(store: Database) -> int:
    """The horizon up to which every number is decided, 0 while one is not."""
    with store.read() as connection:
        highest = outbox.allocated(connection)
    with store.read() as connection:
        started = outbox.started(connection)
    with store.read() as connection:
        return highest if outbox.finished(connection) >= started else 0


def test_the_outbox_gives_back_what_was_put_in_order_and_keeps_the_newest(store: Database) -> None:
    with store.write() as connection:
        outbox.put(connection, [message(1), message(2), message(3)])
    with store.write() as connection:
        found = outbox.after(connection, 1, settled(store), 10)
        assert [(row.seq, row.message) for row in found] == [(2, message(2)), (3, message(3))]
        assert outbox.forget(connection, outbox.Published(3, 3)) == 2
    with store.read() as connection:
        assert [row.seq for row in outbox.after(connection, 0, 99, 10)] == [3]
        assert outbox.allocated(connection) == 3


def test_p2_a_number_that_may_still_become_visible_holds_the_horizon_back(store: Database) -> None:
    if store.embedded:
        pytest.skip("SQLite has one writer: numbers become visible in order")
    with store.write() as early:
        outbox.put(early, [message(1)])
        with store.write() as late:
            outbox.put(late, [message(2)])
        assert settled(store) == 0
    assert settled(store) == 2


def test_p2_nor_does_it_pass_the_number_of_the_newest_transaction(store: Database) -> None:
    if store.embedded:
        pytest.skip("SQLite has one writer: numbers become visible in order")
    assert settled_beside_the_newest(store) == 0
    assert settled(store) == 2


def test_p2_a_horizon_that_ends_with_a_snapshot_is_found_out(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's snapshots end at the newest transaction that has ended: a newer one that runs is not in them."""
    if store.embedded:
        pytest.skip("SQLite has one writer: numbers become visible in order")
    upper = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
    monkeypatch.setattr(outbox, "started", lambda connection: int(connection.execute(upper).scalar_one()))
    assert settled_beside_the_newest(store) == 2


def settled_beside_the_newest(store: Database) -> int:
    """The horizon while the newest transaction runs and has the lowest number."""
    with ExitStack() as older:
        late = older.enter_context(store.write())
        late.execute(text("SELECT pg_current_xact_id()"))
        with store.write() as early:
            outbox.put(early, [message(1)])
            outbox.put(late, [message(2)])
            older.close()
            return settled(store)


def test_numbers_go_on_above_those_on_the_log(store: Database) -> None:
    with store.write() as connection:
        outbox.go_on_after(connection, 41)
    with store.write() as connection:
        outbox.put(connection, [message(1)])
    with store.read() as connection:
        assert outbox.allocated(connection) == 42

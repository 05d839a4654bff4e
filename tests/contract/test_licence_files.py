"""The files of licences are the same on every database: their bytes, who fetches them, and what evidence says of them
whoever comes first (P2)."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from hub.cases.by import By
from hub.delivery import claims, sending
from hub.delivery.claims import Claimed, Claims, let_go
from hub.delivery.filed import WAIT_S
from hub.delivery.files import rows
from hub.delivery.files.rows import Wanted
from hub.ports import Fetched, Store
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from hub.records.files.licence import FILE_BYTES_MAX, PDF
from tests import filing, samples
from tests.casework import ConnectionSystem, House, body
from tests.filing import SOURCE, Giving

SINK = "utility_crm"
REFERENCES = References(MasterKey(bytes(32)), SINK)
DEADLINE_S = 30.0
WHOLE = {"mediaType", "size", "digest", "href"}
BLOCKED = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A case that is registered, with evidence that does not wait for its file any more."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    house = House(tmp_path, url=url, filing=frozenset({SOURCE}))
    house.verified(samples.title(), samples.business())
    house.project()
    house.submit(body())
    house.due()
    house.deliver(ConnectionSystem())
    house.clock.pass_s(WAIT_S + 1)
    yield house
    house.close()


def take(house: House) -> list[Claimed]:
    """The evidence that an instance may send now."""
    claimed = Claims(house.store, SINK, "hub-1").claim(8, house.clock.process_ms())
    let_go([one.key for one in claimed])
    return [one for one in claimed if one.piece.kind == "licence.business"]


def said(house: House, claimed: Claimed) -> Any:
    with house.store.read() as connection:
        return sending.body(house.journal, house.opener, REFERENCES, connection, claimed)["file"]


def begun(work: Callable[[], object]) -> threading.Thread:
    """Another process, as far as the database can tell."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def ended(thread: threading.Thread) -> None:
    thread.join(DEADLINE_S)
    assert not thread.is_alive()


def test_the_largest_file_comes_back_byte_for_byte(house: House) -> None:
    content = b"%PDF-1.7\n" + random.Random(1).randbytes(FILE_BYTES_MAX - 14) + b"%%EOF"
    assert len(content) == FILE_BYTES_MAX
    filing.fetch(house, Giving(lambda: Fetched(content)))
    (claimed,) = take(house)
    given = filing.files(house).give(SINK, REFERENCES.delivery_id(*claimed.key), By("token:1", "crm"))
    assert (given.content, given.media_type) == (content, PDF)
    house.verified(samples.business(version=2) | {"status": "REVOKED"})
    house.project()
    filing.fetch(house, Giving())
    assert (filing.row(house).state, filing.row(house).sealed) == ("erased", None)


class Together:
    """A store whose writes begin when so many threads want to write."""

    def __init__(self, store: Store, threads: int) -> None:
        self._store = store
        self._all = threading.Barrier(threads, timeout=DEADLINE_S)

    def read(self) -> AbstractContextManager[Connection]:
        return self._store.read()

    def write(self) -> AbstractContextManager[Connection]:
        self._all.wait()
        return self._store.write()

    def close(self) -> None: ...


def test_p2_of_two_that_see_the_same_file_due_one_fetches_it(house: House) -> None:
    wanted, found = Wanted(Together(house.store, 2), house.clock, SOURCE), []
    for thread in [begun(lambda: found.append(wanted.take(60))) for _ in range(2)]:
        ended(thread)
    assert sorted(one is None for one in found) == [False, True]


def test_p2_evidence_that_is_taken_while_its_file_is_settled_says_the_same_ever_after(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[Claimed, Any]] = []
    others: list[threading.Thread] = []

    def send() -> None:
        taken.extend((one, said(house, one)) for one in take(house))

    def before_the_commit(point: str) -> None:
        if point == "file.settled":
            others.append(begun(send))
            if not house.store.embedded:  # SQLite has one writer: the other one waits
                ended(others[0])

    monkeypatch.setattr(rows, "crash_point", before_the_commit)
    filing.fetch(house, Giving())
    ended(others[0])
    send()
    ((claimed, first),) = taken
    assert first == said(house, claimed)
    assert first.keys() == WHOLE


def test_p2_a_file_that_comes_while_its_evidence_is_taken_changes_nothing_that_is_said(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[threading.Thread] = []
    original = claims._set

    def before_the_commit(*given: Any, **values: Any) -> None:
        others.append(begun(lambda: filing.fetch(house, Giving())))
        if not house.store.embedded:
            waits_or_ended(house, others[0])
        original(*given, **values)

    monkeypatch.setattr(claims, "_set", before_the_commit)
    (claimed,) = take(house)
    ended(others[0])
    assert filing.row(house).state == "stored"
    assert said(house, claimed).keys() == {"href"}


def waits_or_ended(house: House, thread: threading.Thread) -> None:
    """Until another transaction waits for a lock of this one, or needs none."""
    until_s = time.monotonic() + DEADLINE_S
    while thread.is_alive() and time.monotonic() < until_s:
        with house.store.read() as connection:
            if connection.execute(BLOCKED).scalar_one():
                return
        time.sleep(0.01)

"""The ``KeyVault`` port's contract, on every adapter: P5 (nothing personal lies open; a subject can be erased) and P2
(the same one gets the same id)."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import OperationalError

from hub.errors import Misconfigured, TamperDetected, Unavailable
from hub.ports import DAMAGED
from hub.privacy.tables import data_key, identity
from hub.privacy.vault import DatabaseVault, MasterKey
from hub.stores.database import Database
from tests.clocks import HandClock

NUMBER = "360426199101010071"
PERSON = ("person", NUMBER)
OTHER = ("enterprise", "600037341")
NOBODY = bytes(16)
Open = Callable[..., DatabaseVault]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/vault.db"
        return
    yield request.getfixturevalue("postgres_url")


@pytest.fixture
def opened(url: str) -> Iterator[Open]:
    """Opens the vault as another process would: with a cache and connections of its own."""
    vaults: list[DatabaseVault] = []

    def another(key: bytes = bytes(32), clock: HandClock | None = None) -> DatabaseVault:
        vaults.append(DatabaseVault(Database(url), MasterKey(key), clock or HandClock()))
        return vaults[-1]

    yield another
    for vault in vaults:
        vault.close()


@pytest.fixture
def vault(opened: Open) -> DatabaseVault:
    vault = opened()
    vault.prepare()
    return vault


def database(vault: DatabaseVault) -> Database:
    assert isinstance(vault._store, Database)
    return vault._store


def rows(vault: DatabaseVault, table: Any) -> int:
    with vault._store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


# ---- identities ----------------------------------------------------------------------------------------------------


def test_p2_the_same_identity_has_one_id_in_every_process(vault: DatabaseVault, opened: Open) -> None:
    first = vault.identify([PERSON, ("person", "x"), PERSON])
    assert first[0] == first[2] != first[1]
    assert opened().identify([("person", "y"), PERSON])[1] == first[0]
    assert vault.identify([("enterprise", NUMBER)]) != [first[0]]
    assert rows(vault, identity) == 4


def test_find_makes_nothing(vault: DatabaseVault, opened: Open) -> None:
    assert vault.find([PERSON, OTHER]) == [None, None]
    (other,) = vault.identify([OTHER])
    assert vault.find([PERSON, OTHER, PERSON]) == [None, other, None]
    assert opened().find([OTHER, PERSON]) == [other, None]
    assert rows(vault, identity) == 1


def test_an_empty_call_gives_an_empty_list(vault: DatabaseVault) -> None:
    assert vault.identify([]) == vault.find([]) == vault.keys([]) == vault.open_keys([]) == []


def test_an_id_is_the_second_in_which_it_was_drawn_and_random_bytes(opened: Open) -> None:
    clock = HandClock(speed=1_000)
    vault = opened(clock=clock)
    vault.prepare()
    clock.pass_s(60)
    drawn = vault.identify([("person", str(n)) for n in range(2_000)])
    assert {len(one) for one in drawn} == {16}
    assert {int.from_bytes(one[:4], "big") for one in drawn} == {clock.process_ms() // 1000}
    assert len({one[4:] for one in drawn}) == 2_000
    assert len({one[-1] for one in drawn}) > 230  # the partition is told from the last bytes
    clock.pass_s(1)
    assert vault.identify([PERSON])[0][:4] > drawn[0][:4]


# ---- keys ----------------------------------------------------------------------------------------------------------


def test_a_key_is_made_once_and_is_the_same_in_every_process(vault: DatabaseVault, opened: Open) -> None:
    ids = vault.identify([PERSON, OTHER])
    assert vault.open_keys(ids) == [None, None]
    keys = vault.keys([*ids, ids[0]])
    assert [len(key) for key in keys if isinstance(key, bytes)] == [32, 32, 32]
    assert keys[0] == keys[2] != keys[1]
    assert vault.keys(ids) == vault.open_keys(ids) == keys[:2]
    assert opened().keys(ids) == opened().open_keys(ids) == keys[:2]


def test_p5_no_key_is_made_for_an_id_that_no_identity_leads_to(vault: DatabaseVault) -> None:
    (person,) = vault.identify([PERSON])
    none, key = vault.keys([NOBODY, person])
    assert none is None
    assert isinstance(key, bytes)
    assert rows(vault, data_key) == 1


def test_several_identities_may_lead_to_one_id(vault: DatabaseVault) -> None:
    (person,) = vault.identify([PERSON])
    with vault._store.write() as connection:
        connection.execute(insert(identity), [{"hmac": vault._hmac(*OTHER), "id": person}])
    assert vault.find([OTHER]) == [person]
    assert isinstance(vault.keys([person])[0], bytes)
    assert vault.erase(person)
    assert vault.find([PERSON, OTHER]) == [None, None]


def damage(vault: DatabaseVault, one: bytes, wrapped: bytes) -> bytes:
    """Change the stored key of an id; returns what it was."""
    with vault._store.write() as connection:
        before = connection.execute(select(data_key.c.wrapped).where(data_key.c.id == one)).scalar_one()
        connection.execute(update(data_key).where(data_key.c.id == one).values(wrapped=wrapped))
    return bytes(before)


@pytest.mark.parametrize("wrapped", [b"", b"short", bytes(60)])
def test_p5_a_damaged_key_is_told_beside_its_neighbours_and_is_not_replaced(
    vault: DatabaseVault, opened: Open, wrapped: bytes
) -> None:
    ids = vault.identify([PERSON, OTHER])
    keys = vault.keys(ids)
    before = damage(vault, ids[0], wrapped)
    other = opened()
    assert other.open_keys([*ids, NOBODY]) == [DAMAGED, keys[1], None]
    assert other.keys([*ids, NOBODY]) == [DAMAGED, keys[1], None]
    damage(vault, ids[0], before)
    assert other.keys(ids) == keys


def test_p5_a_key_that_was_put_under_another_id_does_not_open(vault: DatabaseVault, opened: Open) -> None:
    ids = vault.identify([PERSON, OTHER])
    vault.keys(ids)
    with vault._store.read() as connection:
        wrapped = connection.execute(select(data_key.c.wrapped).where(data_key.c.id == ids[1])).scalar_one()
    damage(vault, ids[0], bytes(wrapped))
    assert opened().open_keys(ids)[0] is DAMAGED


# ---- erasing -------------------------------------------------------------------------------------------------------


def test_p5_an_erased_id_has_no_key_and_gets_none(vault: DatabaseVault) -> None:
    ids = vault.identify([PERSON, OTHER])
    keys = vault.keys(ids)
    assert vault.erase(ids[0])
    assert vault.keys(ids) == vault.open_keys(ids) == [None, keys[1]]
    assert vault.find([PERSON]) == [None]
    assert vault.identify([PERSON])[0] not in ids
    assert vault.keys(ids) == [None, keys[1]]
    assert not vault.erase(ids[0])
    assert not vault.erase(NOBODY)


def test_p5_many_ids_are_erased_together_and_each_key_and_identity_is_counted(vault: DatabaseVault) -> None:
    ids = vault.identify([PERSON, OTHER])
    vault.keys(ids[:1])
    assert vault.erase_all([*ids, NOBODY]) == 3
    assert vault.open_keys(ids) == vault.find([PERSON, OTHER]) == [None, None]
    assert vault.erase_all(ids) == 0


def test_p5_erasing_reaches_every_process_that_has_it_cached(vault: DatabaseVault, opened: Open) -> None:
    (person,) = vault.identify([PERSON])
    (key,) = vault.keys([person])
    others = [opened(), opened()]
    for other in others:
        assert other.identify([PERSON]) == [person]
        assert other.open_keys([person]) == [key]
    assert vault.erase(person)
    assert [other.open_keys([person]) for other in others] == [[None], [None]]
    assert [other.keys([person]) for other in others] == [[None], [None]]
    assert others[0].find([PERSON]) == [None]
    (again,) = others[1].identify([PERSON])
    assert again != person
    assert others[0].identify([PERSON]) == [again]


def test_p5_what_a_snapshot_saw_before_an_erasure_is_not_cached_after_it(vault: DatabaseVault, opened: Open) -> None:
    """One thread looks up while another erases and a third sees that."""
    (person,) = vault.identify([PERSON])
    vault.keys([person])
    slow, eraser = opened(), opened()
    store = database(slow)
    read = store.read

    @contextmanager
    def interrupted() -> Iterator[Connection]:
        with read() as connection:
            connection.execute(text("SELECT erasures FROM vault_epoch"))  # the snapshot begins here
            store.read = read  # type: ignore[method-assign]
            eraser.erase(person)
            slow.find([OTHER])
            yield connection

    store.read = interrupted  # type: ignore[method-assign]
    assert slow.open_keys([person]) != [None]  # it began before
    assert slow.open_keys([person]) == [None]


def test_p5_a_key_that_is_asked_for_while_its_subject_is_erased_is_not_left_behind(
    vault: DatabaseVault, opened: Open
) -> None:
    ids = vault.identify([("person", str(n)) for n in range(60)])
    asker, eraser = opened(), opened()

    def ask() -> None:
        for one in ids:
            asker.keys([one])

    def erase() -> None:
        for one in ids:
            eraser.erase(one)

    in_threads(ask, erase)
    assert vault.open_keys(ids) == [None] * len(ids)
    assert rows(vault, data_key) == rows(vault, identity) == 0


# ---- several at once -----------------------------------------------------------------------------------------------


def in_threads(*works: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_p2_threads_that_meet_the_same_newcomers_agree(vault: DatabaseVault, opened: Open) -> None:
    """Some share a vault, all ask in another order."""
    people = [("person", f"n{n}") for n in range(500)]
    answers: list[dict[tuple[str, str], tuple[bytes, Any]]] = []

    def work(one: DatabaseVault, turned: int) -> Callable[[], None]:
        def ask() -> None:
            mine = people[turned:] + people[:turned]
            ids = one.identify(mine)
            answers.append(dict(zip(mine, zip(ids, one.keys(ids), strict=True), strict=True)))

        return ask

    vaults = [vault, vault, opened(), opened()]
    in_threads(*(work(one, turned * 100) for turned, one in enumerate(vaults)))
    assert len(answers) == 4
    assert all(answer == answers[0] for answer in answers)
    assert all(isinstance(key, bytes) for _, key in answers[0].values())
    assert rows(vault, identity) == rows(vault, data_key) == 500


_PROCESS = """
import sys
from hub.privacy.vault import DatabaseVault, MasterKey
from hub.stores.database import Database
from tests.clocks import HandClock
import json
vault = DatabaseVault(Database(sys.argv[1]), MasterKey(bytes(32)), HandClock())
vault.prepare()
people = [("person", str(n)) for n in range(400)]
if sys.argv[2] == "backwards":
    people.reverse()
print("ready", flush=True)
sys.stdin.readline()
found = {}
for start in range(0, 400, 40):
    some = people[start : start + 40]
    ids = vault.identify(some)
    found.update((name, [one.hex(), key.hex()]) for (_, name), one, key in zip(some, ids, vault.keys(ids)))
print(json.dumps(found))
"""


def test_p2_two_processes_that_meet_the_same_newcomers_agree(url: str, vault: DatabaseVault) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, url, way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for way in ("forwards", "backwards")
    ]
    for process in started:
        assert process.stdout and process.stdout.readline() == "ready\n"
    answers = []
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        answers.append(json.loads(process.communicate(timeout=60)[0]))
    assert answers[0] == answers[1]
    assert rows(vault, identity) == rows(vault, data_key) == 400


@pytest.mark.slow
def test_p5_a_hundred_thousand_cold_subjects_in_batches(vault: DatabaseVault, opened: Open) -> None:
    people = [("person", str(n)) for n in range(100_000)]
    ids = [one for start in range(0, len(people), 2_000) for one in vault.identify(people[start : start + 2_000])]
    keys = vault.keys(ids)
    cold = opened()
    assert cold.identify(people) == ids
    assert cold.open_keys(ids) == keys


# ---- what goes wrong -----------------------------------------------------------------------------------------------


def test_p2_another_master_key_is_refused_before_anyone_gets_a_second_identity(
    vault: DatabaseVault, opened: Open
) -> None:
    (person,) = vault.identify([PERSON])
    other = opened(b"\1" * 32)
    with pytest.raises(TamperDetected, match="not this vault's"):
        other.prepare()
    for call in (lambda: other.identify([PERSON]), lambda: other.find([PERSON]), lambda: other.keys([person])):
        with pytest.raises(TamperDetected, match="not this vault's"):
            call()
    assert rows(vault, identity) == 1


def test_a_vault_that_was_not_prepared_says_so(opened: Open) -> None:
    vault = opened()
    with pytest.raises(Misconfigured, match="migrate"):
        vault.identify([PERSON])
    with pytest.raises(Misconfigured, match="the vault is at revision None"):
        vault.revision()
    vault.prepare()
    vault.prepare()
    assert vault.revision() == "0001"
    assert len(vault.identify([PERSON])) == 1


def test_p2_what_was_not_made_durable_is_not_cached(vault: DatabaseVault, monkeypatch: pytest.MonkeyPatch) -> None:
    store = database(vault)
    write = store.write

    @contextmanager
    def refused() -> Iterator[Connection]:
        try:
            with write() as connection:
                yield connection
                raise OperationalError("COMMIT", None, Exception("away"))
        except OperationalError as error:
            raise Unavailable("away") from error

    with monkeypatch.context() as broken:
        broken.setattr(store, "write", refused)
        with pytest.raises(Unavailable):
            vault.identify([PERSON])
    assert vault.find([PERSON]) == [None]
    (person,) = vault.identify([PERSON])
    with monkeypatch.context() as broken:
        broken.setattr(store, "write", refused)
        with pytest.raises(Unavailable):
            vault.keys([person])
    assert vault.open_keys([person]) == [None]


def test_p5_the_tables_hold_neither_identifier_nor_key(vault: DatabaseVault) -> None:
    ids = vault.identify([PERSON])
    (key,) = vault.keys(ids)
    assert isinstance(key, bytes)
    with vault._store.read() as connection:
        stored = b"".join(
            bytes(value) for table in (identity, data_key) for row in connection.execute(select(table)) for value in row
        )
    assert NUMBER.encode() not in stored
    assert key not in stored


def test_no_table_is_read_as_a_whole_from_the_first_row_on(vault: DatabaseVault) -> None:
    if database(vault).embedded:
        pytest.skip("SQLite goes by the index wherever there is one")

    def scans() -> dict[str, int]:
        with vault._store.write() as connection:
            connection.execute(text("SELECT pg_stat_force_next_flush()"))
        with vault._store.read() as connection:
            query = text("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN ('identity', 'data_key')")
            return {row.relname: row.seq_scan for row in connection.execute(query)}

    before = scans()
    for turn in range(30):
        ids = vault.identify([("person", str(turn * 10 + number)) for number in range(20)])
        vault.keys(ids)
        vault.open_keys([*ids, NOBODY])
    assert scans() == before

"""Positions on the log: each belongs to one log and one database, and continuing on others is refused (P1, P2)."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, text

from hub.cli import cli
from hub.errors import HubError, Misconfigured
from hub.ingest.seen import StoredSeen
from hub.ingest.tables import source_row
from hub.pipeline.positions import check_outbox, check_places, read_places, restore
from hub.ports import Outgoing, SourceRow
from hub.records.tables import record
from hub.stores import outbox
from hub.stores.tables import outbox as outbox_rows
from hub.topics import cursors
from tests import samples
from tests.casework import PARTITIONS, ConnectionSystem, House, body

UNIT = "120101001001GB00001F0001{:04d}"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def titles(house: House, first: int, count: int) -> None:
    house.verified(*(samples.title(f"T{n}", unit_no=UNIT.format(n)) for n in range(first, first + count)))
    house.project()


def copied(house: House, name: str) -> Path:
    """A backup of one file of the house."""
    file = house.folder / f"{name}.backup"
    with closing(sqlite3.connect(house.folder / f"{name}.db")) as live, closing(sqlite3.connect(file)) as copy:
        live.backup(copy)
    return file


def put_back(house: House, name: str, backup: Path) -> House:
    """The house after an operator has restored one file, and nothing else."""
    house.close()
    for file in house.folder.glob(f"{name}.db*"):
        file.unlink()
    shutil.copy(backup, house.folder / f"{name}.db")
    return House(house.folder, clock=house.clock)


def hub(house: House, *arguments: str) -> tuple[int, str]:
    """A command of the hub on the files of the house, which must be closed: exit code and what it says."""
    folder = house.folder
    (folder / "master.key").write_bytes(bytes(32))
    (folder / "master.key").chmod(0o600)
    (folder / "hub.toml").write_text(
        f'partitions = {PARTITIONS}\nmaster_key_file = "master.key"\n'
        + "".join(f'{what}_url = "sqlite:///{what}.db"\n' for what in ("log", "store", "vault"))
    )
    result = CliRunner().invoke(cli, ["--config", str(folder / "hub.toml"), *arguments])
    if isinstance(result.exception, HubError):
        return result.exception.exit_code, str(result.exception)
    return result.exit_code, " ".join(result.output.split())


# ---- the log is older than the tables ------------------------------------------------------------------------------


def older_log(house: House) -> House:
    titles(house, 0, 20)
    backup = copied(house, "log")
    titles(house, 20, 30)
    return put_back(house, "log", backup)


def test_p1_an_older_log_under_newer_tables_is_refused_and_told(house: House) -> None:
    house = older_log(house)
    house.close()
    for command, code in (("doctor", 1), ("run", 78)):
        found, told = hub(house, command)
        assert found == code, told
        assert "this log is older" in told and "hub rebuild --replace" in told


def test_p1_the_stage_refuses_too_and_no_new_record_is_skipped(house: House) -> None:
    """Without the check, the records of offsets that the tables have are passed over without a word."""
    house = older_log(house)
    for _ in range(2):  # and again, after the log has grown
        with pytest.raises(Misconfigured, match="project has read"):
            titles(house, 100, 20)


def test_p1_a_log_that_grew_past_the_position_is_another_log_all_the_same(house: House) -> None:
    house = older_log(house)
    house.verified(*(samples.title(f"N{n}", unit_no=UNIT.format(500 + n)) for n in range(90)))
    with house.store.read() as connection:
        places = read_places(connection)
    with pytest.raises(Misconfigured, match="another record is there"):
        check_places(house.log, "project", places)


def test_p1_a_rebuild_goes_back_to_what_the_log_has_and_the_source_sends_the_rest_again(house: House) -> None:
    seen = StoredSeen(house.store, b"k" * 32)
    rows = [SourceRow(f"T{n}", 1, b"raw", samples.title(f"T{n}", unit_no=UNIT.format(n))) for n in range(50)]
    house = older_log(house)
    seen = StoredSeen(house.store, b"k" * 32)
    with house.store.read() as connection:
        known = [bytes(row.record_id) for row in connection.execute(record.select())]
    marks = [
        mark._replace(record_id=one) for mark, one in zip(seen.news("property_title", rows).marks, known, strict=True)
    ]
    seen.remember("property_title", marks)
    house.close()
    assert hub(house, "rebuild", "--replace")[0] == 1  # it names the rows that the log does not have
    house = House(house.folder, clock=house.clock)
    assert len(house.rows(record)) == len(house.rows(source_row)) == 20
    titles(house, 20, 30)
    assert len(house.rows(record)) == 50
    house.close()
    assert hub(house, "rebuild", "--check")[0] == 0
    assert "may be written" in hub(house, "doctor")[1]


def test_p1_an_outbox_that_was_published_to_a_newer_log_is_refused(house: House) -> None:
    house.submit(body("ONE"))
    house.relay()
    backup = copied(house, "log")
    house.submit(body("TWO"))
    house.relay()
    house = put_back(house, "log", backup)
    with pytest.raises(Misconfigured, match="the log is behind the tables"):
        house.relay()


# ---- the tables are older than the log -----------------------------------------------------------------------------


def lost_commits(house: House, ahead: Callable[[House], None]) -> House:
    """A standby is promoted that lacks the last commits; its numbers are ahead, as PostgreSQL's are."""
    house.submit(body("ONE"))
    house.relay()
    backup = copied(house, "store")
    house.submit(body("TWO"))
    house.relay()
    house = put_back(house, "store", backup)
    ahead(house)
    return house


def number_ahead(house: House) -> None:
    with house.store.write() as connection:
        outbox.go_on_after(connection, 32)


def works_on(house: House) -> None:
    """It even took an application before anything was checked."""
    number_ahead(house)
    house.submit(body("THREE"))


@pytest.mark.parametrize("ahead", [number_ahead, works_on])
def test_p2_tables_without_the_last_commits_are_refused_although_their_numbers_are_ahead(
    house: House, ahead: Callable[[House], None]
) -> None:
    """Otherwise the lost application, submitted again, is registered twice."""
    house = lost_commits(house, ahead)
    with pytest.raises(Misconfigured, match="tables are behind the log"):
        house.relay()
    house.close()
    assert hub(house, "run")[0] == 78


def test_p2_after_a_rebuild_the_lost_application_is_there_and_registered_once(house: House) -> None:
    sink = ConnectionSystem()
    house.submit(body("ONE"))
    house.relay()
    backup = copied(house, "store")
    house.submit(body("TWO"))
    house.due()
    house.deliver(sink)
    house.relay()
    house = put_back(house, "store", backup)
    number_ahead(house)
    house.close()
    hub(house, "rebuild", "--replace")
    house = House(house.folder, clock=house.clock)
    again = house.submit(body("TWO"))
    house.deliver(sink)
    assert again.case_id == house.applications.find("gov-platform", "TWO")
    assert {len(effects) for effects in sink.effects.values()} == {1}
    house.relay()


def test_p2_a_row_that_only_looks_published_is_found_by_the_count(house: House) -> None:
    """Of two messages the older one commits later. A standby may have the newer one alone."""
    house.submit(body("ONE"))
    house.relay()
    house.submit(body("TWO"))
    house.submit(body("THREE"))
    with house.store.read() as connection:
        since = outbox.remembered(connection)
        assert since is not None
        first = outbox.after(connection, since.seq, 1_000, 1)[0].seq
    backup = copied(house, "store")
    house.relay()
    house = put_back(house, "store", backup)
    with house.store.write() as connection:
        connection.execute(delete(outbox_rows).where(outbox_rows.c.seq == first))
    with pytest.raises(Misconfigured, match="tables are behind the log"):
        check_outbox(house.store, house.log)


def test_p2_the_relay_sees_lost_commits_while_it_runs(house: House) -> None:
    from hub.pipeline.relay import Relay

    house.submit(body("ONE"))
    relay = Relay(house.log, house.store, house.clock, idle_s=0)
    relay.drain()
    with house.store.write() as connection:
        connection.execute(delete(outbox_rows))
        number_row = {"topic": "x", "key": b"", "value": b"", "headers": "{}", "timestamp_ms": 0}
        connection.execute(outbox_rows.insert(), [number_row])
        connection.execute(text("UPDATE outbox_published SET seq = 0, total = 0"))
    with pytest.raises(Misconfigured, match="tables are behind the log"):
        relay.step()
    relay.close()


def test_p2_a_relay_of_the_version_before_may_take_turns_with_this_one(house: House, monkeypatch: Any) -> None:
    """Hubs of two versions share the work: the older one counts nothing, and its places are no contradiction."""
    from hub.pipeline import relay

    def uncounted(place: outbox.Published, partitions: int, now_ms: int) -> Outgoing:
        return relay_cursor(place._replace(total=None), partitions, now_ms)

    relay_cursor = relay._cursor
    for number, older in enumerate((False, True, False, True, True, False)):
        with monkeypatch.context() as patched:
            if older:
                patched.setattr(relay, "_cursor", uncounted)
                patched.setattr(outbox, "remember", lambda *_: None)
                patched.setattr(outbox, "holds", lambda *_: True)
            house.submit(body(f"A{number}"))
            assert house.relay() == 1
            check_outbox(house.store, house.log)


# ---- positions of consumer groups ----------------------------------------------------------------------------------


def read_on(house: House, count: int) -> None:
    """A group that reads a topic, and commits its positions as verify does."""
    member = house.log.join("verify", ["licence.business.received"], "m")
    taken = 0
    while taken < count and (batches := member.poll(10, 0.1)):
        taken += sum(len(batch.records) for batch in batches)
        output = [Outgoing("licence.business.verified", 0, b"k", b"v", (), 1)]
        member.commit([*output, *cursors.position_messages("verify", batches, 0)])
    member.close()


def test_p2_positions_that_the_log_has_forgotten_are_restored_from_its_own_record(house: House) -> None:
    house.fill("licence.business.received", 25)
    read_on(house, 25)
    expire(house)
    restore(house.log, "verify", ["licence.business.verified"])
    assert house.log.committed("verify") == {("licence.business.received", 0): 25}


def expire(house: House) -> None:
    """What a broker does with the positions of a group that was empty for a week."""
    with sqlite3.connect(house.folder / "log.db") as connection:
        connection.execute("DELETE FROM group_offset")
    connection.close()


def test_p2_positions_that_nothing_recorded_are_refused_beside_output(house: House) -> None:
    house.fill("licence.business.received", 5)
    restore(house.log, "verify", ["licence.business.verified"])  # no output yet: the first start
    house.fill("licence.business.verified", 5)
    with pytest.raises(Misconfigured, match="positions of group verify are missing"):
        restore(house.log, "verify", ["licence.business.verified"])


def test_p1_a_position_past_the_end_of_its_topic_is_refused(house: House) -> None:
    house.log.reset("verify", {("licence.business.received", 0): 9})
    with pytest.raises(Misconfigured, match=r"verify has read licence.business.received/0 up to 9.*ends at 0"):
        restore(house.log, "verify", ["licence.business.verified"])

"""The memory of rows: repeats, unchanged rows of a reload, vanished ones; and nothing personal in it."""

import sqlite3
from pathlib import Path

import pytest

from hub.ingest.seen import StoredSeen
from hub.ports import SourceRow
from hub.stores.database import Database
from tests import samples

SOURCE = "property_title"


def row(key: str, version: int, raw: bytes = b"same", operation: str = "UPSERT") -> SourceRow:
    record = samples.title(key, version)
    record["source"]["operation"] = operation
    return SourceRow(key, version, raw, record)


@pytest.fixture
def seen(store: Database) -> StoredSeen:
    return StoredSeen(store, bytes(32))


def learn(seen: StoredSeen, *rows: SourceRow) -> list[str]:
    """Take rows as a feed does; the keys of what was new."""
    news = seen.news(SOURCE, rows)
    seen.remember(SOURCE, [*news.marks, *news.unchanged])
    return [row.key for row in news.rows]


def test_a_repeat_an_older_and_an_unchanged_row_are_no_news(seen: StoredSeen) -> None:
    assert learn(seen, row("A", 5)) == ["A"]
    assert learn(seen, row("A", 5), row("A", 4, b"older"), row("A", 6)) == []
    assert learn(seen, row("A", 7, b"changed")) == ["A"]


def test_p1_other_content_under_the_same_version_is_news(seen: StoredSeen) -> None:
    learn(seen, row("A", 5))
    assert learn(seen, row("A", 5, b"other")) == ["A"]
    assert learn(seen, row("A", 5, b"other"), row("A", 4)) == []
    assert learn(seen, row("A", 5)) == ["A"]  # the source took the change back: its first content counts again


def test_p1_other_content_of_a_row_that_is_overwritten_is_newer_also_under_a_lower_version(seen: StoredSeen) -> None:
    """The source's clock was ahead, and set back."""
    learn(seen, row("A", 50))
    news = seen.news(SOURCE, [row("A", 40, b"newer"), row("B", 1)], in_place=True)
    assert [(one.key, one.version, one.record and one.record["source"]["version"]) for one in news.rows] == [
        ("A", 50, 50),
        ("B", 1, 1),
    ]
    seen.remember(SOURCE, news.marks)
    assert seen.news(SOURCE, [row("A", 40, b"newer"), row("A", 41, b"newer")], in_place=True) == ([], [], [])
    assert [one.version for one in seen.news(SOURCE, [row("A", 60, b"newest")], in_place=True).rows] == [60]


def test_what_comes_twice_on_one_page_is_new_once(seen: StoredSeen) -> None:
    assert learn(seen, row("A", 5), row("A", 5), row("A", 6, b"changed")) == ["A", "A"]


def test_until_it_is_remembered_a_row_is_new(seen: StoredSeen) -> None:
    """P1: dying before that costs a repeat, never a row."""
    seen.news(SOURCE, [row("A", 1)])
    assert learn(seen, row("A", 1)) == ["A"]


def test_rows_not_seen_since_a_reload_have_vanished(seen: StoredSeen) -> None:
    learn(seen, row("A", 1), row("B", 1), row("C", 1), row("D", 2, operation="DELETE"))
    learn(seen, row("A", 9), row("B", 9, b"changed"))
    assert seen.counts(SOURCE, 9) == (3, 1)
    (vanished,) = seen.vanished(SOURCE, 9, 10)
    assert (vanished.version, vanished.present) == (1, True)
    seen.forget(SOURCE, [vanished.row_key])
    assert seen.vanished(SOURCE, 9, 10) == []
    assert learn(seen, row("C", 10)) == ["C"]


def test_a_version_that_cannot_be_read_keeps_the_last_readable_one(seen: StoredSeen) -> None:
    news = seen.news(SOURCE, [row("A", 1)])
    seen.remember(SOURCE, [news.marks[0]._replace(row_id=b"r" * 16, record_id=b"1" * 16)])
    learn(seen, row("A", 2, b"garbage"))
    (found,) = seen.vanished(SOURCE, 3, 10)
    assert (found.version, found.row_id, found.record_id) == (2, b"r" * 16, b"1" * 16)


def test_what_a_reload_wrote_again_unchanged_counts_as_seen(seen: StoredSeen) -> None:
    """For ``hub reconcile``: the source names it under a version that was never received."""
    learn(seen, row("A", 1), row("B", 1))
    learn(seen, row("A", 9))
    assert seen.passed(SOURCE, {"A": 9, "B": 9, "C": 9}) == {"A"}
    assert seen.passed(SOURCE, {"A": 10, "B": 1}) == {"B"}


def test_forgetting_a_source_brings_everything_again(seen: StoredSeen) -> None:
    learn(seen, row("A", 1))
    seen.forget("another")
    assert learn(seen, row("A", 1)) == []
    seen.forget(SOURCE)
    assert learn(seen, row("A", 1)) == ["A"]


def test_a_page_of_thousands_is_taken_whole(seen: StoredSeen) -> None:
    rows = [row(f"K{number}", 1) for number in range(2_000)]
    assert len(learn(seen, *rows)) == 2_000
    assert learn(seen, *rows) == []


def test_no_key_and_no_value_is_in_the_database(seen: StoredSeen, store: Database, tmp_path: Path) -> None:
    """P5: a row's key is often an identifier."""
    learn(seen, row(samples.PERSON, 1, b"name of somebody"))
    store.close()
    with sqlite3.connect(tmp_path / "store.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (tmp_path / "store.db").read_bytes()
    assert samples.PERSON.encode() not in content and b"somebody" not in content

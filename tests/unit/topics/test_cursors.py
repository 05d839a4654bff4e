"""Cursors of feeds on their topic."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.logs.sqlite.log import SqliteLog
from hub.ports import TopicSpec
from hub.topics.cursors import ends, message, newest, partition_of_source
from hub.topics.declared import CURSORS
from tests.clocks import HandClock

PARTITIONS = 3


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.db", HandClock())
    log.create([TopicSpec(CURSORS, PARTITIONS, compacted=True)])
    yield log
    log.close()


def test_the_newest_cursor_of_a_source_counts(log: SqliteLog) -> None:
    writer = log.writer("w")
    assert newest(log, "one") is None
    for at in range(3):
        writer.commit([message(name, {"at": [name, at]}, PARTITIONS, 1_000 + at) for name in ("one", "two")])
    assert newest(log, "one") == {"at": ["one", 2]}
    assert newest(log, "two") == {"at": ["two", 2]}
    writer.commit([message("one", None, PARTITIONS, 2_000)])
    assert newest(log, "one") is None, "from the beginning"
    assert newest(log, "two") == {"at": ["two", 2]}


def test_a_source_has_one_partition_whatever_runs_it(log: SqliteLog) -> None:
    for name in ("business_licence", "property_title", "资料"):
        given = message(name, {}, PARTITIONS, 5)
        assert (given.topic, given.partition) == (CURSORS, partition_of_source(name, PARTITIONS))
        assert (given.key, given.timestamp, given.headers) == (name.encode(), 5, ())
        assert 0 <= given.partition < PARTITIONS
    assert partition_of_source("relay", 6) == partition_of_source("relay", 6)


def test_where_partitions_end(log: SqliteLog) -> None:
    log.writer("w").commit([message("one", {}, PARTITIONS, 5)])
    place = partition_of_source("one", PARTITIONS)
    other = (place + 1) % PARTITIONS
    found = ends(log, frozenset({(CURSORS, place), (CURSORS, other)}))
    assert found[CURSORS, place] > 0
    assert found[CURSORS, other] == 0
    assert ends(log, frozenset()) == {}

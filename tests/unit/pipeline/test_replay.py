"""Replay: history in its order (P4), nothing sealed opened (P5)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.logs.sqlite import SqliteLog
from hub.pipeline.replay import Range, replay
from hub.ports import Outgoing, TopicSpec
from hub.records import wire

TOPIC = "t"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.db", SystemClock())
    log.create([TopicSpec(TOPIC, 2)])
    writer = log.writer("w")
    frame = wire.encode(3, {"source": "s", "cursor": "{}", "sealed_at_ms": 5})
    writer.commit(
        [Outgoing(TOPIC, n % 2, bytes([n]), frame, (("hub_cursor", b'{"n":1}'),), 1_000 * n) for n in range(6)]
    )
    writer.commit(
        [Outgoing(TOPIC, 0, None, b"360426199101010071", (), 9_000), Outgoing(TOPIC, 0, b"x", None, (), 9_000)]
    )
    yield log
    log.close()


def offsets(log: SqliteLog, wanted: Range) -> list[tuple[int, int]]:
    return [(one["partition"], one["offset"]) for one in replay(log, TOPIC, wanted)]


def test_p4_all_of_it_in_the_order_of_its_partitions(log: SqliteLog) -> None:
    assert offsets(log, Range()) == [(0, n) for n in range(5)] + [(1, n) for n in range(3)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Range(partition=1), [(1, 0), (1, 1), (1, 2)]),
        (Range(partition=0, from_offset=1, to_offset=3), [(0, 1), (0, 2)]),
        (Range(since_ms=3_000, until_ms=5_000), [(0, 2), (1, 1)]),
        (Range(key=b"\x04"), [(0, 2)]),
    ],
)
def test_a_range_is_cut_by_offset_time_and_key(log: SqliteLog, wanted: Range, expected: list[tuple[int, int]]) -> None:
    assert offsets(log, wanted) == expected


def test_a_value_is_shown_by_its_schema(log: SqliteLog) -> None:
    first = next(replay(log, TOPIC, Range()))
    assert first["schema"] == "hub.cursor.v1"
    assert first["value"] == {"source": "s", "cursor": "{}", "sealed_at_ms": 5}
    assert first["headers"] == {"hub_cursor": {"n": 1}}


def test_p5_what_is_no_frame_of_ours_is_measured_and_not_shown(log: SqliteLog) -> None:
    *_, foreign, empty = replay(log, TOPIC, Range(partition=0))
    assert foreign["value"] == {"unreadable": "UNREADABLE", "bytes": 18}
    assert "360426199101010071" not in str(foreign)
    assert empty["value"] is None

"""A record is read by its place; one that is missing is tampering (P4)."""

from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.errors import TamperDetected
from hub.logs.sqlite.log import SqliteLog
from hub.ports import Outgoing, TopicSpec
from hub.topics.places import read_value


def test_p4_a_record_is_at_its_place_or_something_was_taken(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", SystemClock())
    log.create([TopicSpec("t", 1)])
    log.writer("test").commit([Outgoing("t", 0, b"k", b"value", (), 1), Outgoing("t", 0, b"k", None, (), 1)])
    assert read_value(log, "t", 0, 0) == b"value"
    for offset in (1, 2):
        with pytest.raises(TamperDetected, match=f"t/0/{offset}"):
            read_value(log, "t", 0, offset)
    log.close()

"""Compaction keeps the newest record of every key (P1), and every offset as it was (P4)."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.clock import SystemClock
from hub.logs.sqlite.log import SqliteLog
from hub.ports import Outgoing, TopicSpec

COMMITS = st.lists(st.lists(st.sampled_from([b"a", b"b", b"c", None]), min_size=1, max_size=4), max_size=8)


def contents(log: SqliteLog, start: int = 0) -> list[tuple[int, bytes | None]]:
    return [(one.offset, one.key) for batch in log.scan("c", 0, start) for one in batch.records]


@settings(max_examples=25)
@given(COMMITS)
def test_p1_the_newest_of_each_key_stays_where_it_was(commits: list[list[bytes | None]]) -> None:
    with TemporaryDirectory() as folder:
        log = SqliteLog(Path(folder) / "log.db", SystemClock())
        log.create([TopicSpec("c", 1, compacted=True)])
        writer = log.writer("w")
        for keys in commits:
            writer.commit([Outgoing("c", 0, key, b"v", [], 1) for key in keys])
        newest = {key: offset for offset, key in contents(log)}
        end = log.bounds("c")[0][1]
        log.close()

        again = SqliteLog(Path(folder) / "log.db", SystemClock())
        member = again.join("g", ["c"], "m")
        assert contents(again) == sorted((offset, key) for key, offset in newest.items())
        assert again.bounds("c")[0][1] == end
        assert [contents(again, start) for start in range(end)] == [
            [one for one in contents(again) if one[0] >= start] for start in range(end)
        ]
        assert sum(len(batch.records) for batch in member.poll(100, 0.0)) == len(newest)
        again.close()

"""What only the embedded log promises: one writing process, readers from anywhere, errors that say what to do."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.errors import Fenced, Misconfigured, Unavailable
from hub.logs import open_log
from hub.logs.sqlite import file as sqlite_file
from hub.logs.sqlite.groups import POLL_INTERVAL_MAX_S
from hub.logs.sqlite.log import SqliteLog
from hub.ports import Outgoing, TopicSpec


class Clock(SystemClock):
    """Real time, and as much more as a test says."""

    ahead_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(path, Clock())
    opened.create([TopicSpec("t", 2)])
    yield opened
    opened.close()


def out(value: str, partition: int = 0) -> Outgoing:
    return Outgoing("t", partition, b"k", value.encode(), [], 1)


def in_another_process(path: Path, call: str) -> subprocess.CompletedProcess[str]:
    imports = (
        "from hub.logs.sqlite.log import SqliteLog; from hub.ports import TopicSpec; from hub.clock import SystemClock"
    )
    opened = "import sys, pathlib; log = SqliteLog(pathlib.Path(sys.argv[1]), SystemClock())"
    code = f"{imports}; {opened}; {call}"
    return subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=30, check=False
    )


def test_a_second_writing_process_is_told_what_to_do(log: SqliteLog, path: Path) -> None:
    for call in (
        "log.writer('w')",
        "log.join('g', ['t'], 'm')",
        "log.reset('g', {})",
        "log.create([TopicSpec('u', 1)])",
    ):
        answer = in_another_process(path, call)
        assert answer.returncode == 1
        assert "already writes to this log" in answer.stderr
        assert "stop it first" in answer.stderr


def test_another_process_reads_while_this_one_writes(log: SqliteLog, path: Path) -> None:
    log.writer("w").commit([out("a"), out("b")])
    call = (
        "print([r.value for b in log.scan('t', 0) for r in b.records], log.topics(), log.bounds('t'), "
        "log.committed('g'), log.create([TopicSpec('t', 2)]))"
    )
    answer = in_another_process(path, call)
    assert answer.stdout.strip() == "[b'a', b'b'] {'t': 2} {0: (0, 2), 1: (0, 0)} {} []", answer.stderr


def test_reading_what_is_not_there_makes_no_file(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "none.db", Clock())
    assert log.topics() == {}
    assert log.committed("g") == {}
    with pytest.raises(Misconfigured):
        log.scan("t", 0)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_log_is_unavailable(log: SqliteLog) -> None:
    member = log.join("g", ["t"], "m")
    writer = log.writer("w")
    log.close()
    for call in (lambda: writer.commit([out("a")]), lambda: member.poll(1, 0.0), log.topics):
        with pytest.raises(Unavailable):
            call()
    log.close()


def test_p2_a_member_that_stayed_away_is_fenced_once_and_comes_back(path: Path) -> None:
    clock = Clock()
    log = SqliteLog(path, clock)
    log.create([TopicSpec("t", 1)])
    log.writer("w").commit([out("a"), out("b")])
    absent = log.join("g", ["t"], "m1")
    assert len(absent.poll(1, 1.0)[0].records) == 1
    clock.ahead_s = POLL_INTERVAL_MAX_S + 1
    other = log.join("g", ["t"], "m2")
    other.poll(1, 0.0)
    with pytest.raises(Fenced):
        absent.commit([out("doubled")])
    assert log.bounds("t")[0] == (0, 2)
    other.close()
    assert len(absent.poll(5, 1.0)[0].records) == 2
    log.close()


def test_no_partition_starves_another(log: SqliteLog) -> None:
    log.writer("w").commit([out(str(n), n % 2) for n in range(40)])
    member = log.join("g", ["t"], "m")
    seen = [member.poll(5, 1.0)[0].partition for _ in range(4)]
    assert sorted(seen) == [0, 0, 1, 1]
    member.close()


def test_a_damaged_file_is_for_the_operator(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(Misconfigured, match="restore it"):
        SqliteLog(path, Clock()).create([TopicSpec("t", 1)])


def test_a_log_of_a_later_format_is_left_alone(log: SqliteLog, path: Path) -> None:
    log.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {sqlite_file.FORMAT + 1}")
    connection.close()
    with pytest.raises(Misconfigured, match="start the hub that wrote it"):
        SqliteLog(path, Clock()).topics()


def test_p1_a_full_disk_is_unavailable_and_leaves_nothing(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = log.writer("w")
    connection = log._file._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(Unavailable, match="full"):
        writer.commit([out("x" * 300_000)])
    connection.execute("PRAGMA max_page_count = 1000000")
    assert log.bounds("t")[0] == (0, 0)
    writer.commit([out("now")])
    assert [r.value for b in log.scan("t", 0) for r in b.records] == [b"now"]


@pytest.mark.parametrize("url", ["", "log.db", "sqlite://", "sqlite:///", "redis://host", "sqlite:memory:"])
def test_a_url_of_no_log_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="sqlite:///PATH"):
        open_log(url, SystemClock())

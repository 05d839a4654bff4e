"""The file of the embedded log: its tables, its connections, and the lock that allows one writing process.

Any process may read at any time. The first process that writes locks ``<file>.lock`` until it closes the log or ends.
WAL with ``synchronous=FULL``: a commit that returned is on the disk. FULL costs 5-20 % of append speed against
NORMAL, but NORMAL may lose the last commits at a power cut.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.errors import Misconfigured, Unavailable
from hub.stores.causes import explain

FORMAT = 1
_BUSY_TIMEOUT_S = 10.0
_PAGE_BYTES = 16_384
_CHECKPOINT_PAGES = 1_000
_IDLE_READERS_MAX = 16

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE topic (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, compacted INTEGER NOT NULL
);
-- records with base <= offset < stop; high = latest timestamp in the partition up to and with this row
CREATE TABLE batch (
    topic INTEGER NOT NULL, part INTEGER NOT NULL, base INTEGER NOT NULL, stop INTEGER NOT NULL, high INTEGER NOT NULL,
    payload BLOB NOT NULL, PRIMARY KEY (topic, part, base)
) WITHOUT ROWID;
CREATE INDEX batch_by_time ON batch (topic, part, high);
CREATE TABLE writer (id TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE group_offset (
    member_group TEXT NOT NULL, topic TEXT NOT NULL, part INTEGER NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY (member_group, topic, part)
) WITHOUT ROWID;
PRAGMA user_version = {FORMAT};
COMMIT;
"""


class Held(Misconfigured):
    """Another process writes to the log. ``holder``: its id, "unknown" when its lock does not say it."""

    def __init__(self, holder: str) -> None:
        super().__init__(
            f"process {holder} already writes to this log",
            "stop it first, or put the log on Kafka (log_url = kafka://…) to share it between processes",
        )
        self.holder = holder


class LogFile:
    """The connections to one log file. Thread-safe. ``prepare`` runs once, when this process becomes the writer.

    Each method raises ``Unavailable`` after ``close`` and for errors of SQLite or the disk that may pass with time,
    and ``Misconfigured`` for a damaged file or one of another format.
    """

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._prepare = prepare
        self._mutex = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._lock_fd: int | None = None
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A read-only connection, or ``None`` while the log does not exist."""
        if not self._path.exists():
            yield None
            return
        self._check_open()
        with _translated(self._path):
            connection = self._borrow()
            try:
                yield connection if _format(connection, self._path) else None
            finally:
                self._give_back(connection)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep all other threads from writing. Raises ``Misconfigured`` when another process holds the write lock."""
        with self._mutex:
            self._check_open()
            self._open()
            yield

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed on leaving, rolled back on any exception."""
        with self.exclusive(), _translated(self._path):
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close every connection, then release the lock."""
        with self._mutex:
            self._closed = True
            self._release()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable(f"log {self._path} is closed")

    def _release(self) -> None:
        while self._idle:
            self._idle.pop().close()
        if self._connection:
            self._connection.close()
            self._connection = None
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            with _translated(self._path):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._lock_fd = _lock(self._path.with_name(self._path.name + ".lock"))
                try:
                    self._connection = _writer(self._path)
                    self._prepare(self._connection)
                except BaseException:
                    self._release()
                    raise
        return self._connection

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return _connect(f"{self._path.absolute().as_uri()}?mode=ro")

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if len(self._idle) < _IDLE_READERS_MAX and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_TIMEOUT_S)


def _writer(path: Path) -> sqlite3.Connection:
    connection = _connect(f"{path.absolute().as_uri()}?mode=rwc")
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    if not _format(connection, path):
        connection.executescript(_TABLES)
    return connection


def _format(connection: sqlite3.Connection, path: Path) -> int:
    """The file's format, 0 while it is empty."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version not in (0, FORMAT):
        raise Misconfigured(f"{path} has log format {version}, this hub reads {FORMAT}", "start the hub that wrote it")
    return version


def _lock(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(fd, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(fd)
        raise Held(holder) from None
    except OSError:
        os.close(fd)
        raise
    os.ftruncate(fd, 0)
    os.pwrite(fd, str(os.getpid()).encode(), 0)
    return fd


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Raise the errors of SQLite and the system as the hub's: ``Misconfigured`` for a damaged file, for one that this
    user may not write, and for a file system without locks; else ``Unavailable``.
    """
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        found = explain(error, f"the log {path}", "log_url")
        raise found or Unavailable(f"the log {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise Misconfigured(f"log {path}: {error}", "restore it from the last backup") from error

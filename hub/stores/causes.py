"""Why a database refused: the cause behind a driver's error, as an error of the hub with a remedy.

Known are PostgreSQL (and PgBouncer before it), SQLite, MySQL and Oracle. A driver reports a code once it is connected;
before that libpq has only a text, in the language of the server, so that texts are recognised in English and Chinese.
"""

import errno
import re
import sqlite3
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from hub.errors import HubError, Misconfigured, Unavailable


class Cause(NamedTuple):
    """A cause that is known. ``what`` continues "DATABASE: "; ``remedy`` is for the operator. ``passes``: the hub
    continues by itself when it is over (``Unavailable``), otherwise only the operator can end it (``Misconfigured``).
    """

    what: str
    remedy: str
    passes: bool = False


_LOGIN = Cause("it refuses the user or the password", "correct them in {setting}, and see the server's pg_hba.conf")
_DATABASE = Cause("the server has no database of this name", "create it, or correct {setting}")
_GRANT = Cause("this user has no privilege for what was asked", "grant it, or use another user in {setting}")
_TABLE = Cause("there is no such table or column", "start `hub run`, which migrates the hub's own tables")
TYPES = Cause("a column has another type than it is compared with", "ask its owner what changed, and see {setting}")
_PREPARED = Cause(
    "a pooler gives each transaction another connection, and prepared statements do not work",
    "set max_prepared_statements of PgBouncer, or pool_mode = session",
)
_STARTUP = Cause(
    "the pooler refuses an option of the connection",
    "set ignore_startup_parameters = extra_float_digits,options in PgBouncer",
)
_NOT_POSTGRES = Cause("the server is not PostgreSQL", "name the server's own SQLAlchemy driver in {setting}")
_NAME = Cause("the server's name cannot be resolved (DNS)", "correct the host in {setting}, or the resolver", True)
_PORT = Cause("nothing listens at this address (connection refused)", "start the server, or correct {setting}", True)
_ROUTE = Cause("the server cannot be reached (no route, or no answer in time)", "see the network and firewall", True)
_TRUST = Cause("the server's certificate is not trusted", "correct sslrootcert in {setting}, or the certificate")
_EXPIRED = Cause("a certificate has expired or is not valid yet", "renew it, and see this machine's clock")
_HOST = Cause("the server's certificate is for another host", "use the certificate's host name in {setting}")
_PLAIN = Cause("the server offers no TLS, and TLS is required", "switch it on there, or correct sslmode in {setting}")
_CA_FILE = Cause("a certificate file cannot be read", "correct its path in {setting}, and its permissions")
_FULL = Cause("the disk is full", "make room", True)
_READ_ONLY = Cause(
    "it takes no writes: it is a standby, or set to read-only", "see whether {setting} names the primary", True
)
_SLOTS = Cause("it has no free connection", "raise its limit, or run fewer processes", True)
_STARTING = Cause("it is starting or stopping", "wait", True)
_SLOW = Cause("it did not answer in time", "see its load and its locks", True)
_CROSSED = Cause("two transactions wanted the same rows", "none: it is tried again", True)

_FILE_WRITE = Cause(
    "this user may not write the file or its folder, or the file system is read-only",
    "give both to the user that runs the hub",
)
_FILE_MOVED = Cause("the file was moved or deleted while it was open", "restart the hub, and see the path in {setting}")
_FILE_OPEN = Cause("the file cannot be opened", "see the path in {setting}, and the owner of file and folder")
_FILE_LOCK = Cause("the file system has no locks (NFS, SMB and some FUSE systems)", "move the file to a local disk")
_FILE_SYSTEM = Cause("the file system is read-only", "mount it for writing, or move the file")
_FILE_DAMAGED = Cause("the file is damaged, or no SQLite file", "restore it from the last backup")
_FILE_BUSY = Cause("another process holds the file's lock", "see which process writes to it", True)
_FILES = Cause("this process has too many open files", "raise its limit (`ulimit -n`)", True)
_FILE_DISK = Cause("the disk reports an error", "see the system's log", True)

_SQLSTATE: Mapping[str, Cause] = MappingProxyType(
    {
        "28": _LOGIN, "3D000": _DATABASE, "3F000": _TABLE, "42501": _GRANT, "42P01": _TABLE, "42703": _TABLE,
        "42883": TYPES, "42804": TYPES, "22P02": TYPES, "26000": _PREPARED, "42P05": _PREPARED, "25006": _READ_ONLY,
        "53100": _FULL, "53": _SLOTS, "57P03": _STARTING, "57P01": _STARTING, "57P02": _STARTING, "57014": _SLOW,
        "55P03": _SLOW, "25P03": _SLOW, "40": _CROSSED, "58": _FILE_DISK,
    }
)  # fmt: skip
"""By SQLSTATE, or by its class (two characters)."""

_MYSQL: Mapping[int, Cause] = MappingProxyType(
    {
        1045: _LOGIN, 1698: _LOGIN, 1251: _LOGIN, 1130: _LOGIN, 1049: _DATABASE, 1044: _GRANT, 1142: _GRANT,
        1143: _GRANT, 1370: _GRANT, 1146: _TABLE, 1054: _TABLE, 1021: _FULL, 1290: _READ_ONLY, 1836: _READ_ONLY,
        1040: _SLOTS, 1203: _SLOTS, 1226: _SLOTS, 3024: _SLOW, 1969: _SLOW, 2013: _SLOW, 1205: _SLOW, 1213: _CROSSED,
        1792: _READ_ONLY,
    }
)  # fmt: skip
_ORACLE: Mapping[int, Cause] = MappingProxyType(
    {
        1017: _LOGIN, 1005: _LOGIN, 28000: _LOGIN, 28001: _LOGIN, 12514: _DATABASE, 12505: _DATABASE, 1031: _GRANT,
        1045: _GRANT, 942: _TABLE, 904: _TABLE, 932: TYPES, 1722: TYPES, 12541: _PORT, 12545: _NAME, 12154: _NAME,
        1033: _STARTING, 1034: _STARTING, 1089: _STARTING, 16000: _READ_ONLY, 20: _SLOTS, 12519: _SLOTS, 60: _CROSSED,
    }
)  # fmt: skip

_SQLITE: Mapping[int, Cause] = MappingProxyType(
    {
        sqlite3.SQLITE_READONLY: _FILE_WRITE, sqlite3.SQLITE_PERM: _FILE_WRITE, sqlite3.SQLITE_CANTOPEN: _FILE_OPEN,
        sqlite3.SQLITE_PROTOCOL: _FILE_LOCK, sqlite3.SQLITE_NOLFS: _FILE_LOCK, sqlite3.SQLITE_FULL: _FULL,
        sqlite3.SQLITE_IOERR: _FILE_DISK, sqlite3.SQLITE_IOERR_LOCK: _FILE_LOCK,
        sqlite3.SQLITE_IOERR_RDLOCK: _FILE_LOCK, sqlite3.SQLITE_IOERR_UNLOCK: _FILE_LOCK,
        sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK: _FILE_LOCK, sqlite3.SQLITE_IOERR_SHMOPEN: _FILE_LOCK,
        sqlite3.SQLITE_IOERR_SHMLOCK: _FILE_LOCK, sqlite3.SQLITE_IOERR_SHMMAP: _FILE_LOCK,
        sqlite3.SQLITE_CORRUPT: _FILE_DAMAGED, sqlite3.SQLITE_NOTADB: _FILE_DAMAGED, sqlite3.SQLITE_BUSY: _FILE_BUSY,
        sqlite3.SQLITE_LOCKED: _FILE_BUSY, sqlite3.SQLITE_READONLY_DBMOVED: _FILE_MOVED,
    }
)  # fmt: skip
"""By extended result code, or by its primary code (the low byte)."""

_ERRNO: Mapping[int, Cause] = MappingProxyType(
    {
        errno.EACCES: _FILE_WRITE, errno.EPERM: _FILE_WRITE, errno.EROFS: _FILE_SYSTEM, errno.ENOLCK: _FILE_LOCK,
        errno.EOPNOTSUPP: _FILE_LOCK, errno.ENOSYS: _FILE_LOCK, errno.ENOSPC: _FULL,
        errno.EDQUOT: _FULL, errno.ENOENT: _FILE_OPEN, errno.ENOTDIR: _FILE_OPEN, errno.EISDIR: _FILE_OPEN,
        errno.EIO: _FILE_DISK, errno.EAGAIN: _FILE_BUSY, errno.EMFILE: _FILES,
    }
)  # fmt: skip

# In this order: the first that fits decides.
_TEXTS = tuple(
    (re.compile(pattern, re.IGNORECASE), cause)
    for pattern, cause in (
        (r"certificate (has )?expired|not yet valid", _EXPIRED),
        (r"server certificate for .* does not match host", _HOST),
        (r"certificate verify failed|self.signed certificate|unknown ca", _TRUST),
        (r"(root )?certificate file .* (does not exist|could not)|could not (read|load) .*certificate", _CA_FILE),
        (r"server does not support SSL", _PLAIN),
        (r"unsupported startup parameter", _STARTUP),
        (r"prepared statement \S+ (already exists|does not exist)", _PREPARED),
        (r"database \S+ does not exist|no such database|数据库 \S+ 不存在", _DATABASE),
        (r"role \S+ does not exist|no such user|角色 \S+ 不存在", _LOGIN),
        (r"(password|auth\w*) (\w+ )?(failed|认证失败)|no password supplied|认证失败|pg_hba\.conf", _LOGIN),
        (r"permission denied for database|对数据库 \S+ 权限不够", _GRANT),
        (r"too many (connections|clients)|remaining connection slots|连接过多|no more connections allowed", _SLOTS),
        (r"(is starting up|shutting down|recovery mode|正在启动|正在关闭)", _STARTING),
        (r"could not translate host name|name or service not known|name resolution|getaddrinfo|nodename nor", _NAME),
        (r"connection refused|actively refused", _PORT),
        (r"no route to host|network is unreachable|timeout expired|timed out|timeout", _ROUTE),
        (r"no such (table|column)|unknown column|invalid identifier|invalid column", _TABLE),
        (r"could not determine version from string", _NOT_POSTGRES),
    )
)  # fmt: skip
_ORACLE_CODE = re.compile(r"\b(?:ORA|DPY)-0*(\d+)")


def explain(error: BaseException, database: str, setting: str) -> HubError | None:
    """The error of the hub for an error of SQLAlchemy, of a driver or of the system: ``Misconfigured`` with a remedy,
    or ``Unavailable``. ``None`` when the cause is not known.

    ``database`` begins the message ("the store"); ``setting`` is where the address is configured ("store_url"). The
    message holds no value and no statement (P5)."""
    cause = cause_of(error)
    if cause is None:
        return None
    remedy = cause.remedy.format(setting=setting)
    if cause.passes:
        return Unavailable(f"{database}: {cause.what} — {remedy}")
    return Misconfigured(f"{database}: {cause.what}", remedy)


def cause_of(error: BaseException) -> Cause | None:
    """The cause of an error, ``None`` when it is not known. See ``explain``."""
    found: Any = getattr(error, "orig", None) or error
    state = getattr(found, "sqlstate", None) or getattr(found, "pgcode", None)
    if isinstance(state, str):
        # The text may quote a value, and the codes say all. MySQL's own number says more than its SQLSTATE.
        return _by_code(found) or _SQLSTATE.get(state) or _SQLSTATE.get(state[:2])
    return _by_code(found) or _by_text(str(found))


def refused_text(error: BaseException) -> str | None:
    """The published code for a text that PostgreSQL does not take: TEXT_CONTROL for U+0000 (SQLSTATE 22021, or
    psycopg's own check), TEXT_TOO_LONG for one that is longer than its column (22001); ``None`` for any other error."""
    found: Any = getattr(error, "orig", None) or error
    state = getattr(found, "sqlstate", None)
    if state == "22001":
        return "TEXT_TOO_LONG"
    return "TEXT_CONTROL" if state == "22021" or "NUL (0x00)" in str(found) else None


def _by_code(error: Any) -> Cause | None:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)
        return _SQLITE.get(code) or _SQLITE.get(code & 0xFF)
    if isinstance(error, OSError):
        return _ERRNO.get(error.errno or 0)
    if isinstance(number := next(iter(error.args), None), int):
        return _MYSQL.get(number)
    found = _ORACLE_CODE.search(str(error))
    return _ORACLE.get(int(found[1])) if found else None


def _by_text(text: str) -> Cause | None:
    return next((cause for pattern, cause in _TEXTS if pattern.search(text)), None)

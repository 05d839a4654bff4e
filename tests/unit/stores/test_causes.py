"""Causes: an operator is told what to change, and an outage stays an outage (P1: it is never a final no)."""

import errno
import os
import sqlite3
from pathlib import Path

import psycopg
import pymysql
import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from hub.errors import Misconfigured, Unavailable
from hub.stores.causes import explain
from hub.stores.database import Database

FATAL = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: FATAL:  '
BEFORE = [
    (FATAL + 'password authentication failed for user "reader"', Misconfigured, "refuses the user or the password"),
    (FATAL + '用户 "reader" Password 认证失败', Misconfigured, "refuses the user or the password"),
    (FATAL + 'role "nobody" does not exist', Misconfigured, "refuses the user or the password"),
    (FATAL + 'no pg_hba.conf entry for host "10.0.0.1", user "x", database "y"', Misconfigured, "refuses the user"),
    ("fe_sendauth: no password supplied", Misconfigured, "refuses the user or the password"),
    (FATAL + 'database "nope" does not exist', Misconfigured, "no database of this name"),
    (FATAL + '数据库 "nope" 不存在', Misconfigured, "no database of this name"),
    (FATAL + 'permission denied for database "x"', Misconfigured, "no privilege"),
    (FATAL + "unsupported startup parameter: options", Misconfigured, "pooler refuses an option"),
    (FATAL + "sorry, too many clients already", Unavailable, "no free connection"),
    (FATAL + 'too many connections for role "reader"', Unavailable, "no free connection"),
    (FATAL + "the database system is starting up", Unavailable, "starting or stopping"),
    ('could not translate host name "db" to address: Name or service not known', Unavailable, "DNS"),
    ('connection to server at "127.0.0.1", port 1 failed: Connection refused', Unavailable, "nothing listens"),
    ("connection timeout expired", Unavailable, "no route, or no answer"),
    ("SSL error: certificate verify failed", Misconfigured, "not trusted"),
    ("SSL error: sslv3 alert certificate expired", Misconfigured, "expired"),
    ('server certificate for "a" does not match host name "b"', Misconfigured, "for another host"),
    ("server does not support SSL, but SSL was required", Misconfigured, "offers no TLS"),
    ('root certificate file "/nope.pem" does not exist', Misconfigured, "file cannot be read"),
]


def wrapped(error: Exception) -> OperationalError:
    return OperationalError("SELECT", None, error)


@pytest.mark.parametrize(("text", "sort", "words"), BEFORE, ids=[text[-30:] for text, _, _ in BEFORE])
def test_a_connection_that_is_refused_says_why(text: str, sort: type[Exception], words: str) -> None:
    told = explain(wrapped(psycopg.OperationalError(text)), "the store", "store_url")
    assert type(told) is sort
    assert str(told).startswith("the store: ")
    assert words in str(told)


STATES = [
    ("28P01", Misconfigured, "refuses the user"), ("28000", Misconfigured, "refuses the user"),
    ("3D000", Misconfigured, "no database"), ("42501", Misconfigured, "no privilege"),
    ("42883", Misconfigured, "another type"), ("42P01", Misconfigured, "no such table"),
    ("42703", Misconfigured, "no such table or column"), ("26000", Misconfigured, "prepared statements"),
    ("42P05", Misconfigured, "prepared statements"), ("25006", Unavailable, "standby"),
    ("53300", Unavailable, "no free connection"), ("53100", Unavailable, "disk is full"),
    ("57P03", Unavailable, "starting"), ("57014", Unavailable, "in time"), ("40001", Unavailable, "same rows"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "sort", "words"), STATES)
def test_a_statement_that_is_refused_says_why(state: str, sort: type[Exception], words: str) -> None:
    error = psycopg.errors.lookup(state)('relation "王伟" …')
    told = explain(ProgrammingError("SELECT", None, error), "the store", "store_url")
    assert type(told) is sort
    assert words in str(told)
    assert "王伟" not in str(told), "P5"


@pytest.mark.parametrize("state", ["23505", "42601", "22001"])
def test_what_is_a_defect_of_ours_is_not_explained(state: str) -> None:
    quoting = psycopg.errors.lookup(state)("a value that says: connection refused, timeout")
    assert explain(ProgrammingError("SELECT", None, quoting), "the store", "store_url") is None


@pytest.mark.parametrize(
    ("error", "sort", "words"),
    [
        (Exception(1045, "Access denied for user"), Misconfigured, "refuses the user"),
        (Exception(1142, "SELECT command denied"), Misconfigured, "no privilege"),
        (pymysql.OperationalError(1205, "Lock wait timeout exceeded"), Unavailable, "did not answer in time"),
        (pymysql.OperationalError(1969, "max_statement_time exceeded"), Unavailable, "did not answer in time"),
        (Exception("ORA-01017: invalid username/password"), Misconfigured, "refuses the user"),
        (Exception("ORA-12541: no listener"), Unavailable, "nothing listens"),
        (AssertionError("Could not determine version from string 'KingbaseES V008'"), Misconfigured, "not PostgreSQL"),
        (OSError(errno.EROFS, "read-only"), Misconfigured, "read-only"),
        (OSError(errno.ENOLCK, "no locks"), Misconfigured, "no locks"),
        (OSError(errno.ENOSPC, "full"), Unavailable, "disk is full"),
    ],
)
def test_other_databases_and_the_system_say_why_too(error: Exception, sort: type[Exception], words: str) -> None:
    told = explain(error, "titles: the exchange database", "connectors.titles.url")
    assert type(told) is sort
    assert words in str(told)


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "sort", "words"),
    [
        (sqlite3.SQLITE_READONLY_DIRECTORY, Misconfigured, "may not write"),
        (sqlite3.SQLITE_READONLY_DBMOVED, Misconfigured, "moved or deleted"),
        (sqlite3.SQLITE_IOERR_SHMMAP, Misconfigured, "no locks"),
        (sqlite3.SQLITE_PROTOCOL, Misconfigured, "no locks"),
        (sqlite3.SQLITE_IOERR_READ, Unavailable, "disk reports an error"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Unavailable, "another process"),
        (sqlite3.SQLITE_FULL, Unavailable, "disk is full"),
    ],
)
def test_a_file_says_why(code: int, sort: type[Exception], words: str) -> None:
    told = explain(wrapped(sqlite_error(code)), "the store", "store_url")
    assert type(told) is sort
    assert words in str(told)


@pytest.mark.parametrize("what", ["a folder", "other bytes"])
def test_a_store_that_is_no_database_is_misconfigured(tmp_path: Path, what: str) -> None:
    path = tmp_path / "store.db"
    if what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(os.urandom(8192))
    words = "cannot be opened" if what == "a folder" else "damaged"
    with pytest.raises(Misconfigured, match=words), Database(f"sqlite:///{path}").write():
        pass

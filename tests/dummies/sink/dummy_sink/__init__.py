"""A second sink: writes down what it is given, one row for each push that takes effect."""

import json
import sqlite3
from contextlib import closing

from hub.ports import Receipt

TABLE = "CREATE TABLE IF NOT EXISTS effect(procedure TEXT, kind TEXT, number TEXT, key TEXT, body TEXT)"


def receipt(number):
    """Another number and another time for each, far from any time of a test."""
    return Receipt(f"DUMMY-{number:08d}", f"2019-03-02T09:00:{number % 60:02d}.{number:03d}+08:00")


class Book:
    """``Sink`` on a SQLite file."""

    def __init__(self, file):
        self._file = file
        with closing(sqlite3.connect(file)) as database:
            database.execute(TABLE)

    def push(self, address, body):
        row = (address.procedure, address.kind, address.number, address.key, json.dumps(body, ensure_ascii=False))
        with closing(sqlite3.connect(self._file)) as database, database:
            made = database.execute("INSERT INTO effect VALUES (?,?,?,?,?)", row)
            return receipt(made.lastrowid)

    def find(self, address):
        with closing(sqlite3.connect(self._file)) as database:
            query = "SELECT rowid FROM effect WHERE number = ? AND key = ?"
            row = database.execute(query, (address.number, address.key)).fetchone()
        return receipt(row[0]) if row else None

    def close(self):
        pass


def open(options, context):  # noqa: A001 - the name that a connector's door has
    return Book(options["file"])

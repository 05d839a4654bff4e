"""A second sink: writes down what it is given, one row for each push that takes effect."""

import json
import sqlite3
from contextlib import closing

from hub.ports import Receipt

TABLE = "CREATE TABLE IF NOT EXISTS effect(procedure TEXT, kind TEXT, number TEXT, key TEXT, body TEXT)"
RECEIVED_AT = "2026-03-02T09:00:00+08:00"


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
            return Receipt(f"D{made.lastrowid}", RECEIVED_AT)

    def find(self, address):
        with closing(sqlite3.connect(self._file)) as database:
            query = "SELECT rowid FROM effect WHERE number = ? AND key = ?"
            row = database.execute(query, (address.number, address.key)).fetchone()
        return Receipt(f"D{row[0]}", RECEIVED_AT) if row else None

    def close(self):
        pass


def open(options, context):  # noqa: A001 - the name that a connector's door has
    return Book(options["file"])

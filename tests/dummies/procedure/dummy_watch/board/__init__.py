"""A sink of this procedure's own: one line in a file for each push."""

import json
from pathlib import Path

from hub.ports import Receipt


class Board:
    """``Sink`` on a file of JSON lines."""

    def __init__(self, file):
        self._file = Path(file)
        self._file.touch()

    def push(self, address, body):
        with self._file.open("a") as out:
            out.write(json.dumps({"procedure": address.procedure, "kind": address.kind, "key": address.key, **body}))
            out.write("\n")
        return Receipt(address.key[:8], "2026-03-02T09:00:00+08:00")

    def find(self, address):
        there = any(json.loads(line)["key"] == address.key for line in self._file.read_text().splitlines())
        return Receipt(address.key[:8], "2026-03-02T09:00:00+08:00") if there else None

    def close(self):
        pass


def open(options, context):  # noqa: A001 - the name that a connector's door has
    return Board(options["file"])

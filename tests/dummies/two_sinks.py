"""A world with two sinks: the utility's connection system and the dummy that is installed beside it."""

import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.dummies import installed
from tests.e2e.harness import PATIENCE_S, World

DUMMIES = ("sink",)


@dataclass
class Two:
    """A world with the utility's connection system and the second sink, and its applications by name."""

    world: World
    entries: Mapping[str, dict[str, Any]]

    @property
    def file(self) -> Path:
        """What the second sink was given."""
        return self.world.home / "dummy.db"

    def add_second(self) -> None:
        """Put the second sink into the settings."""
        with self.world.config.open("a") as file:
            file.write(f"\n[connectors.dummy_sink]\nfile = {json.dumps(str(self.file))}\n")

    def start(self, **how: Any) -> None:
        """As ``World.start``, with the dummy installed."""
        self.world.start(environ={"PYTHONPATH": installed.environ(*DUMMIES)["PYTHONPATH"]}, **how)

    def submit(self, name: str) -> None:
        """Submit an application by the command line."""
        body = self.world.home / "body.json"
        body.write_text(json.dumps(self.entries[name]["body"]), "utf-8")
        code, out, error = installed.hub("application", "submit", str(body), dummies=DUMMIES, config=self.world.config)
        body.unlink()
        assert code == 0, out + error

    def crm(self) -> list[dict[str, Any]]:
        """What the utility's connection system was sent, with the number that the channel gave the application."""
        effects: list[dict[str, Any]] = self.world.sandbox.control("utility_crm", "effects?bodies=1")["effects"]
        numbers = {one["externalAppNo"]: one["body"]["channelAppNo"] for one in effects if one["what"] == "application"}
        return [one | {"of": numbers[one["externalAppNo"]]} for one in effects]

    def second(self) -> list[dict[str, Any]]:
        """What the second sink was given, likewise."""
        with closing(sqlite3.connect(self.file)) as database:
            rows = database.execute(
                "SELECT procedure, kind, number, key, body, rowid FROM effect ORDER BY rowid"
            ).fetchall()
        names = ("procedure", "kind", "number", "key")
        found = [
            dict(zip(names, row[:4], strict=True))
            | {"body": json.loads(row[4]), "receipt": f"DUMMY-{row[5]:08d}"}
            | {"received_at": f"2019-03-02T09:00:{row[5] % 60:02d}.{row[5]:03d}+08:00"}
            for row in rows
        ]
        numbers = {one["number"]: one["body"]["channelAppNo"] for one in found if one["kind"] == "registration"}
        return [one | {"of": numbers[one["number"]]} for one in found]

    def number(self, name: str) -> str:
        """The number that the channel gave an application."""
        return str(self.entries[name]["body"]["external_no"])

    def wait(self, what: Callable[[], bool]) -> None:
        """Until ``what`` is true."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not what():
            assert self.world.process is not None and self.world.process.poll() is None, self.world.tail()
            assert time.monotonic() < deadline_s, self.world.tail()
            time.sleep(0.2)

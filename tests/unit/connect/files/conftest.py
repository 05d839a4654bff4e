"""A folder of batches with its sender, and the source that reads it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.connect.context import Context
from hub.connect.files.source import FilesSource
from hub.connect.files.spec import FilesSpec
from hub.connect.folder import of_package
from hub.connect.trust import trusted_keys_of
from hub.ports import Cursor, SourceRow
from sandbox.files.batches import SENDER, BatchSigner, write
from sandbox.files.district import District as Inside
from sandbox.world.world import World, WorldSpec
from tests.clocks import HandClock

DAY = "2026-03-01"
ROWS = [row.columns for _, rows in Inside(World(WorldSpec(7, 300, 0.0))).batches() for row in rows]
"""Rows of a district without a defect."""


def row(number: int, **more: Any) -> dict[str, Any]:
    """A good row with the key K-NUMBER."""
    return ROWS[number] | {"djbh": f"K-{number}"} | more


@dataclass
class District:
    """The folder ``inbox``, what the district puts into it, and the hub's source on it."""

    inbox: Path
    context: Context
    signer: BatchSigner = field(default_factory=lambda: BatchSigner(1))
    opened: list[FilesSource] = field(default_factory=list)

    def put(self, sequence: int, rows: list[dict[str, Any]], form: str = "jsonl", **more: Any) -> Path:
        made_at = more.pop("made_at", f"{DAY}T08:00:00+08:00")
        return write(self.inbox, more.pop("signer", self.signer), sequence, rows, form=form, made_at=made_at, **more)

    def file(self, sequence: int, form: str = "jsonl") -> Path:
        return self.inbox / f"titles-{sequence:06d}.{form}"

    def source(self, page_rows: int = 100, **more: Any) -> FilesSource:
        limits = self.context.limits.model_copy(update={"page_rows": page_rows})
        context = Context(self.context.info, limits, self.context.clock, self.context.folder)
        spec = more.get("spec", FilesSpec(key=("djbh",), version="gxsj", operation="czlx"))
        trusted = trusted_keys_of({"public_keys": more.get("keys", f"{self.signer.key_id}={self.signer.public_key}")})
        self.opened.append(FilesSource(str(self.inbox), SENDER, trusted, more.get("first", 1), spec, context))
        return self.opened[-1]


@pytest.fixture
def district(tmp_path: Path, clock: HandClock) -> Iterator[District]:
    folder = of_package("connectors.district_files")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    made = District(inbox, Context(folder.info, folder.info.limits, clock, folder))
    yield made
    for source in made.opened:
        source.close()


def drained(source: FilesSource, cursor: Cursor | None = None) -> tuple[list[SourceRow], Cursor]:
    """All rows from ``cursor``, and the cursor after them."""
    rows: list[SourceRow] = []
    for _ in range(1_000):
        page = source.fetch(cursor)
        rows += page.rows
        cursor = page.cursor
        if not page.rows and not page.more:
            return rows, cursor
    raise AssertionError("the feed does not end")

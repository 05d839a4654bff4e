"""Verdicts on records, made by hand: a projection opens no seal. For tests of what the tables of records say."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection, select

from hub.codec import wire
from hub.pipeline import projection
from hub.pipeline.projection import Applied
from hub.ports import Batch
from hub.privacy.sealing import RECORD_SCHEMA, UNREADABLE_SCHEMA
from hub.records import tables

KIND = "licence.business"
TABLES = (tables.record, tables.record_link, tables.current, tables.tally, tables.reason_tally)
ENTITY = b"E" * 16


@dataclass(frozen=True)
class Said:
    """One verdict on one message about one record, and what was received for it."""

    row: int = 0
    version: int = 1
    revision: int = 0
    content: int = 0
    reading: int = 0
    verified: bool = True
    readable: bool = True
    opened: bool = True
    authority: str = "A"
    source: str = "one"
    status: str = "CURRENT"
    links: frozenset[int] = frozenset()
    read_at_ms: int = 5
    judged_ms: int = 5
    attempt: int = 1
    partition: int = 0

    @property
    def row_id(self) -> bytes:
        return bytes([self.row]) * 16

    @property
    def record_id(self) -> bytes:
        return bytes([0, self.row, self.version, self.revision, self.content]).ljust(16, b"r")

    @property
    def state(self) -> str:
        return "verified" if self.verified else "rejected"

    @property
    def counts(self) -> bool:
        """Whether something was received for it."""
        return self.reading == 0 and self.attempt == 1

    def value(self) -> bytes:
        source = {
            "system": self.source,
            "version": self.version,
            "revision": self.revision,
            "content": bytes([self.content]) * 8,
            "operation": "UPSERT",
        }
        both = {
            "record_id": self.record_id,
            "row_id": self.row_id,
            "kind": KIND,
            "source": source,
            "reading": self.reading,
            "read_at_ms": self.read_at_ms,
        }
        if not self.readable:
            more = {"faults": [{"code": "UNREADABLE", "field": ""}], "size": 1, "subject_id": bytes(16)}
            return wire.encode(UNREADABLE_SCHEMA, both | more | {"ciphertext": b""})
        more = {
            "authority": self.authority,
            "region": "120101",
            "status": self.status,
            "mapping": bytes(8),
            "assurance": "CHANNEL_ONLY",
            "links": [bytes([one]) * 16 for one in sorted(self.links)],
            "parts": [],
            "original": b"",
            "original_commitment": bytes(32),
        }
        return wire.encode(RECORD_SCHEMA, both | more)

    def headers(self, suffix: str) -> list[tuple[str, bytes]]:
        found = [("ce_type", f"cn.onecert.{KIND}.{suffix}".encode()), ("ce_source", f"/sources/{self.source}".encode())]
        if suffix == "rejected":
            code = "EXPIRED" if self.opened and self.readable else "UNREADABLE" if self.opened else "SEAL_BROKEN"
            found.append(("hub_reasons", json.dumps([{"code": code, "field": ""}]).encode()))
        if suffix == "rejected" or self.attempt > 1:
            found.append(("hub_attempt", str(self.attempt).encode()))
        if self.reading:
            found.append(("hub_reading", str(self.reading).encode()))
        return found


Place = tuple[str, int]
Letter = tuple[Place, Any]
"""A place, and a message as it lies there."""


def letters(said: Sequence[Said]) -> dict[Place, list[Any]]:
    """The messages of every topic's partitions: the verdicts, and what was received for them."""
    found: dict[Place, list[Any]] = defaultdict(list)
    for one in said:
        for suffix in (one.state, *(("received",) if one.counts or (one.reading and one.attempt == 1) else ())):
            place = (f"{KIND}.{suffix}", one.partition)
            key = ENTITY if one.readable else one.row_id
            fields = {"timestamp": one.judged_ms, "key": key, "value": one.value(), "headers": one.headers(suffix)}
            found[place].append(SimpleNamespace(offset=len(found[place]), **fields))
    return found


def read(connection: Connection, batches: Sequence[Sequence[Batch]]) -> tuple[dict[str, list[Any]], list[Applied]]:
    """The tables after these polls, and what each poll brought."""
    for table in TABLES:
        connection.execute(table.delete())
    brought = []
    for poll in batches:
        applied = projection.apply(connection, poll)
        projection.count(connection, applied)
        brought.append(applied)
    return {table.name: dump(connection, table) for table in TABLES}, brought


def dump(connection: Connection, table: Any) -> list[Any]:
    rows = connection.execute(select(table).order_by(*table.primary_key.columns))
    return [dict(row._mapping) for row in rows]


def in_order(said: Sequence[Said]) -> list[list[Batch]]:
    """One topic after the other, as rebuild reads them."""
    return [[Batch(*place, records)] for place, records in sorted(letters(said).items())]


@st.composite
def things_said(draw: st.DrawFn) -> Said:
    small = st.integers(0, 1)
    readable = draw(st.sampled_from([True, True, True, False]))
    opened = draw(st.sampled_from([True, True, True, False]))
    return Said(
        row=draw(small),
        version=draw(st.integers(1, 2)),
        revision=draw(small),
        content=draw(small),
        reading=draw(st.sampled_from([0, 0, 0, 1, 2])),
        verified=readable and opened and draw(st.booleans()),
        readable=readable,
        opened=opened,
        authority=draw(st.sampled_from(["A", "B"])),
        source=draw(st.sampled_from(["one", "two"])),
        status=draw(st.sampled_from(["CURRENT", "REVOKED"])),
        links=draw(st.frozensets(st.integers(1, 3))),
        read_at_ms=draw(st.integers(1, 3)),
        judged_ms=draw(st.integers(1, 3)),
        attempt=draw(st.sampled_from([1, 1, 1, 2])),
        partition=draw(st.integers(0, 2)),
    )

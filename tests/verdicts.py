"""Verdicts on records, made by hand, and a model of what the tables of records say after them. A projection opens no
seal."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
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
TABLES = (tables.record, tables.record_link, tables.current, tables.tally, tables.reason_tally, tables.waiting)
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
            "entity_id": ENTITY,
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


# ---- the model -----------------------------------------------------------------------------------------------------


def speaks(said: Sequence[tuple[Said, int]]) -> Said:
    """Of all that was said of one record, with its offset, what counts."""

    def standing(pair: tuple[Said, int]) -> Any:
        one, offset = pair
        authority = one.authority if one.readable and one.opened else ""
        reading = one.reading if one.opened else -1
        return reading, one.verified, authority, one.judged_ms, one.partition, offset

    return max(said, key=standing)[0]


def expected(said: Sequence[Said]) -> dict[str, Any]:
    """What the tables must say in the end, as far as it is a matter of choosing and counting."""
    offsets: Counter[Place] = Counter()
    of_record: dict[bytes, list[tuple[Said, int]]] = defaultdict(list)
    for one in said:
        place = (one.state, one.partition)
        of_record[one.record_id].append((one, offsets[place]))
        offsets[place] += 1
    chosen = {record_id: speaks(pairs) for record_id, pairs in of_record.items()}
    read_at = {
        record_id: max((one.read_at_ms for one, _ in pairs if one.opened), default=0)
        for record_id, pairs in of_record.items()
    }
    return {
        "state": {
            record_id: (one.state, max(one.reading, 0), read_at[record_id])
            for record_id, one in chosen.items()
            if one.opened
        },
        "links": {
            (bytes([link]) * 16, record_id) for record_id, one in chosen.items() if one.verified for link in one.links
        },
        "current": _current(chosen, read_at),
        "tally": _tally(said, chosen, of_record),
    }


def _current(chosen: dict[bytes, Said], read_at: dict[bytes, int]) -> dict[bytes, tuple[bytes, str]]:
    best: dict[bytes, tuple[Any, Said]] = {}
    for record_id, one in chosen.items():
        if one.verified:
            rank = (one.version, one.revision, read_at[record_id], one.authority, one.reading, record_id)
            best[one.row_id] = max(best.get(one.row_id, (rank, one)), (rank, one), key=lambda pair: pair[0])
    return {row_id: (one.record_id, one.status) for row_id, (_, one) in best.items()}


def _tally(
    said: Sequence[Said], chosen: dict[bytes, Said], of_record: dict[bytes, list[tuple[Said, int]]]
) -> dict[str, dict[str, int]]:
    lines: dict[str, Counter[str]] = defaultdict(Counter)
    for one in said:
        lines[one.source]["received"] += one.counts
        lines[one.source]["duplicate"] += one.counts
        lines[one.source]["readings"] += bool(one.reading) and one.attempt == 1
    for one in chosen.values():
        lines[one.source][one.state] += 1
        lines[one.source]["duplicate"] -= 1
    groups: dict[Any, list[bytes]] = defaultdict(list)
    for record_id, pairs in of_record.items():
        if any(one.opened for one, _ in pairs):
            groups[pairs[0][0].row, pairs[0][0].version].append(record_id)
    for members in groups.values():
        for record_id in sorted(members)[1:]:
            lines[chosen[record_id].source]["revised"] += 1
    return _filled(lines)


def _filled(lines: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Without zeros."""
    found = {source: {name: count for name, count in line.items() if count} for source, line in lines.items()}
    return {source: line for source, line in found.items() if line}


def simplified(found: dict[str, list[Any]]) -> dict[str, Any]:
    """The tables in the model's terms."""
    names = ("received", "verified", "rejected", "duplicate", "readings", "revised")
    return {
        "state": {
            row["record_id"]: (row["state"], row["reading"], row["read_at_ms"])
            for row in found["record"]
            if row["reading"] >= 0
        },
        "links": {(row["link_id"], row["record_id"]) for row in found["record_link"] if row["link_id"] != ENTITY},
        "current": {row["row_id"]: (row["record_id"], row["status"]) for row in found["current"]},
        "tally": _filled({row["source"]: {name: row[name] for name in names} for row in found["tally"]}),
    }

"""``broken.py GUARD hub-arguments…``: the hub with one guard taken out, to show that the tests would notice.

offsets: a stage's output and its offsets, also those that it writes to a topic, in two transactions, with the crash
point ``test.between`` between them.
ask: no stage asks the connection system before posting again.
events: what a decision puts into the outbox is committed apart from the decision.
sent: steps that the utility sends are answered before they are in the outbox, and get there never.
references: sinks are told ids, hashes and times that stand on topics.
fast, slow: nothing is taken out, but this machine's clock is two hours ahead or behind.
newer: nothing is taken out, but schema 9999 is in the catalogue.
"""

import sys
from collections.abc import Sequence
from functools import partial

from hub.cli import main
from hub.crash import crash_point
from hub.logs.sqlite.member import SqliteMember
from hub.ports import Outgoing, Positions
from hub.topics.declared import CURSORS


def offsets() -> None:
    def commit(self: SqliteMember, outgoing: Sequence[Outgoing], positions: Positions | None = None) -> None:
        places = [one for one in outgoing if one.topic == CURSORS]
        output = [one for one in outgoing if one.topic != CURSORS]
        self._engine.append(output, self._guard)
        if output:
            crash_point("test.between")
        whole(self, places, positions)

    whole = SqliteMember.commit

    SqliteMember.commit = commit  # type: ignore[method-assign]


def ask() -> None:
    from hub.connect.host.guard import GuardedSink

    GuardedSink.find = lambda *_: None  # type: ignore[assignment, method-assign]


def events() -> None:
    from types import SimpleNamespace

    from sqlalchemy import Connection

    from hub.cases import journal
    from hub.stores import outbox

    def apart(connection: Connection, messages: Sequence[outbox.Message]) -> None:
        with connection.engine.begin() as own:
            outbox.put(own, messages)

    journal.outbox = SimpleNamespace(put=apart, Message=outbox.Message)  # type: ignore[assignment]


def sent() -> None:
    from types import SimpleNamespace

    from hub.ingest import sent as intake
    from hub.stores import outbox

    intake.outbox = SimpleNamespace(put=lambda *_: None, Message=outbox.Message)  # type: ignore[assignment]


def references() -> None:
    from datetime import UTC, datetime
    from hashlib import sha256

    from hub.cases.connection import bodies
    from hub.privacy.references import ALPHABET, References

    def number(self: References, case_id: bytes) -> str:
        bits = int.from_bytes(case_id[-10:], "big")
        return "".join(ALPHABET[bits >> shift & 31] for shift in range(75, -1, -5))

    def key(self: References, case_id: bytes, kind: str, record_id: bytes | None = None, reading: int = 0) -> str:
        return sha256(case_id + kind.encode() + b"\0" + (record_id or b"")).hexdigest()[:32]

    def exact(at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")

    References.hub_number, References.piece_key = number, key  # type: ignore[method-assign]
    References.record_reference = lambda self, record_id: record_id.hex()  # type: ignore[method-assign]
    bodies.china_time = exact  # type: ignore[assignment]


def off_by(hours: int) -> None:
    from datetime import datetime, timedelta

    from hub.clock import SystemClock

    now, process_ms, off = SystemClock.now, SystemClock.process_ms, timedelta(hours=hours)

    def later(self: SystemClock) -> datetime:
        return now(self) + off

    def later_ms(self: SystemClock) -> int:
        return process_ms(self) + off // timedelta(milliseconds=1)

    SystemClock.now, SystemClock.process_ms = later, later_ms  # type: ignore[method-assign]


def newer() -> None:
    from hub.codec import wire
    from hub.codec.catalogue import schema_id

    wire._parsed[9999] = wire._parsed[schema_id("hub.record")]


if __name__ == "__main__":
    clocks = {"fast": partial(off_by, 2), "slow": partial(off_by, -2)}
    guards = {
        "offsets": offsets,
        "ask": ask,
        "references": references,
        "events": events,
        "sent": sent,
        "newer": newer,
    } | clocks
    guards[sys.argv.pop(1)]()
    main()

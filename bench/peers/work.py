"""The work that every peer does: open and judge with the hub's own adjudicator, and the hub's own headers."""

import json
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select

from hub import settings
from hub.bootstrap import Hub
from hub.clock import SystemClock
from hub.pipeline.verify import Adjudicator, Judged, Marks
from hub.ports import Batch, DamagedKey, KeyVault, LogRecord, Outgoing
from hub.privacy.opening import Opener
from hub.privacy.tables import data_key

KIND = "licence.business"
SOURCE = f"{KIND}.received"
VERIFIED, REJECTED = f"{KIND}.verified", f"{KIND}.rejected"
GROUP = os.environ.get("BENCH_GROUP", "")
BROKER = os.environ.get("BENCH_BROKER", "")


class Record(NamedTuple):
    """A record as the hub's port has it, for clients whose own is shaped differently."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class KeysInMemory:
    """Every key of the vault, read at once: for engines that hand out one record at a time, and would otherwise wait
    for the database at each."""

    def __init__(self, hub: Hub) -> None:
        with hub.vault._store.read() as connection:
            ids = [bytes(one) for one in connection.execute(select(data_key.c.id)).scalars()]
        self._keys = dict(zip(ids, hub.vault.open_keys(ids), strict=True))

    def open_keys(self, ids: Sequence[bytes]) -> list[bytes | DamagedKey | None]:
        return [self._keys.get(one) for one in ids]


class Work:
    """Judges batches. ``in_memory``: with every key at hand (see ``KeysInMemory``)."""

    def __init__(self, in_memory: bool = False) -> None:
        hub = Hub(settings.load(), SystemClock())
        opener = Opener(_only_opens(KeysInMemory(hub))) if in_memory else hub.opener
        self._adjudicator, self._clock = Adjudicator(opener, hub.connectors.trusted), hub.clock

    def judge(self, partition: int, records: Sequence[LogRecord]) -> list[Outgoing]:
        """What becomes of records of one partition, in order."""
        now, batch = self._clock.now(), Batch(SOURCE, partition, records)
        marks = Marks(now)
        judged = self._adjudicator.judge(records, now, KIND)
        return [
            marks.rejected(batch, record, one, record.key, record.value)
            if one.reasons
            else marks.verified(batch, record, one)
            for record, one in zip(records, judged, strict=True)
        ]


def _only_opens(keys: Any) -> KeyVault:
    return keys  # type: ignore[no-any-return]


def stamped() -> None:
    """Have the moment of the first record, and the processor time until then, written beside ``$BENCH_STAMP``."""
    judge = Adjudicator.judge

    def first(self: Adjudicator, records: Sequence[LogRecord], *rest: Any) -> list[Judged]:
        if records:
            at = {"at": time.time(), "cpu": time.process_time()}
            stamp = Path(f"{os.environ['BENCH_STAMP']}.{os.getpid()}")
            stamp.with_name(stamp.name + ".new").write_text(json.dumps(at), "utf-8")
            stamp.with_name(stamp.name + ".new").rename(stamp)
            Adjudicator.judge = judge  # type: ignore[method-assign]
        return judge(self, records, *rest)

    Adjudicator.judge = first  # type: ignore[assignment,method-assign]


def text_headers(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """For engines whose headers are a mapping to text."""
    return {name: value.decode() for name, value in headers}


if "BENCH_STAMP" in os.environ:
    stamped()

"""Reread: reads chosen rows from their source again, beside its feed, whose cursor stays where it is.

For rows that the hub missed (``hub reconcile`` names them), and for rows that the owner corrected without a new time. A
row whose content the tables have as the newest of that row is not sent again.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import select

from hub.connect.host.guard import GuardedSource
from hub.ingest.dropped import DroppedColumns
from hub.ingest.feed import portions
from hub.parts import Parts
from hub.ports import Cursor, Extent, Writer
from hub.privacy.sealing import SealedRow
from hub.records.tables import RANK, record
from hub.topics.received import Envelopes


class Reread(NamedTuple):
    """The result so far. ``read``: rows that the source gave. ``sent``: rows that are new here, sent to verify.
    ``unchanged``: the hub has them so. ``missing``: keys for which the source has no row."""

    read: int = 0
    sent: int = 0
    unchanged: int = 0
    missing: int = 0


def reread(
    parts: Parts, source: GuardedSource, extent: Extent, dry_run: bool, progress: Callable[[Reread], None]
) -> Reread:
    """Read the rows in ``extent`` and send what is new. ``progress`` is called with the sums so far. Safe to run again
    after an interruption. Raises as ``GuardedSource.read``, ``RecordLog.writer`` and ``Writer.commit`` do."""
    writer = None if dry_run else parts.log.writer(f"reread.{source.context.info.name}")
    total, cursor, more = Reread(missing=len(extent.keys)), None, True
    try:
        while more:
            total, cursor, more = _page(parts, source, extent, cursor, writer, total)
            progress(total)
            if writer and (dropped := source.context.dropped.take()):
                DroppedColumns(parts.store).add(source.context.info.name, dropped)
    finally:
        if writer:
            writer.close()
    return total


def _page(
    parts: Parts, source: GuardedSource, extent: Extent, cursor: Cursor | None, writer: Writer | None, total: Reread
) -> tuple[Reread, Cursor, bool]:
    info = source.context.info
    page = source.read(extent, cursor)
    sealed = parts.sealer.seal_page(info, page.rows, parts.clock.now_ms()) if page.rows else []
    newest = _newest(parts, sealed)
    fresh = [one for one in sealed if newest.get(one.row_id) != one.record_id]
    if writer and fresh:
        envelopes = Envelopes(info.name, parts.partitions, parts.clock.now())
        for part in portions(fresh):
            writer.commit([envelopes.message(one) for one in fresh[part]])
    found = len({_trimmed(row.key) for row in page.rows} & {_trimmed(key) for key in extent.keys})
    read, unchanged = len(page.rows), len(sealed) - len(fresh)
    total = Reread(total.read + read, total.sent + len(fresh), total.unchanged + unchanged, total.missing - found)
    return total, page.cursor, page.more


def _trimmed(key: str) -> str:
    """A key without the blanks that a column of fixed length (CHAR) has after each part: a table finds it so too."""
    return "/".join(part.rstrip(" ") for part in key.split("/"))


def _newest(parts: Parts, sealed: Sequence[SealedRow]) -> dict[bytes, bytes]:
    """Row's id → the newest record of it that the tables have, verified or not."""
    columns = [record.c[name] for name in ("row_id", *RANK)]
    query = select(*columns).where(record.c.row_id.in_([one.row_id for one in sealed]))
    with parts.store.read() as connection:
        rows = sorted(connection.execute(query), key=lambda row: tuple(row[1:]))
    return {bytes(row.row_id): bytes(row.record_id) for row in rows}

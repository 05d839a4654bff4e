"""One source's feed: fetch → drop what was seen → seal → commit records and cursor as one → remember.

Crash windows: ``ingest.sealed`` (sealed, nothing durable: the same rows are fetched again) and ``ingest.committed``
(durable, not yet remembered as seen: rows may come once more, under the same record id). In neither is a row lost or
the cursor ahead of it (P1).
"""

from collections.abc import Sequence
from typing import NamedTuple

from hub.connect.host.guard import GuardedSource
from hub.crash import crash_point
from hub.ingest.deletions import Deletions
from hub.ingest.seen import News, SeenRow, StoredSeen
from hub.parts import Parts
from hub.ports import Cursor, SourceRow, Writer
from hub.privacy.sealing import SealedRow
from hub.topics import cursors
from hub.topics.declared import CURSORS
from hub.topics.received import Envelopes

_CURSOR_EVERY_S = 60.0


class Taken(NamedTuple):
    """What one step brought: rows committed, and whether the source has more right now."""

    rows: int
    more: bool


class Feed:
    """A feed from its durable cursor on. Belongs to one thread; after any exception make a new one."""

    def __init__(self, source: GuardedSource, parts: Parts) -> None:
        self._source = source
        self._info = source.context.info
        self._parts = parts
        self._seen = StoredSeen(parts.store, parts.seen_key)
        self._deletions = Deletions(parts.log, parts.store, parts.opener, self._seen)
        self._partitions = parts.log.topics()[CURSORS]
        self._writer: Writer = parts.log.writer(f"ingest.{self._info.name}")
        # Only now: what the earlier owner had under way is either durable or aborted.
        self._cursor = self._durable = cursors.newest(parts.log, self._info.name)
        self._durable_s = parts.clock.monotonic_s()

    def step(self) -> Taken:
        """Take one page. Raises ``Unavailable`` with nothing lost, ``Fenced`` when another process has the source."""
        page = self._source.fetch(self._cursor)
        if page.complete_since is None:
            return Taken(self._take(page.rows, page.cursor), page.more)
        # The cursor passes the reload's end only with its deletions.
        rows = self._take(page.rows, self._cursor)
        deleted, pending = self._vanished(page.cursor, page.complete_since)
        return Taken(rows + deleted, page.more or (pending and deleted > 0))

    def move(self, cursor: Cursor | None) -> None:
        """Go on at ``cursor`` (``None``: the beginning), durably."""
        self._commit((), cursor)
        self._cursor = cursor

    def _take(self, rows: Sequence[SourceRow], cursor: Cursor | None) -> int:
        """Commit what is new of ``rows`` with ``cursor``; returns how many that were."""
        news = self._seen.news(self._info.name, rows) if self._info.remembers else News(rows, (), ())
        sealed = self._seal(news.rows)
        if sealed or self._cursor_is_due(cursor):
            self._commit(sealed, cursor)
        self._cursor = cursor
        if self._info.remembers:
            marks = [_known(*one) for one in zip(news.marks, sealed, strict=True)]
            self._seen.remember(self._info.name, [*marks, *news.unchanged])
        return len(sealed)

    def _vanished(self, cursor: Cursor, since: int) -> tuple[int, bool]:
        """Report what a full reload left out; returns how many, and whether more are to come."""
        found = self._deletions.find(self._info.name, since, self._source.context.limits.vanish_share_max)
        after = self._cursor if found.pending else cursor
        sealed = self._seal(found.rows)
        if sealed:
            self._commit(sealed, after)
        self._cursor = after
        self._seen.forget(self._info.name, found.forget)
        return len(sealed), found.pending

    def _seal(self, rows: Sequence[SourceRow]) -> list[SealedRow]:
        sealed = self._parts.sealer.seal_page(self._info, rows, self._parts.clock.now_ms()) if rows else []
        if sealed:
            crash_point("ingest.sealed")
        return sealed

    def _commit(self, sealed: Sequence[SealedRow], cursor: Cursor | None) -> None:
        """Records and cursor in one transaction (P1)."""
        now = self._parts.clock.now()
        envelopes = Envelopes(self._info.name, self._partitions, now)
        moved = cursors.message(self._info.name, cursor, self._partitions, self._parts.clock.now_ms())
        self._writer.commit([*envelopes.page(sealed, cursor), moved])
        crash_point("ingest.committed")
        self._durable, self._durable_s = cursor, self._parts.clock.monotonic_s()

    def _cursor_is_due(self, cursor: Cursor | None) -> bool:
        """A cursor that moved over nothing new is made durable once a minute: losing it costs a second look."""
        return cursor != self._durable and self._parts.clock.monotonic_s() - self._durable_s > _CURSOR_EVERY_S

    def close(self) -> None:
        self._writer.close()


def _known(mark: SeenRow, sealed: SealedRow) -> SeenRow:
    return mark._replace(row_id=sealed.row_id, record_id=sealed.record_id) if sealed.readable else mark

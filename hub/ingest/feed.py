"""The feed of one source: fetch → drop seen rows → seal → commit records and cursor together → remember the rows.

Crash points: ``ingest.sealed`` (nothing is durable: the same rows are fetched again) and ``ingest.committed`` (durable,
but not stored as seen: rows may come again, with the same record id). At neither a row is lost, or the cursor is ahead
of the rows (P1).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from hub.connect.host.guard import GuardedSource
from hub.crash import crash_point
from hub.ingest.deletions import Deletions
from hub.ingest.seen import News, SeenRow, StoredSeen
from hub.parts import Parts
from hub.ports import Cursor, Page, SourceRow, Writer
from hub.privacy.sealing import SealedRow
from hub.topics import cursors
from hub.topics.declared import CURSORS
from hub.topics.received import Envelopes

_CURSOR_EVERY_S = 60.0
COMMIT_BYTES_MAX = 16 << 20
"""Most bytes of values in one transaction: a page of large records would take longer than a broker waits."""


class Taken(NamedTuple):
    """The result of one step: the number of committed rows, whether the source has more now, its remark, and the number
    of rows on its page, repeats included."""

    rows: int
    more: bool
    remark: str = ""
    read: int = 0


class Feed:
    """A feed that starts at its durable cursor. Belongs to one thread. After an exception, make a new one unless it is
    ``intact``: then the source failed, and nothing was begun with its page.

    Creating it fences the earlier owner of the source.
    """

    def __init__(self, source: GuardedSource, parts: Parts) -> None:
        self._source = source
        self._info = source.context.info
        self._parts = parts
        self._seen = StoredSeen(parts.store, parts.seen_key)
        self._deletions = Deletions(parts.log, parts.store, parts.opener, self._seen)
        self._partitions = parts.log.topics()[CURSORS]
        self._writer: Writer = parts.log.writer(f"ingest.{self._info.name}")
        # Read after the writer is open: then the earlier owner's last transaction is either durable or aborted.
        self._cursor = self._durable = cursors.newest(parts.log, self._info.name)
        self._durable_s = parts.clock.monotonic_s()
        self.intact = True

    @property
    def current(self) -> bool:
        """Whether the source is as it was when the feed began: it was not reloaded."""
        return self._source.context.info is self._info

    def step(self) -> Taken:
        """Take one page. Raises ``Unavailable``, with nothing lost, ``Fenced`` when another process has the source, and
        as ``Source.fetch`` does."""
        page = self._source.fetch(self._cursor)
        if not self.current:
            return Taken(0, True, page.remark, len(page.rows))  # mapped by what is not in force any more
        self.intact = False
        taken = self._taken(page)
        self.intact = True
        return taken

    def _taken(self, page: Page) -> Taken:
        if page.complete_since is None:
            return Taken(self._take(page.rows, page.cursor), page.more, page.remark, len(page.rows))
        # The cursor moves past the end of the reload only together with its deletions.
        rows = self._take(page.rows, self._cursor)
        deleted, pending = self._vanished(page.cursor, page.complete_since)
        return Taken(rows + deleted, page.more or (pending and deleted > 0), page.remark, len(page.rows))

    def move(self, cursor: Cursor | None) -> None:
        """Continue at ``cursor`` (``None``: the beginning). Durable on return."""
        self._commit((), cursor)
        self._cursor = cursor

    def _take(self, rows: Sequence[SourceRow], cursor: Cursor | None) -> int:
        """Commit the new ones of ``rows`` with ``cursor``. Returns how many."""
        news = News(rows, (), ())
        if self._info.remembers:
            news = self._seen.news(self._info.name, rows, in_place=self._info.transport == "table")
        sealed = self._seal(news.rows)
        marks = [_known(*one) for one in zip(news.marks, sealed, strict=True)] if self._info.remembers else []
        *earlier, last = portions(sealed)
        for part in earlier:
            # Of a large page the cursor moves with the last part only.
            self._commit(sealed[part], self._cursor)
            self._remember(marks[part])
        if sealed or self._cursor_is_due(cursor):
            self._commit(sealed[last], cursor)
        self._cursor = cursor
        self._remember([*marks[last], *news.unchanged])
        return len(sealed)

    def _remember(self, marks: Sequence[SeenRow]) -> None:
        if self._info.remembers:
            self._seen.remember(self._info.name, marks)

    def _vanished(self, cursor: Cursor, since: int) -> tuple[int, bool]:
        """Commit the deletions of a full reload. Returns how many, and whether more follow."""
        share_max, now_ms = self._source.context.limits.vanish_share_max, self._parts.clock.process_ms()
        found = self._deletions.find(self._info.name, since, share_max, now_ms)
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
        """Whether to commit a cursor without rows: once a minute. If it is lost, some rows are fetched again."""
        return cursor != self._durable and self._parts.clock.monotonic_s() - self._durable_s > _CURSOR_EVERY_S

    def close(self) -> None:
        """Close the writer. Commits nothing."""
        self._writer.close()


def portions(sealed: Sequence[SealedRow]) -> list[slice]:
    """The rows in parts of at most ``COMMIT_BYTES_MAX`` bytes, or one row; at least one part."""
    starts, size = [0], 0
    for at, row in enumerate(sealed):
        size += len(row.value)
        if size > COMMIT_BYTES_MAX and at > starts[-1]:
            starts.append(at)
            size = len(row.value)
    return [slice(*ends) for ends in pairwise([*starts, len(sealed)])]


def _known(mark: SeenRow, sealed: SealedRow) -> SeenRow:
    return mark._replace(row_id=sealed.row_id, record_id=sealed.record_id) if sealed.readable else mark

"""Batches of a folder as a ``Source``.

Batches are taken in the order of their numbers, each only when its file is complete, is the one that its manifest was
signed for, and can be read to its end: all of its rows are taken, or none. A batch that is missing while a later one is
there stops the feed; so does one that is refused. The feed continues by itself when the folder is right again. What
is not finished is left alone. The folder is only read: the cursor is the only state.

    {"next": 12}                                 the batch 12 is not begun
    {"next": 12, "row": 500, "sha256": "9f…"}    500 rows are taken; another file under 12 is read from its first row
"""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from threading import Lock

from hub.clock import CHINA
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.files.batch import Line, check, lines
from hub.connect.files.inbox import Absent, Inbox, Looked, Opened
from hub.connect.files.manifest import Manifest, check_manifest
from hub.connect.files.rows import Rows
from hub.connect.files.spec import FilesSpec
from hub.connect.trust import TrustedKeys
from hub.errors import Misconfigured, RecordRejected, Unavailable
from hub.ports import Cursor, DayCount, Extent, LookupQuery, Page, SourceRow, Stored


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the feed is: in the batch ``next``, after ``row`` rows of the file with this digest."""

    next: int
    row: int = 0
    sha256: str = ""

    @classmethod
    def at(cls, cursor: Cursor | None, first: int) -> "_Place":
        if not cursor:
            return cls(first)
        try:
            return cls(int(cursor["next"]), int(cursor.get("row", 0)), str(cursor.get("sha256", "")))
        except (KeyError, TypeError, ValueError):
            raise Misconfigured("the cursor is none of a folder", 'set it to {"next": NUMBER}') from None

    def cursor(self) -> Cursor:
        return {"next": self.next, "row": self.row, "sha256": self.sha256} if self.row else {"next": self.next}


class _Reading:
    """A batch that is being read: after ``place`` come ``rows``."""

    def __init__(self, place: _Place, opened: Opened, rows: Iterator[Line], stack: ExitStack) -> None:
        self.place, self._opened, self.rows, self._stack = place, opened, rows, stack

    def changed(self) -> bool:
        return self._opened.changed()

    def close(self) -> None:
        self._stack.close()


class FilesSource:
    """``Source`` on a folder. Safe for use by several threads: they take turns."""

    def __init__(
        self, folder: str, sender: str, trusted: TrustedKeys, first: int, spec: FilesSpec, context: Context
    ) -> None:
        self._name = context.info.name
        self._inbox = Inbox(self._name, folder)
        self._sender, self._trusted, self._first = sender, trusted, first
        self._spec, self._context = spec, context
        self._rows = Rows(spec, context.info.columns)
        self._reading: _Reading | None = None
        self._lock = Lock()

    def fetch(self, cursor: Cursor | None) -> Page:
        place = _Place.at(cursor, self._first)
        with self._lock:
            looked = self._inbox.look()
            try:
                manifest = self._turn(looked, place.next)
                if manifest is None:
                    return Page([], place.cursor(), False, remark=looked.remark())
                return self._page(manifest, place, looked)
            except Absent as waits:
                return Page([], place.cursor(), False, remark=str(waits))

    def look_up(self, query: LookupQuery) -> Page:
        raise RecordRejected("LOOKUP_UNSUPPORTED", detail=f"{self._name} has no look-up by {query.by}")

    def remap(self, stored: Stored) -> SourceRow:
        """The row, mapped again from its bytes."""
        mapped = row_of(self._context, self._rows.stored(stored))
        return replace(mapped, key=stored.key, version=stored.version, raw=stored.raw, proof=stored.proof)

    def read(self, extent: Extent, cursor: Cursor | None) -> Page:
        """Rows of ``extent`` in the batches that are in the folder, beside the feed; a page is about one batch. Without
        keys the rows of batches that were made in that time."""
        place = _Place.at(cursor, 1)
        with self._lock:
            batches = [one for one in self._signed() if one.sequence >= place.next]
            if not batches:
                return Page([], place.cursor(), False)
            first = batches[0]
            begin = place.row if first.sequence == place.next else 0
            rows, end = self._chosen(first, extent, begin)
            after = _Place(first.sequence, end, first.sha256) if end < first.rows else _Place(first.sequence + 1)
            return Page(rows, after.cursor(), end < first.rows or len(batches) > 1)

    def total(self) -> int | None:
        """The rows of all batches that are in the folder."""
        with self._lock:
            return sum(one.rows for one in self._signed())

    def day(self, day: date) -> DayCount:
        """The rows of the batches that were made on ``day``. Raises ``Unavailable`` while one is not complete."""
        begin = datetime(day.year, day.month, day.day, tzinfo=CHINA)
        with self._lock:
            made = [one for one in self._signed() if begin <= one.made < begin + timedelta(days=1)]
            found = (row for one in made for row in self._all(one))
            return DayCount(day, frozenset(f"{row.key}#{row.version}" for row in found if row.key and row.version))

    def close(self) -> None:
        with self._lock:
            self._let_go()

    # ---- whose turn it is ------------------------------------------------------------------------------------------

    def _turn(self, looked: Looked, number: int) -> Manifest | None:
        """The batch ``number``, checked; ``None`` when it has not come. Raises ``Misconfigured`` for a gap."""
        found = looked.batches.get(number, [])
        if len(found) > 1:
            raise Misconfigured(
                f"{self._name}: {len(found)} manifests have the number {number}", "take all but one out of the folder"
            )
        if not found:
            self._check_gap(looked, number)
            return None
        try:
            check_manifest(found[0], self._sender, self._trusted)
        except Misconfigured as wrong:
            raise Misconfigured(f"{self._name}: {wrong.what}", wrong.remedy) from None
        return found[0]

    def _check_gap(self, looked: Looked, number: int) -> None:
        """Only a batch that was signed says that another one is missing."""
        for later in sorted(sequence for sequence in looked.batches if sequence > number):
            if any(map(self._is_signed, looked.batches[later])):
                raise Misconfigured(
                    f"{self._name}: batch {number} is missing, and batch {later} is there",
                    f"ask the sender for batch {number}; if it was never made, for one of that number without rows",
                )

    def _is_signed(self, manifest: Manifest) -> bool:
        try:
            check_manifest(manifest, self._sender, self._trusted)
        except Misconfigured:
            return False
        return True

    # ---- rows ------------------------------------------------------------------------------------------------------

    def _page(self, manifest: Manifest, place: _Place, looked: Looked) -> Page:
        if place.sha256 != manifest.sha256:
            place = _Place(place.next)
        reading = self._at(manifest, place)
        taken = self._taken(reading)
        if taken is None:
            self._let_go()
            raise Unavailable(f"{self._name}: the file of batch {manifest.sequence} was written while it was read")
        after = _Place(place.next, place.row + len(taken), manifest.sha256)
        if after.row >= manifest.rows or not taken:
            after = _Place(place.next + 1)
            self._let_go()
        else:
            reading.place = after
        rows = [row_of(self._context, self._rows.declared(place.next, *line)) for line in taken]
        more = after.row > 0 or any(number >= after.next for number in looked.batches)
        return Page(rows, after.cursor(), more, remark=looked.remark())

    def _taken(self, reading: _Reading) -> list[Line] | None:
        """The next rows, ``None`` when the file is not the one that was checked."""
        try:
            taken = list(islice(reading.rows, self._context.limits.page_rows))
        except RecordRejected:
            return None
        return None if reading.changed() else taken

    def _at(self, manifest: Manifest, place: _Place) -> _Reading:
        """The batch, to read on at ``place``. What is open there is used again."""
        if self._reading and self._reading.place == place and not self._reading.changed():
            return self._reading
        self._let_go()
        with ExitStack() as stack:
            opened = stack.enter_context(self._inbox.open(manifest))
            check(opened.stream, manifest, self._spec, self._name)
            rows = stack.enter_context(closing(lines(opened.stream, manifest, self._spec)))
            self._reading = _Reading(place, opened, islice(rows, place.row, None), stack.pop_all())
        return self._reading

    def _let_go(self) -> None:
        reading, self._reading = self._reading, None
        if reading:
            reading.close()

    # ---- beside the feed -------------------------------------------------------------------------------------------

    def _signed(self) -> list[Manifest]:
        """The batches that their sender signed, in their order."""
        found = [one for few in self._inbox.look().batches.values() for one in few]
        return sorted(filter(self._is_signed, found), key=lambda one: one.sequence)

    def _all(self, manifest: Manifest) -> Generator[DeclaredRow, None, None]:
        """All rows of a batch. Raises ``Unavailable`` when it is not complete."""
        try:
            with self._inbox.open(manifest) as opened:
                check(opened.stream, manifest, self._spec, self._name)
                for number, found in lines(opened.stream, manifest, self._spec):
                    yield self._rows.declared(manifest.sequence, number, found)
        except Absent as waits:
            raise Unavailable(str(waits)) from None

    def _chosen(self, manifest: Manifest, extent: Extent, begin: int) -> tuple[list[SourceRow], int]:
        """At most a page of the rows of ``extent`` after ``begin`` rows, and how many rows were passed."""
        wanted, found, passed = frozenset(extent.keys), list[SourceRow](), begin
        if not wanted and not _made_in(manifest, extent):
            return [], manifest.rows
        with closing(self._all(manifest)) as rows:
            for row in islice(rows, begin, None):
                passed += 1
                if not wanted or row.key in wanted:
                    found.append(row_of(self._context, row))
                if len(found) == self._context.limits.page_rows:
                    break
        return found, passed


def _made_in(manifest: Manifest, extent: Extent) -> bool:
    made_ms = manifest.made.timestamp() * 1_000
    return (extent.since_ms or 0) <= made_ms and (extent.until_ms is None or made_ms < extent.until_ms)

"""Reread: P1 (nothing is lost), P2 (nothing is doubled). The feed's cursor stays where it is."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from hub.bootstrap import Hub
from hub.grants.dropped import Dropped
from hub.ingest.dropped import DroppedColumns
from hub.pipeline.again.reread import Reread, reread
from hub.ports import Cursor, Extent, Page, SourceRow
from hub.records.tables import record, tally
from hub.topics import cursors
from hub.topics.received import Envelopes
from tests import samples
from tests.feeding import flow

KIND, NAME = "licence.property-title", "property_title"
INFO = samples.Info(NAME, KIND)


class Registry:
    """Rows by key, two on a page."""

    def __init__(self, *rows: SourceRow) -> None:
        self.rows = {row.key: row for row in rows}
        self.context = SimpleNamespace(info=INFO, dropped=Dropped())

    def read(self, extent: Extent, cursor: Cursor | None) -> Page:
        begin = int(cursor["next"]) if cursor else 0
        wanted = [row for key, row in sorted(self.rows.items()) if not extent.keys or key in extent.keys]
        return Page(wanted[begin : begin + 2], {"next": begin + 2}, begin + 2 < len(wanted))


def row(key: str, content: bytes = b"first") -> SourceRow:
    plain = samples.title(key)
    plain["unit"]["usage"] = content.decode()
    return SourceRow(key, 1, content, plain)


def feed(hub: Hub, rows: Sequence[SourceRow]) -> None:
    """As the feed of the source commits a page."""
    sealed = hub.sealer.seal_page(INFO, rows, 5)
    page = Envelopes(NAME, hub.settings.partitions, hub.clock.now()).page(sealed, {"after": 7})
    moved = cursors.message(NAME, {"after": 7}, hub.settings.partitions, 5)
    hub.log.writer(f"ingest.{NAME}").commit([*page, moved])
    flow(hub)


ALL = Extent()


def run(hub: Hub, source: Registry, extent: Extent = ALL, dry_run: bool = False) -> Reread:
    guarded: Any = source
    done = reread(hub.parts, guarded, extent, dry_run, lambda _: None)
    flow(hub)
    return done


def states(hub: Hub) -> list[tuple[str, str]]:
    with hub.store.read() as connection:
        return sorted((row.state, row.source) for row in connection.execute(select(record)))


def test_p1_rows_that_the_hub_missed_come_and_the_cursor_stays(hub: Hub) -> None:
    feed(hub, [row("a"), row("b")])
    source = Registry(row("a"), row("b"), row("c"), row("d"), row("e"))
    assert run(hub, source, dry_run=True) == Reread(read=5, sent=3, unchanged=2)
    assert len(states(hub)) == 2
    assert run(hub, source) == Reread(read=5, sent=3, unchanged=2)
    assert len(states(hub)) == 5
    assert cursors.newest(hub.log, NAME) == {"after": 7}
    assert run(hub, source) == Reread(read=5, unchanged=5)


def test_p2_a_row_that_was_corrected_without_a_new_time_is_another_content_of_its_version(hub: Hub) -> None:
    feed(hub, [row("a"), row("b")])
    source = Registry(row("a", b"corrected"), row("b"))
    assert run(hub, source, Extent(("a", "z"))) == Reread(read=1, sent=1, missing=1)
    with hub.store.read() as connection:
        line = connection.execute(select(tally)).one()
    assert (line.received, line.verified, line.duplicate, line.revised) == (3, 3, 0, 1)


def test_a_key_of_fixed_length_is_there_without_its_blanks(hub: Hub) -> None:
    """A database finds CHAR(8) by "a" and gives it with blanks."""
    padded = Registry(row("a       "))
    padded.rows["a"] = padded.rows.pop("a       ")
    assert run(hub, padded, Extent(("a",))) == Reread(read=1, sent=1)


def test_p2_an_interrupted_reread_that_runs_again_is_counted_as_duplicates(hub: Hub) -> None:
    guarded: Any = Registry(row("a"))
    for _ in range(2):
        reread(hub.parts, guarded, Extent(), False, lambda _: None)
    flow(hub)
    with hub.store.read() as connection:
        line = connection.execute(select(tally)).one()
    assert (line.received, line.verified, line.duplicate) == (2, 1, 1)


def test_p3_what_the_grant_does_not_have_is_counted_where_rows_are_sent(hub: Hub) -> None:
    source = Registry(row("a"))
    source.context.dropped.add(["phone"])
    run(hub, source, dry_run=True)
    assert DroppedColumns(hub.store).all() == {}
    run(hub, source)
    assert DroppedColumns(hub.store).all() == {NAME: {"phone": 1}}

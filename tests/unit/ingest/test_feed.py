"""A feed by its pages: P1 (what a source gives is on the topic, also other content of a known version), P2 (once)."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from hub.bootstrap import Hub, open_hub
from hub.codec import wire
from hub.connect.host.registry import find
from hub.connect.spec import Limits
from hub.ingest.feed import Feed
from hub.ports import Cursor, Fault, Outgoing, Page, SourceRow
from hub.privacy.sealing import RAW_BYTES_MAX
from hub.records.tables import current
from hub.topics import cursors
from tests import samples
from tests.feeding import ids, received, settings

KIND, NAME = "licence.property-title", "property_title"


class Paged:
    """A source that gives the pages it is told to."""

    def __init__(self) -> None:
        self.context = SimpleNamespace(info=find(NAME).info, limits=Limits())
        self.pages: list[Page] = []

    def fetch(self, cursor: Cursor | None) -> Page:
        return self.pages.pop(0) if self.pages else Page((), dict(cursor or {}), False)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = open_hub(settings(tmp_path, {}))
    yield hub
    hub.close()


@pytest.fixture
def source() -> Paged:
    return Paged()


@pytest.fixture
def feed(hub: Hub, source: Paged) -> Iterator[Feed]:
    guarded: Any = source
    feed = Feed(guarded, hub.parts)
    yield feed
    feed.close()


def title(raw: bytes, version: int = 1, key: str = "T1") -> SourceRow:
    return SourceRow(key, version, raw, samples.title(key, version))


def take(feed: Feed, source: Paged, *rows: SourceRow, since: int | None = None) -> int:
    source.pages = [Page(rows, {"at": 1}, False, since)]
    return feed.step().rows


def envelopes(hub: Hub) -> list[dict[str, Any]]:
    return [wire.decode(record.value or b"")[1] for record in received(hub, KIND)]


def test_p1_other_content_under_one_version_is_a_record_of_its_own(hub: Hub, source: Paged, feed: Feed) -> None:
    assert take(feed, source, title(b"one")) == 1
    assert take(feed, source, title(b"one")) == 0
    assert take(feed, source, title(b"two")) == 1
    assert take(feed, source, title(b"one")) == 1  # it was taken back: the same record, read again
    found = ids(hub, KIND)
    assert sorted(found.values()) == [1, 2]
    assert len({envelope["row_id"] for envelope in envelopes(hub)}) == 1
    read_at = [envelope["read_at_ms"] for envelope in envelopes(hub)]
    assert read_at == sorted(read_at)


def test_p1_a_row_too_large_to_store_is_told_with_its_size_and_its_neighbour_goes_on(
    hub: Hub, source: Paged, feed: Feed
) -> None:
    large = title(bytes(RAW_BYTES_MAX + 1), key="large")
    assert take(feed, source, large, title(b"raw")) == 2
    unreadable, record = sorted(envelopes(hub), key=lambda envelope: "parts" in envelope)
    assert (unreadable["faults"], unreadable["size"]) == ([{"code": "TOO_LARGE", "field": ""}], RAW_BYTES_MAX + 1)
    assert len(unreadable["digest"]) == 32 and "parts" in record
    assert take(feed, source, large) == 0


def test_an_unreadable_row_that_can_be_read_later_has_the_id_that_it_had(hub: Hub, source: Paged, feed: Feed) -> None:
    """As after `hub connectors offsets NAME --reset --forget`, with a corrected mapping."""
    take(feed, source, SourceRow("T1", 1, b"raw", None, (Fault("SHAPE_TYPE", "unit.usage"),)))
    feed._seen.forget(NAME)
    take(feed, source, title(b"raw"))
    assert list(ids(hub, KIND).values()) == [2]


def test_p1_a_deleted_row_may_come_back_under_the_version_of_its_deletion(hub: Hub, source: Paged, feed: Feed) -> None:
    stages = [hub.task(name)() for name in ("verify", "project")]

    def flow() -> None:
        while sum(stage.step() for stage in stages):
            pass

    take(feed, source, title(b"gone", 1), title(b"stays", 1, "T2"))
    flow()
    reload = hub.clock.process_ms() + 60_000
    take(feed, source, title(b"stays", reload, "T2"), since=reload)
    flow()
    assert operations(hub) == ["DELETE", "UPSERT"]
    take(feed, source, title(b"gone", reload))
    flow()
    assert operations(hub) == ["UPSERT", "UPSERT"]
    for stage in stages:
        stage.close()


def operations(hub: Hub) -> list[str]:
    with hub.store.read() as connection:
        return sorted(connection.execute(select(current.c.operation)).scalars())


def test_p1_a_page_of_many_large_rows_is_committed_in_parts_and_the_cursor_moves_with_the_last(
    hub: Hub, source: Paged, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction of all of them would take longer than a broker waits, again at each attempt."""
    monkeypatch.setattr("hub.ingest.feed.COMMIT_BYTES_MAX", 2_000_000)
    rows = [title(b"%d" % n + b"x" * 700_000, key=f"T{n}") for n in range(7)]
    sizes: list[int] = []
    commit = feed._writer.commit

    def counted(outgoing: Any) -> None:
        sizes.append(sum(len(one.value or b"") for one in outgoing))
        if len(sizes) == 3:
            raise RuntimeError("killed between two parts")
        commit(outgoing)

    monkeypatch.setattr(feed._writer, "commit", counted)
    with pytest.raises(RuntimeError):
        take(feed, source, *rows)
    assert max(sizes) < 2_100_000
    assert cursors.newest(hub.log, NAME) is None
    assert take(feed, source, *rows) == 3
    assert cursors.newest(hub.log, NAME) == {"at": 1}
    assert sorted(ids(hub, KIND).values()) == [1] * 7


def test_p1_a_cursor_that_another_program_wrote_stops_no_feed(hub: Hub, source: Paged, feed: Feed) -> None:
    take(feed, source, title(b"one"))
    partition = cursors.partition_of_source(NAME, hub.settings.partitions)
    writer = hub.log.writer("foreign")
    writer.commit([Outgoing(cursors.CURSORS, partition, NAME.encode(), value, (), 1) for value in (b"", b"\xff{")])
    assert cursors.newest(hub.log, NAME) == {"at": 1}

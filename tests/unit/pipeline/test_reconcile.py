"""Reconcile: P1 (nothing is lost): each key of the source's day has a state, and one that never came is named."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

from hub.bootstrap import Hub
from hub.codec import wire
from hub.connect.host.registry import find
from hub.ingest.seen import StoredSeen
from hub.pipeline.reconcile import MISSING, REJECTED, UNCHANGED, VERIFIED, Reconciliation, compare, reconcile
from hub.ports import NAMELESS, DayCount, Fault, SourceRow
from hub.privacy.sealing import RAW_BYTES_MAX
from hub.topics.received import Envelopes
from tests import samples
from tests.grants import granted

KIND, NAME = "licence.property-title", "property_title"


class Counting:
    """A source that only counts its day."""

    def __init__(self, *keys: str) -> None:
        self._keys = frozenset(keys)

    def day(self, day: date) -> DayCount:
        return DayCount(day, self._keys)


def row(key: str, raw: bytes = b"raw", good: bool = True, **more: Any) -> SourceRow:
    return SourceRow(key, 1, raw, samples.title(key) | ({} if good else {"status": "UNKNOWN"}), **more)


def unreadable(key: str, raw: bytes = b"raw", version: int = 1) -> SourceRow:
    return SourceRow(key, version, raw, None, (Fault("UNREADABLE"),))


def receive(hub: Hub, *rows: SourceRow) -> None:
    """Seal rows and put them on the topic as ingest does, then let verify and project work."""
    sealed = hub.sealer.seal_page(find(NAME).info, rows, hub.clock.now_ms())
    writer = hub.log.writer("test")
    writer.commit(Envelopes(NAME, hub.settings.partitions, hub.clock.now()).page(sealed, {}))
    writer.close()
    for name in ("verify", "project"):
        stage = hub.task(name)()
        while stage.step():
            pass
        stage.close()


def account(hub: Hub, *keys: str) -> Reconciliation:
    source: Any = Counting(*keys)
    yesterday = date.fromordinal(hub.clock.now().date().toordinal() - 1)
    return compare(source, find(NAME).info, yesterday, hub.parts)


def test_p1_a_key_that_never_came_is_missing_and_a_bad_one_says_why(hub: Hub) -> None:
    receive(hub, row("a"), row("b", good=False))
    seen = StoredSeen(hub.store, hub.seen_key)
    seen.remember(NAME, seen.news(NAME, [SourceRow("d", 2, b"as it was", samples.title("d"))]).marks)
    found = account(hub, "a#1", "b#1", "c#1", "d#2")
    assert [(line.key, line.state, line.code) for line in found.lines] == [
        ("a#1", VERIFIED, ""),
        ("b#1", REJECTED, "STATUS_UNKNOWN"),
        ("c#1", MISSING, ""),
        ("d#2", UNCHANGED, ""),
    ]
    assert not found.complete
    assert "a#1" not in repr(found)


def test_p1_a_row_whose_bytes_are_not_stored_is_not_missing(hub: Hub) -> None:
    receive(hub, row("large", bytes(RAW_BYTES_MAX + 1)), unreadable("garbage"))
    found = account(hub, "large#1", "garbage#1")
    assert [(line.state, line.code) for line in found.lines] == [(REJECTED, "UNREADABLE"), (REJECTED, "TOO_LARGE")]


def test_p5_a_key_is_found_after_its_subject_was_erased(hub: Hub) -> None:
    receive(hub, row("a"))
    value = next(iter(hub.log.scan(f"{KIND}.received", 0))).records[0].value
    hub.vault.erase(wire.decode(value or b"")[1]["parts"][1]["subject_id"])
    assert account(hub, "a#1").complete


def test_a_row_without_a_readable_key_is_counted(hub: Hub) -> None:
    receive(hub, unreadable(f"{NAMELESS}00", version=0), unreadable("another"))
    found = account(hub, "a#1")
    assert (found.unreadable, found.count(MISSING)) == (1, 1)


def test_contents_of_one_version_are_one_key_and_the_verified_one_counts(hub: Hub) -> None:
    receive(hub, row("a", b"one", good=False), row("a", b"two"), row("a", b"two", reading=1, read_at_ms=5))
    found = account(hub, "a#1")
    assert [(line.state, line.code) for line in found.lines] == [(VERIFIED, "")]
    assert (found.revised, found.readings) == (1, 1)


def test_the_account_names_the_grant_under_which_the_source_is_read(hub: Hub) -> None:
    class Opened(Counting):
        def close(self) -> None: ...

    given = {
        "open_source": lambda _: Opened("a#1"),
        "sources": {NAME: find(NAME).info},
        "grants": {NAME: granted(NAME)},
    }
    connectors: Any = SimpleNamespace(**given)
    found = reconcile(NAME, date(2024, 1, 2), replace(hub.parts, connectors=connectors))
    assert (found.grant, found.count(MISSING)) == ("津数共享〔2021〕2号", 1)

"""The certification kit finds each defect that it names: a connector that passes can be run."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from hub.connect import kit
from hub.connect.mapping import Reader, to_row
from hub.connect.spec import ConnectorInfo
from hub.errors import RecordRejected
from hub.ports import Cursor, DayCount, Fault, LookupQuery, Page, SourceRow


def row(number: int, **changes: Any) -> SourceRow:
    record = {
        "source": {"system": "sample", "key": str(number), "version": 1, "operation": "UPSERT"},
        "assurance": "SIGNED_RESPONSE",
    }
    return replace(SourceRow(str(number), 1, b"raw", record, (), b"proof"), **changes)


class Pages:
    """A source with these rows, two a page."""

    def __init__(self, rows: list[SourceRow]) -> None:
        self.rows = rows

    def fetch(self, cursor: Cursor | None) -> Page:
        start = int(cursor["at"]) if cursor else 0
        taken = self.rows[start : start + 2]
        return Page(taken, {"at": start + len(taken)}, start + 2 < len(self.rows))

    def look_up(self, query: LookupQuery) -> Page:
        if not query.purpose.strip() or not query.legal_basis or query.by != "uscc":
            raise RecordRejected("UNREADABLE", "by")
        return Page(self.rows[:1], {}, False)

    def day(self, day: Any) -> DayCount:
        return DayCount(day, frozenset())

    def close(self) -> None: ...


class Stuck(Pages):
    """Its second page has a row and the cursor of the first."""

    calls = 0

    def fetch(self, cursor: Cursor | None) -> Page:
        self.calls += 1
        return Page(self.rows if self.calls < 3 else (), {"at": 1}, self.calls < 3)


class Restless(Pages):
    """Gives other bytes each time."""

    calls = 0

    def fetch(self, cursor: Cursor | None) -> Page:
        self.calls += 1
        page = super().fetch(cursor)
        return replace(page, rows=[replace(one, raw=b"%d" % self.calls) for one in page.rows])


class Forgetful(Pages):
    """Begins at the beginning when it goes on from a stored cursor."""

    def fetch(self, cursor: Cursor | None) -> Page:
        page = super().fetch(cursor)
        return replace(page, cursor={"at": page.cursor["at"], "text": "x" * 5_000})


class Open(Pages):
    def look_up(self, query: LookupQuery) -> Page:
        return Page(self.rows[:1], {}, False)


def test_a_good_source_passes(info: ConnectorInfo) -> None:
    source = Pages([row(n) for n in range(5)])
    assert len(kit.check_feed(source, info)) == 5
    kit.check_resumes(source)
    kit.check_look_up(source, info, LookupQuery("uscc", "1", "p", "b"), lambda record: True)
    assert kit.check_same_content(source, LookupQuery("uscc", "1", "p", "b")) == 1


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Stuck([row(0)]), "leaves the cursor where it was"),
        (Restless([row(0)]), "has other bytes"),
        (Forgetful([row(0)]), "under 4 kB"),
        (Pages([row(0, key="")]), "without a key"),
        (Pages([row(0, version=-1)]), "only grows from 0"),
        (Pages([row(0, raw=b"")]), "without its bytes"),
        (Pages([row(0, faults=(Fault("UNREADABLE"),))]), "a record or faults"),
        (Pages([row(0, record=None)]), "a record or faults"),
        (Pages([row(0, record=None, faults=(Fault("lower"),))]), "docs/codes.md"),
        (Pages([row(0, version=2)]), "does not name its row"),
        (Pages([row(0, proof=b"")]), "keeps the proof"),
    ],
)
def test_each_defect_is_caught_and_named(source: Pages, said: str, info: ConnectorInfo) -> None:
    with pytest.raises(AssertionError, match=said):
        kit.check_feed(source, info)


def test_a_claim_to_another_assurance_is_caught(info: ConnectorInfo) -> None:
    with pytest.raises(AssertionError, match="claims more"):
        kit.check_rows([row(0)], info.model_copy(update={"assurance": "CHANNEL_ONLY"}))


def test_p3_a_look_up_without_purpose_is_caught(info: ConnectorInfo) -> None:
    query = LookupQuery("uscc", "1", "p", "b")
    with pytest.raises(AssertionError, match="without purpose"):
        kit.check_look_up(Open([row(0)]), info, query, lambda record: True)
    with pytest.raises(AssertionError, match="was not asked for"):
        kit.check_look_up(Pages([row(0)]), info, query, lambda record: False)
    with pytest.raises(AssertionError, match="finds nothing"):
        kit.check_look_up(Pages([]), info, query, lambda record: True)


class Enveloped(Pages):
    """Its look-up leaves an envelope around the row."""

    def look_up(self, query: LookupQuery) -> Page:
        page = super().look_up(query)
        return replace(page, rows=[replace(one, raw=b"[" + one.raw + b"]") for one in page.rows])


def test_p2_a_look_up_with_other_bytes_than_the_feed_is_caught() -> None:
    query = LookupQuery("uscc", "1", "p", "b")
    with pytest.raises(AssertionError, match="two records"):
        kit.check_same_content(Enveloped([row(0)]), query)
    with pytest.raises(AssertionError, match="none of the rows"):
        kit.check_same_content(Pages([]), query)


def test_a_mapping_that_gives_up_is_caught() -> None:
    def careful(columns: Mapping[str, Any]) -> SourceRow:
        return to_row("k", 1, b"raw", lambda: {"name": Reader(columns, kit.codes_of("hub.connect")).text("a", "a")})

    kit.check_isolation(careful, {"a": "x"})
    careless: Callable[[Mapping[str, Any]], SourceRow] = lambda columns: row(len(columns["a"]))  # noqa: E731
    with pytest.raises((AssertionError, TypeError, KeyError)):
        kit.check_isolation(careless, {"a": "x"})

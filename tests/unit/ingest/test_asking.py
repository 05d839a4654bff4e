"""Questions whose answer is written nowhere: they keep to the source's quota as all others do, and what its grant does
not have is counted (P3)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.connect.host.configured import Connectors
from hub.errors import NotNow
from hub.ingest.asking import Asking
from hub.ingest.control import StoredQuota
from hub.ingest.dropped import DroppedColumns
from hub.ports import LookupQuery, Page
from hub.settings import Settings
from hub.stores.database import Database
from tests.clocks import HandClock
from tests.grants import written

NAME = "property_title"
QUERY = LookupQuery("resident-id", "1", "connection-application", "consent")
BY = {"principal": "cli:test", "client": "", "channel": ""}
CALLS = 250


class Answering:
    """A source whose rows have a column outside the grant."""

    def __init__(self, source: Any) -> None:
        self.source = source

    def look_up(self, query: LookupQuery) -> Page:
        self.source.context.granted({"phone": "1"})
        return Page([], {}, False)

    def close(self) -> None:
        """Nothing to do."""


@pytest.fixture
def asking(tmp_path: Path, store: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asking]:
    (tmp_path / "exchange.db").touch()
    tables = {NAME: {"url": f"sqlite:///{tmp_path}/exchange.db", "calls_a_day": CALLS, "rate_per_s": 10_000}}
    settings = Settings(connectors=tables, grants=written(tmp_path, [NAME]))
    found = Connectors(settings, HandClock(), StoredQuota(store))
    opens = found.open_source

    def opened(name: str) -> Any:
        source = opens(name)
        source._source.close()
        source._source = Answering(source)  # type: ignore[assignment]
        return source

    monkeypatch.setattr(found, "open_source", opened)
    made = Asking(found, store, HandClock())
    yield made
    made.close()


def test_p3_so_many_questions_are_asked_as_the_quota_has(asking: Asking, store: Database) -> None:
    """A source that was opened for each question would use a block of the quota for each."""
    for _ in range(CALLS):
        asking.ask(NAME, QUERY, BY)
    with pytest.raises(NotNow):
        asking.ask(NAME, QUERY, BY)
    assert DroppedColumns(store).all() == {NAME: {"phone": CALLS}}

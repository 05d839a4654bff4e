"""A clock that is moved by hand, a context, and a store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.connect import state
from hub.connect.context import Context
from hub.connect.spec import ConnectorInfo, Limits, Title
from hub.stores.database import Database


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
        self._s = 1_000.0

    def now(self) -> datetime:
        return self._now

    def now_ms(self) -> int:
        return int(self._now.timestamp() * 1000)

    def monotonic_s(self) -> float:
        return self._s

    def pass_s(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._s += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def info() -> ConnectorInfo:
    return ConnectorInfo(
        name="sample",
        kind="licence.business",
        title=Title(zh="样例", en="Sample"),
        direction="source",
        transport="rest",
        assurance="SIGNED_RESPONSE",
        lookup_by=("uscc",),
    )


@pytest.fixture
def context(info: ConnectorInfo, clock: HandClock) -> Context:
    return Context(info, Limits(), clock, "connectors.business_licence")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    store = Database(f"sqlite:///{tmp_path}/store.db")
    state.prepare(store)
    yield store
    store.close()

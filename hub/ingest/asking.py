"""Asks a source at once, for an answer that is shown and written nowhere; that it was asked is written."""

from collections.abc import Mapping
from threading import Lock

from hub.connect.host.configured import Connectors
from hub.connect.host.guard import GuardedSource
from hub.ingest.asked import Asked
from hub.ingest.dropped import DroppedColumns
from hub.ports import Clock, LookupQuery, Page, Store


class Asking:
    """Questions to the configured sources. Each source is opened once, so that its rate, its circuit and its quota hold
    for all questions together. Thread-safe."""

    def __init__(self, connectors: Connectors, store: Store, clock: Clock) -> None:
        self._connectors = connectors
        self._asked = Asked(store, clock)
        self._dropped = DroppedColumns(store)
        self._lock = Lock()
        self._sources: dict[str, GuardedSource] = {}

    def ask(self, name: str, query: LookupQuery, by: Mapping[str, str]) -> Page:
        """The answer of one source; what its grant does not have is left out, and counted. ``by``: principal, client
        and channel of who asks.

        Raises as ``GuardedSource.look_up`` and ``Asked.answer``, and ``Misconfigured`` for a source that cannot be
        opened.
        """
        source = self.source(name)
        page = self._asked.answer(by, source.context.info, query, lambda: source.look_up(query))
        if dropped := source.context.dropped.take():
            self._dropped.add(name, dropped)
        return page

    def source(self, name: str) -> GuardedSource:
        """The opened source. Raises ``Misconfigured`` for one that cannot be opened."""
        with self._lock:
            if name not in self._sources:
                self._sources[name] = self._connectors.open_source(name)
            return self._sources[name]

    def close(self) -> None:
        """Close the sources. Questions that are running may fail."""
        with self._lock:
            for source in self._sources.values():
                source.close()
            self._sources.clear()

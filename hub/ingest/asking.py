"""Asks a source at once, for an answer that is written nowhere."""

from threading import Lock

from hub.connect.host.configured import Connectors
from hub.connect.host.guard import GuardedSource
from hub.ingest.dropped import DroppedColumns
from hub.ports import LookupQuery, Page, Store


class Asking:
    """Questions to the configured sources. Each source is opened once, so that its rate, its circuit and its quota hold
    for all questions together. Thread-safe."""

    def __init__(self, connectors: Connectors, store: Store) -> None:
        self._connectors = connectors
        self._dropped = DroppedColumns(store)
        self._lock = Lock()
        self._sources: dict[str, GuardedSource] = {}

    def ask(self, name: str, query: LookupQuery) -> Page:
        """The answer of one source; what its grant does not have is left out, and counted. Raises as
        ``GuardedSource.look_up``, and ``Misconfigured`` for a source that cannot be opened."""
        source = self._source(name)
        page = source.look_up(query)
        if dropped := source.context.dropped.take():
            self._dropped.add(name, dropped)
        return page

    def _source(self, name: str) -> GuardedSource:
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

"""How often each column was dropped because the grant of its source does not have it, for all hub processes.

A figure: a crash may lose what was counted in its last moments.
"""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select, update

from hub.grants.dropped import OTHERS, PATH_CHARACTERS_MAX, PATHS_MAX
from hub.ingest.tables import grant_dropped
from hub.ports import Store
from hub.stores import bulk


class DroppedColumns:
    """The stored counts. Raises ``Unavailable`` when the store is away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, source: str, counts: Mapping[str, int]) -> None:
        """Add to the counts of a source: path of a column → rows. After ``PATHS_MAX`` paths of it, further ones are
        ``OTHERS``."""
        table = grant_dropped
        with self._store.write() as connection:
            known = set(connection.execute(select(table.c.path).where(table.c.source == source)).scalars())
            counts = _bounded(counts, known)
            # In one order, so that two processes cannot wait for each other.
            for path, rows in sorted(counts.items()):
                bulk.add(connection, table, {"source": [source], "path": [path], "rows": [0]})
                at = table.c.source == source, table.c.path == path
                connection.execute(update(table).where(*at).values(rows=table.c.rows + rows))

    def all(self) -> dict[str, Counter[str]]:
        """Source → path of a column → rows in which it was dropped."""
        found: dict[str, Counter[str]] = {}
        with self._store.read() as connection:
            for row in connection.execute(select(grant_dropped)):
                found.setdefault(row.source, Counter())[row.path] = row.rows
        return found


def _bounded(counts: Mapping[str, int], known: set[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for path, rows in sorted(counts.items()):
        name = path[:PATH_CHARACTERS_MAX]
        if name not in known and len(known) >= PATHS_MAX:
            name = OTHERS
        known.add(name)
        found[name] += rows
    return found

"""Reload: every hub takes changed settings, mapping, codes, trusted keys and grant of a connector over, without a new
start.

    hub connectors reload NAME ── token ──► connector_reload ◄── each hub, twice a second ──► connector_loaded

Each hub reads its own files, and reports a digest of what is in force. Equal digests say that all have the same.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import delete, insert, select

from hub.connect.host.configured import Connectors
from hub.errors import HubError
from hub.ingest.tables import connector_loaded, connector_reload
from hub.logging import get_logger, mask
from hub.ports import Clock, Store
from hub.stores import bulk

SILENT_MS = 15_000
"""A hub without a report for this time is not running, ms."""
FORGOTTEN_MS = 24 * 3_600_000
REPORT_EVERY_S = 5.0
_STEP_S = 0.5

log = get_logger("reload")


class Loaded(NamedTuple):
    """What one hub has in force for one connector. ``token``: the last reload that it carried out; ``trouble``: why
    that changed nothing, "" where it did. ``reported_ms``: process time, ms since the epoch."""

    worker: str
    name: str
    token: int
    digest: str
    trouble: str = ""
    reported_ms: int = 0


class Reloads:
    """The stored orders to reload, and what the hubs report. Raises ``Unavailable`` when the store is away."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def order(self, name: str) -> int:
        """Order a reload of ``name``. Returns its token."""
        with self._store.write() as connection:
            bulk.add(connection, connector_reload, {"name": [name], "token": [0]})
            at = connector_reload.c.name == name
            token: int = connection.execute(select(connector_reload.c.token).where(at).with_for_update()).scalar_one()
            connection.execute(connector_reload.update().where(at).values(token=token + 1))
        return token + 1

    def orders(self) -> dict[str, int]:
        """Connector → the token of its last order."""
        with self._store.read() as connection:
            rows = connection.execute(select(connector_reload.c.name, connector_reload.c.token)).all()
        return {row.name: row.token for row in rows}

    def put(self, worker: str, loaded: list[Loaded]) -> None:
        """Replace the reports of ``worker``, and delete those of hubs that have been silent for a day."""
        table, now_ms = connector_loaded, self._clock.process_ms()
        old = (table.c.worker == worker) | (table.c.reported_ms < now_ms - FORGOTTEN_MS)
        with self._store.write() as connection:
            connection.execute(delete(table).where(old))
            if loaded:
                connection.execute(insert(table), [one._replace(reported_ms=now_ms)._asdict() for one in loaded])

    def running(self, name: str) -> list[Loaded]:
        """What each running hub has in force for ``name``, by their names."""
        table = connector_loaded.c
        since_ms = self._clock.process_ms() - SILENT_MS
        query = select(*(table[field] for field in Loaded._fields)).where(table.name == name)
        with self._store.read() as connection:
            rows = connection.execute(query.where(table.reported_ms >= since_ms).order_by(table.worker)).all()
        return [Loaded(*row) for row in rows]

    def differ(self, name: str) -> bool:
        """Whether the running hubs have different settings, grants or mappings in force for ``name``."""
        return len({one.digest for one in self.running(name)}) > 1


class Reload:
    """The task of one hub: carries out orders, and reports. ``key``: 32 secret bytes that all hubs share."""

    def __init__(self, reloads: Reloads, connectors: Connectors, worker: str, key: bytes) -> None:
        self._reloads = reloads
        self._connectors = connectors
        self._worker = worker
        self._key = key
        # What was ordered before is in force: the settings have just been read.
        self._tokens: Mapping[str, int] = reloads.orders()
        self._troubles: dict[str, str] = {}
        self._left_s = 0.0

    def step(self) -> int:
        tokens = self._reloads.orders()
        ordered = [name for name, token in tokens.items() if self._tokens.get(name) != token]
        for name in ordered:
            self._troubles[name] = self._carried_out(name)
        self._tokens = tokens
        if ordered or self._left_s <= 0:
            self._reloads.put(self._worker, [self._loaded(name) for name in self._connectors.infos])
            self._left_s = REPORT_EVERY_S
        time.sleep(_STEP_S)
        self._left_s -= _STEP_S
        return len(ordered)

    def _carried_out(self, name: str) -> str:
        """Reload a connector. Returns why it could not, "" when it could."""
        try:
            self._connectors.reload(name)
        except HubError as wrong:
            log.error("a connector is not reloaded; it works as before", connector=name, reason=str(wrong))
            return mask(str(wrong))
        log.info("a connector is reloaded", connector=name, digest=self._connectors.digest(name, self._key))
        return ""

    def _loaded(self, name: str) -> Loaded:
        digest = self._connectors.digest(name, self._key)
        return Loaded(self._worker, name, self._tokens.get(name, 0), digest, self._troubles.get(name, ""))

    def close(self) -> None:
        """Delete the reports of this hub. Raises ``Unavailable`` when the store is away."""
        self._reloads.put(self._worker, [])

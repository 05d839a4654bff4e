"""Ask: evidence that is due is looked for among the verified records, and asked for where it is not.

The question goes through the outbox to ``lookup.requests``; the answer comes back to ``project``. What is due is found
by time, so an answer that never comes only means that the question is put again.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hub.cases import evidence
from hub.cases.command import Application
from hub.cases.evidence import Evidence, LookupSource, Opens, Question, Seals
from hub.ports import Clock, Store

PARALLEL = 4
"""A look is twenty questions to the databases and little work: applications that come together do not queue."""
AT_ONCE = 12
"""Looks of one thread in one step."""
IDLE_S = 0.1
"""How long a step waits when nothing was due."""


class Ask:
    """The ask stage. Any number of them share the work: a need is looked at with its case locked."""

    def __init__(
        self,
        store: Store,
        evidence: Evidence,
        sources: Sequence[LookupSource],
        seals: tuple[Seals, Opens],
        clock: Clock,
        *,
        idle_s: float = IDLE_S,
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._sources = sources
        self._sealer, self._opener = seals
        self._clock = clock
        self._idle_s = idle_s
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="ask")
        self._ended = threading.Event()

    def step(self) -> int:
        with self._store.read() as connection:
            due = evidence.any_due(connection, self._clock.now_ms())
        looked = self._look_together() if due else 0
        if not looked:
            time.sleep(self._idle_s)
        return looked

    def _look_together(self) -> int:
        try:
            return sum(self._pool.map(self._look_at, [AT_ONCE] * PARALLEL))
        except Exception:
            # What one thread cannot do, the others need not try: this stage is made anew.
            self._ended.set()
            raise

    def _look_at(self, most: int) -> int:
        """Look at needs until none is due; how many they were."""
        looked = 0
        while looked < most and not self._ended.is_set() and self._look():
            looked += 1
        return looked

    def _look(self) -> bool:
        """Look at the need that is longest overdue, of those that no other process has in hand."""
        with self._store.write() as connection:
            need = evidence.due(connection, self._clock.now_ms())
            if need is not None:
                self._evidence.look(connection, bytes(need.application_id), need.kind, self._question(need))
        return need is not None

    def close(self) -> None:
        self._ended.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _question(self, need: Any) -> Question | None:
        """What to ask of which source; of several, another each time. ``None``: none can be asked."""
        opened = self._opener.open_value(bytes(need.applicant_id), bytes(need.sealed))
        if opened is None:
            return None
        values = ways(Application.model_validate_json(opened), need.wanted_by)
        able = [source for source in self._sources if source.kind == need.kind and source.by & values.keys()]
        if not able:
            return None
        source = able[need.attempt % len(able)]
        by = next(by for by in values if by in source.by)
        return Question(source.name, by, self._sealer.seal_value(bytes(need.applicant_id), values[by].encode()))


def ways(application: Application, wanted_by: str) -> Mapping[str, str]:
    """By what the record may be asked for, best first: as it is wanted, else by the applicant as its holder."""
    site = {"unit-no": application.site.unit_no, "address": application.site.address}
    found = {by: value for by, value in site.items() if by == wanted_by and value}
    by, value = application.applicant_identifier()
    return found | {by: value}

"""Ask: evidence that is due is looked for among the verified records, and asked for where it is not.

The question goes through the outbox to ``lookup.requests``; the answer comes back to ``project``. What is due is found
by time, so an answer that never comes only means that the question is put again.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from hub.cases import needs
from hub.cases.command import Application
from hub.cases.evidence import Evidence, LookupSource, Opens, Question, Seals
from hub.cases.needs import Due
from hub.ports import Clock, Store

PARALLEL = 4
"""A look is a dozen questions to the database and little work: applications that come together do not queue."""
AT_ONCE = 96
"""Needs in one step."""
IDLE_S = 0.1
"""How long a step waits when nothing was due."""


class Ask:
    """The ask stage. Any number of them share the work: an application is looked at while it is locked, and passed
    over when another has it."""

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

    def step(self) -> int:
        with self._store.read() as connection:
            due = needs.due(connection, self._clock.now_ms(), AT_ONCE)
        looks = [self._pool.submit(self._look, one) for one in due]
        wait(looks)
        # Only when all have had their turn: one that cannot be looked at does not stop the others.
        looked = sum(look.result() for look in looks)
        if not looked:
            time.sleep(self._idle_s)
        return looked

    def _look(self, due: Due) -> bool:
        questions = self._questions(due)
        with self._store.write() as connection:
            return self._evidence.look(connection, due, questions)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _questions(self, due: Due) -> dict[str, Question]:
        """Kind → what to ask of which source; of several, another each time. Left out: none can be asked."""
        opened = self._opener.open_value(due.applicant_id, due.sealed)
        if opened is None:
            return {}
        application = Application.model_validate_json(opened)
        asked = {kind: self._question(application, due, kind) for kind in due.wanted}
        return {kind: question for kind, question in asked.items() if question}

    def _question(self, application: Application, due: Due, kind: str) -> Question | None:
        wanted = due.wanted[kind]
        values = ways(application, wanted.by)
        able = [source for source in self._sources if source.kind == kind and source.by & values.keys()]
        if not able:
            return None
        source = able[wanted.attempt % len(able)]
        by = next(by for by in values if by in source.by)
        return Question(source.name, by, self._sealer.seal_value(due.applicant_id, values[by].encode()))


def ways(application: Application, wanted_by: str) -> Mapping[str, str]:
    """By what the record may be asked for, best first: as it is wanted, else by the applicant as its holder."""
    site = {"unit-no": application.site.unit_no, "address": application.site.address}
    found = {by: value for by, value in site.items() if by == wanted_by and value}
    by, value = application.applicant_identifier()
    return found | {by: value}

"""Ask: evidence that is due is looked for among the verified records, and asked for where it is not.

The question goes through the outbox to ``lookup.requests``; the answer comes back to ``project``. What is due is found
by time, so an answer that never comes only means that the question is put again.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from hub.cases.connection.command import Application
from hub.cases.evidence import needs
from hub.cases.evidence.decide import Evidence, LookupSource, Opens, Question, Questions, Seals
from hub.cases.evidence.needs import Case, Need
from hub.errors import Misconfigured, Unavailable
from hub.logging import get_logger
from hub.parts import Parts
from hub.ports import Clock, Fault, Store
from hub.runtime.stage import OUTBOX, TABLES, Stage

AT_ONCE = 12
"""Needs in one transaction: enough to be quick, few enough to leave some to other processes."""
IDLE_S = 0.1
"""How long a step waits when nothing was due."""
PUT_OFF_S = 300
"""How long an application that cannot be looked at is left alone: longer than a feed would rest for it."""

log = get_logger("ask")


class _Wish(NamedTuple):
    """What could be asked of a source: by what, and the value."""

    case: Case
    kind: str
    source: str
    by: str
    value: str


class _CannotLook(Exception):
    """Looking at these applications failed, for a reason that is one of theirs."""

    def __init__(self, cases: Sequence[Case]) -> None:
        super().__init__()
        self.ids = [case.application_id for case in cases]


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
        self._at_once = AT_ONCE

    def step(self) -> int:
        now_ms = self._clock.now_ms()
        with self._store.read() as connection:
            due = needs.any_due(connection, now_ms)
        try:
            looked = self._look(now_ms) if due else 0
        except _CannotLook as failure:
            log.exception("applications cannot be looked at", applications=[one.hex() for one in failure.ids])
            self._set_apart(failure.ids)
            return 1
        if not looked:
            time.sleep(self._idle_s)
        return looked

    def _look(self, now_ms: int) -> int:
        """Look at some applications in one transaction; how many they were."""
        with self._store.write() as connection:
            cases = needs.due(connection, now_ms, self._at_once)
            try:
                self._evidence.look(connection, cases, self._questions(cases, now_ms) if cases else {}, now_ms)
            except (Unavailable, Misconfigured, SQLAlchemyError):
                raise
            except Exception as failure:
                raise _CannotLook(cases) from failure
        return len(cases)

    def _set_apart(self, ids: Sequence[bytes]) -> None:
        """One application that cannot be looked at must not stop the others: find out which, one by one, then leave
        it alone for a while."""
        if len(ids) > 1:
            self._at_once = 1
            return
        with self._store.write() as connection:
            self._evidence.put_off(connection, ids[0], PUT_OFF_S)
        self._at_once = AT_ONCE

    def close(self) -> None:
        """Nothing to let go of."""

    def _questions(self, cases: Sequence[Case], now_ms: int) -> Questions:
        """What to ask of which source about needs that are due. Left out: no source can be asked."""
        submitted = self._opener.open_values([(case.applicant_id, case.sealed) for case in cases])
        questions: dict[tuple[bytes, str], Question | str] = {}
        wishes: list[_Wish] = []
        for case, opened in zip(cases, submitted, strict=True):
            if isinstance(opened, Fault):
                questions.update(((case.application_id, kind), opened.code) for kind in case.needs)
            else:
                wishes.extend(self._wishes(case, Application.model_validate_json(opened), now_ms))
        sealed = self._sealer.seal_values([(wish.case.applicant_id, wish.value.encode()) for wish in wishes])
        for wish, value in zip(wishes, sealed, strict=True):
            asked = value.code if isinstance(value, Fault) else Question(wish.source, wish.by, value)
            questions[wish.case.application_id, wish.kind] = asked
        return questions

    def _wishes(self, case: Case, application: Application, now_ms: int) -> Iterable[_Wish]:
        wishes = (self._wish(application, case, need) for need in case.due(now_ms))
        return (wish for wish in wishes if wish)

    def _wish(self, application: Application, case: Case, need: Need) -> _Wish | None:
        """Of several sources, another each time."""
        values = ways(application, need.wanted_by)
        able = [source for source in self._sources if source.kind == need.kind and source.by & values.keys()]
        if not able:
            return None
        source = able[need.attempt % len(able)]
        by = next(by for by in values if by in source.by)
        return _Wish(case, need.kind, source.name, by, values[by])


def ways(application: Application, wanted_by: str) -> Mapping[str, str]:
    """By what the record may be asked for, best first: as it is wanted, else by the applicant as its holder."""
    site = {"unit-no": application.site.unit_no, "address": application.site.address}
    found = {by: value for by, value in site.items() if by == wanted_by and value}
    by, value = application.applicant_identifier()
    return found | {by: value}


def make(parts: Parts) -> Ask:
    """The stage at work."""
    infos = parts.connectors.sources.values()
    sources = [LookupSource(info.name, info.kind, frozenset(info.lookup_by)) for info in infos]
    evidence = Evidence(parts.log, parts.purposes, parts.clock)
    return Ask(parts.store, evidence, sources, (parts.sealer, parts.opener), parts.clock)


STAGE = Stage(
    "ask", reads=(TABLES,), writes=(TABLES, OUTBOX), make=make, about="what applications still need → look-ups"
)

"""What customers and the utility do with a whole hub from submission to electricity on, and the account that both sides
must agree on afterwards: steps over three ways, three ways of delivery, warnings, ratings, withdrawals.

Whoever gets no answer calls again, as the contracts say. So a hub may die in the middle of any call.
"""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from hub.bootstrap import Hub
from hub.cases.by import By
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.tables import warning
from hub.cases.procedure import installed
from hub.cases.reasons import CANCELLED
from hub.cases.steps.tables import step
from hub.cases.tables import piece
from hub.clock import SystemClock
from hub.errors import HubError
from hub.pipeline.reconcile import PENDING, reconcile
from hub.ports import Clock
from hub.runtime.runner import Runner
from hub.topics import cloudevents
from hub.web.auth.clients import Clients
from hub.web.auth.tokens import SCOPES, Tokens
from sandbox.demo import ratings, steps
from sandbox.demo.demo import Demo, Live
from sandbox.systems import FIRST
from tests.e2e.harness import PATIENCE_S, World, rebuilt_otherwise

SINKS = ("utility_crm", "utility_pull", "utility_table")
SYSTEMS = (*FIRST, steps.ROLE, *SINKS[1:])
FEEDS = ("business_licence", "property_title")
CLIENT = "outside"
AGO_DAYS = 20
"""Every limit of a case that was submitted so long ago is over, and not yet a matter of the audit only."""


class Ago:
    """A clock whose business time is ``days`` late."""

    days = AGO_DAYS

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.process_ms, self.monotonic_s = clock.process_ms, clock.monotonic_s

    def now(self) -> datetime:
        return self._clock.now() - timedelta(days=self.days)

    def now_ms(self) -> int:
        return self._clock.now_ms() - self.days * 86_400_000


@dataclass
class Outside:
    """Customers and the utility. ``reported``: contents of steps that were sent, each counted once however often it
    was sent; ``rated`` and ``cancelled``: applications."""

    one: World
    hub: Hub
    url: str
    reported: int = 0
    rated: int = 0
    cancelled: int = 0
    calls: list[Future[None]] = field(default_factory=list)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))

    def __post_init__(self) -> None:
        channels, purposes = self.hub.settings.channels, self.hub.purposes.names()
        Clients(self.hub.store, self.hub.clock, channels, purposes).create(CLIENT, channels, purposes)
        scopes = frozenset({*SCOPES, f"deliveries:{SINKS[1]}"})
        self._token = Tokens(self.hub.store, self.hub.clock).create(CLIENT, scopes).text
        self.one.sandbox.control(SINKS[1], "hub", {"url": self.url, "token": self._token})

    def submit_long_ago(self, entries: Sequence[dict[str, Any]]) -> list[bytes]:
        """Submit with limits that are over."""
        late = Hub(Demo(self.one.home, 0, 0).settings(), SystemClock(), Ago)
        try:
            return [late.applications().submit(each["body"], By("cli:test")).case_id for each in entries]
        finally:
            late.close()

    def report(self, case_id: bytes, way: str, *wrong: str) -> None:
        """Let the utility report a case until electricity is on, over one way."""
        shown = self._registered(case_id)

        def play() -> None:
            sent = steps.play_one(self.one.sandbox, self.url, shown, way, wrong)
            self.reported += sent // 2 if "duplicate" in wrong else sent

        self.calls.append(self._pool.submit(play))

    def ended(self, case_id: bytes) -> None:
        """Wait until electricity is on."""
        query = select(application.c.ended).where(application.c.case_id == case_id)

        def over() -> bool:
            with self.hub.store.read() as connection:
                return connection.execute(query).scalar_one() is not None

        until(over, lambda: self._told(case_id))

    def _told(self, case_id: bytes) -> str:
        """What is known of a case that does not come to its end."""
        with self.hub.store.read() as connection:
            query = select(step.c.segment, step.c.action, step.c.state, step.c.why).where(step.c.case_id == case_id)
            heard = [tuple(row) for row in connection.execute(query)]
        shown = self.hub.applications().show(case_id)
        asked = [one["code"] for one in shown["questions"]]
        sent = self.one.sandbox.control(steps.ROLE, "counts")
        lives = [one.poll() for one in self.one.hubs[-2:]]
        return f"no end: {heard}, asked {asked}; the utility {sent}; exits of hubs {lives}\n{self.one.tail()}"

    def rate(self, case_id: bytes, grade: int) -> None:
        self.ended(case_id)
        self.rated += 1
        token = self.hub.customers().tokens.text(case_id)
        self.calls.append(self._pool.submit(call, f"{self._of(case_id)}/rating", token, {"grade": grade}))

    def cancel(self, case_id: bytes) -> None:
        self.cancelled += 1
        self.calls.append(self._pool.submit(call, f"{self._of(case_id)}/cancel", self._token, {}))

    def answered(self) -> None:
        """Wait until everybody has an answer."""
        for each in self.calls:
            each.result(PATIENCE_S)
        self.calls.clear()

    def _of(self, case_id: bytes) -> str:
        return f"{self.url}/applications/{case_id.hex()}"

    def _registered(self, case_id: bytes) -> dict[str, Any]:
        """The application, as soon as the utility has given it a number."""
        found: dict[str, Any] = {}

        def numbered() -> bool:
            found.update(self.hub.applications().show(case_id))
            return any(each["sink"] == steps.SINK and each["receipt"] for each in found["deliveries"])

        until(numbered, self.one.tail)
        return found


def call(url: str, token: str, body: dict[str, Any]) -> None:
    """Post, and again as long as there is no answer."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                answer.read()
            return
        except urllib.error.HTTPError as error:
            assert error.code in (429, 503), error.read()
        except OSError as error:
            assert time.monotonic() < deadline_s, error
        time.sleep(0.25)


def until(done: Callable[[], bool], otherwise: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    deadline_s = time.monotonic() + patience_s
    while not done():
        assert time.monotonic() < deadline_s, otherwise()
        time.sleep(0.2)


# ---- the account -----------------------------------------------------------------------------------------------------


def delivered(outside: Outside) -> bool:
    """Whether no piece is on its way."""
    return not any(n for (_, state), n in _states(outside.hub).items() if state == "pending")


def settle(outside: Outside, patience_s: float = PATIENCE_S) -> None:
    """Wait until nothing is on its way any more."""
    until(lambda: not list(_open(outside)), lambda: f"{list(_open(outside))}\n{outside.one.tail()}", patience_s)


def _open(outside: Outside) -> Iterator[str]:
    """What is on its way, or not as the other side says."""
    hub, sandbox = outside.hub, outside.one.sandbox
    told = steps.count(hub, sandbox)
    if told.applied + told.claimed != outside.reported or told.rejected:
        yield f"steps: {outside.reported} reported, {told}"
    if ratings.count(hub) != (outside.rated, outside.rated * len(SINKS)):
        yield f"ratings: {outside.rated} given, {ratings.count(hub)} stored and passed on"
    states = _states(hub)
    yield from (f"{sink}: {n} pieces pending" for (sink, state), n in states.items() if state == "pending")
    yield from unread(outside)


def unread(outside: Outside) -> Iterator[str]:
    """The feeds that have rows without a verdict."""
    for line in Live(outside.hub, Runner(outside.hub.clock), outside.one.sandbox).lines():
        truth = line.expected
        judged = (line.pending, line.verified, line.rejected)
        if line.source in FEEDS and judged != (0, truth["verified"], truth["rejected"]):
            yield f"{line}"


def findings(outside: Outside) -> list[str]:
    """What was lost or doubled; nothing when the two sides agree."""
    hub = outside.hub
    return [*_steps(outside), *_deliveries(outside), *gaps(hub), *_days(hub), *rebuilt(hub, outside.one.home)]


def _steps(outside: Outside) -> Iterator[str]:
    """Sent = applied + duplicate + claimed. Who got no answer sent again, so there may be more duplicates."""
    told = steps.count(outside.hub, outside.one.sandbox)
    if told.applied + told.claimed != outside.reported:
        yield f"lost or doubled: {outside.reported} steps reported, {told}"
    if told.sent > told.applied + told.duplicate + told.claimed:
        yield f"lost: {told}"


def _deliveries(outside: Outside) -> Iterator[str]:
    """What each system has is what it has acknowledged, each piece once; each warning, rating and cancellation is
    with each system once. Of a piece that was withdrawn on its way, one that fetches or reads a table may have it, and
    is told; one that is called only behind a cancellation (crm-contract.md §6)."""
    states = _states(outside.hub)
    with outside.hub.store.read() as connection:
        behind = select(func.count()).where(piece.c.sink == SINKS[0], piece.c.reason == CANCELLED)
        cancelled = connection.execute(behind).scalar_one()
        warned = connection.execute(select(func.count()).select_from(warning)).scalar_one()
        limits = select(warning.c.case_id, warning.c.level, warning.c.about, warning.c.due_on).distinct()
        distinct = connection.execute(select(func.count()).select_from(limits.subquery())).scalar_one()
    if warned != distinct:
        yield f"doubled: {warned} warnings of {distinct} limits"
    wanted = {"warnings": warned, "ratings": outside.rated, "cancellations": outside.cancelled}
    for sink in SINKS:
        told = outside.one.sandbox.control(sink, "effects")
        if told["doubled"]:
            yield f"doubled in {sink}: {told['doubled']}"
        acknowledged, withdrawn = states[sink, "acknowledged"], states[sink, "withdrawn"]
        may_have = withdrawn if sink != SINKS[0] else cancelled
        if not acknowledged <= told["total"] <= acknowledged + may_have:
            yield f"{sink} has {told['total']} pieces, {acknowledged} are acknowledged, {withdrawn} withdrawn"
        if strange := {state: n for (of, state), n in states.items() if of == sink and state in ("refused", "stopped")}:
            yield f"{sink}: {strange}"
        if (got := {what: len(told[what]) for what in wanted}) != wanted:
            yield f"{sink} has {got}, not {wanted}"


def gaps(hub: Hub) -> Iterator[str]:
    """The events of each case are on their topics once, without a gap."""
    numbers: Counter[tuple[str, int]] = Counter()
    for topic in installed().types.topics:
        for partition in range(hub.log.topics()[topic]):
            for batch in hub.log.scan(topic, partition):
                for record in batch.records:
                    case_id, _, number = dict(record.headers)[cloudevents.ID].decode().partition("-")
                    numbers[case_id, int(number)] += 1
    yield from (f"doubled on its topic: event {each}" for each, times in numbers.items() if times > 1)
    last = dict(sorted(numbers))
    count = Counter(case_id for case_id, _ in numbers)
    yield from (f"lost: {count[each]} events of {number}" for each, number in last.items() if number != count[each])


def rebuilt(hub: Hub, home: Path) -> Iterator[str]:
    """What `hub rebuild --check` says."""
    try:
        yield from (f"rebuilt otherwise: {each}" for each in rebuilt_otherwise(hub, home))
    except HubError as failure:
        yield f"cannot be rebuilt: {failure}"


def _days(hub: Hub) -> Iterator[str]:
    """What `hub reconcile` says of the day on which the feeds changed."""
    today = (datetime.now(UTC) + timedelta(hours=8)).date()
    for source in FEEDS:
        account = reconcile(source, today, hub.parts)
        if not account.complete or account.count(PENDING):
            yield f"reconcile {source}: {Counter(line.state for line in account.lines)}"


def _states(hub: Hub) -> Counter[tuple[str, str]]:
    """(Sink, state) → pieces."""
    with hub.store.read() as connection:
        rows = connection.execute(
            select(piece.c.sink, piece.c.state, func.count()).group_by(piece.c.sink, piece.c.state)
        )
        return Counter({(row[0], row[1]): row[2] for row in rows})

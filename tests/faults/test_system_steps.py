"""Applications live to electricity on, over three ways of steps and three ways of delivery, on a real broker and
PostgreSQL, while the hub is killed with -9 at every point that they pass, partitions are assigned again and the broker
is away: P1 (nothing lost), P2 (nothing doubled), by the account of both sides."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import func, select

from hub.cases.tables import piece
from sandbox.servers.kafka import Node
from sandbox.servers.ports import free_port
from tests.e2e.harness import World, real_engines, world
from tests.faults.casebook import SYSTEMS, Outside, delivered, findings, settle, unread, until

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

SIZE = 60
PLAYED = 8
AWAY_S = 3.0
RECIPIENTS = {"HUB_WARNINGS__BEFORE": "duty-desk", "HUB_WARNINGS__AFTER": "supervision"}


class Run:
    """The hub, and what happens to it."""

    def __init__(self, one: World, outside: Outside, node: Node) -> None:
        self.one, self.outside, self.node = one, outside, node
        self.ids: list[bytes] = []
        self._port = outside.url.rpartition(":")[2]

    def start(self, crash: str = "", broken: str = "", name: str = "demo", web: bool = True) -> None:
        environ = {"HUB_INSTANCE": name, "HUB_WEB__PORT": self._port, **RECIPIENTS}
        self.one.start(crash=crash, broken=broken, web=web, environ=environ)

    def killed_at(self, point: str, while_: Callable[[], object] = lambda: None, broken: str = "") -> None:
        """Start the hub; it dies at the point, sooner or later while something happens."""
        self.one.kill()
        self.start(crash=point, broken=broken)
        while_()
        self.one.wait_killed()

    def submit(self, count: int = 1) -> bytes:
        first = 3 + len(self.ids)
        self.ids += self.one.submit(self.one.applications()[first : first + count])
        return self.ids[-1]

    def wait(self, done: Callable[[], bool]) -> None:
        """Wait for it; not for a hub that died of its crash point before."""
        until(lambda: done() or self.one.process.poll() is not None, self.one.tail)  # type: ignore[union-attr]

    def change(self) -> None:
        """What the utility has is not true any more: every licence and every title changes, and some end."""
        self.wait(lambda: delivered(self.outside) and not list(unread(self.outside)))  # overwritten unread: never there
        self.one.sandbox.control("business_licence", "advance", {"steps": SIZE})
        self.one.sandbox.control("property_title", "advance", {"steps": SIZE - 3})

    def withdraw(self) -> None:
        """What is decided for a system that is down is not true any more when it is up."""
        self.one.sandbox.fault("utility_crm", "down")
        case_id = self.submit()
        evidence = select(func.count()).where(piece.c.case_id == case_id, piece.c.kind != "registration")

        def decided() -> bool:
            with self.outside.hub.store.read() as connection:
                return connection.execute(evidence).scalar_one() > 0

        self.wait(decided)
        self.one.sandbox.control("business_licence", "advance", {"steps": SIZE})
        self.wait(lambda: not list(unread(self.outside)))
        self.one.sandbox.clear("utility_crm")

    def cancel_when_ended(self, case_id: bytes, others: Sequence[bytes]) -> None:
        """Cancel one when the others are ready for a rating: a hub that dies later cannot bring them there."""
        for each in others:
            self.outside.ended(each)
        self.outside.cancel(case_id)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    home = tmp_path_factory.mktemp("steps")
    with (
        real_engines(home, partitions=2) as engines,
        world(home, SIZE, PLAYED + 4, engines=engines.settings, systems=SYSTEMS) as one,
        one.hub() as hub,
    ):
        yield Run(one, Outside(one, hub, f"http://127.0.0.1:{free_port()}"), engines.broker.nodes[0])


def test_p1_p2_from_submission_to_electricity_on_with_kills_a_rebalance_and_the_broker_away(run: Run) -> None:
    outside, ids = run.outside, run.ids
    outside.submit_long_ago(run.one.applications()[:2])
    run.submit(PLAYED - 1)
    lived: dict[str, Callable[[], object]] = {
        "connection.numbered": lambda: None,
        "connection.warned": lambda: None,
        "due.decided": lambda: None,
        "pickup.handed": lambda: None,
        "pickup.acknowledged": lambda: None,
        "sent.sealed": lambda: outside.report(ids[0], "post", "conflict"),
        "sent.committed": lambda: None,
        "connection.stepped": lambda: None,
        "ingest.sealed": lambda: outside.report(ids[1], "pull", "duplicate"),
        "ingest.committed": lambda: outside.report(ids[2], "table"),
        "project.applied": lambda: outside.report(ids[3], "pull", "end-before-start"),
        "relay.committed": lambda: outside.report(ids[4], "post", "duplicate"),
        "connection.retracted": run.change,
        "connection.withdrawn": run.withdraw,
        "connection.cancelled": lambda: run.cancel_when_ended(ids[5], ids[:3]),
        "connection.rated": lambda: outside.rate(ids[0], 5),
        "rating.committed": lambda: outside.rate(ids[1], 2),
        "deliver.posted": lambda: outside.rate(ids[2], 4),
    }
    for point, happens in lived.items():
        begun_s = time.monotonic()
        run.killed_at(point, happens)
        print(f"{point}: {time.monotonic() - begun_s:.1f} s", flush=True)
    live_on_two(run)
    outside.answered()
    settle(outside)
    assert findings(outside) == []
    run.one.check()


def live_on_two(run: Run) -> None:
    """A second hub joins, and is killed; then the broker is away."""
    outside, ids = run.outside, run.ids
    for name, web in (("demo", True), ("second", False)):
        run.start(name=name, web=web)
    for name in ("demo", "second"):
        run.one.at_work(name)
    outside.report(ids[6], "post", "duplicate")
    for case_id in ids[3:5]:
        outside.ended(case_id)
    second = run.one.hubs[-1]
    second.send_signal(signal.SIGKILL)
    second.wait()
    run.one.process = run.one.hubs[-2]
    run.node.kill()
    outside.rate(ids[3], 1)
    outside.rate(ids[4], 3)
    outside.answered()  # applications, steps and ratings are taken while the broker is away
    time.sleep(AWAY_S)
    run.node.start()
    run.node.wait_ready()
    run.start(name="second", web=False)


def test_p2_events_outside_their_decisions_transaction_are_found_out(run: Run) -> None:
    run.outside.submit_long_ago(run.one.applications()[2:3])
    run.killed_at("connection.warned", broken="events")
    run.start()
    until(lambda: any(each.startswith("doubled") for each in findings(run.outside)), run.one.tail)


def test_p1_steps_that_are_answered_before_they_are_durable_are_found_out(run: Run) -> None:
    run.killed_at("sent.committed", lambda: run.outside.report(run.ids[7], "post"), broken="sent")
    run.start()
    run.outside.answered()
    with pytest.raises(AssertionError, match="steps"):
        settle(run.outside, 10.0)
    assert any(each.startswith("lost") for each in findings(run.outside))

"""Every ``RecordLog`` when processes die, members come and go, and calls come in any order.

Nothing is lost (P1), nothing doubled (P2).
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from hub.errors import Fenced, Unavailable
from hub.ports import Batch, Member, Outgoing, RecordLog, TopicSpec, Writer
from tests.contract.record_logs import PATIENCE_S, Logs, copies, numbers, out, poll_until, polled, values

POINTS = ("log.appended", "log.positioned", "log.committed")


def seed(logs: Logs, count: int) -> tuple[str, str]:
    """Two topics of two partitions; the first holds ``count`` records in several transactions."""
    source, target = logs.name("received"), logs.name("verified")
    with logs.open() as log:
        log.create([TopicSpec(source, 2), TopicSpec(target, 2)])
        writer = log.writer(logs.name("w"))
        for first in range(0, count, 25):
            writer.commit(numbers(source, min(25, count - first), 2, first))
    return source, target


def check_complete(logs: Logs, source: str, target: str) -> None:
    """The stage's output is that of an undisturbed run: every record once, in order."""
    with logs.open() as log:
        for partition in (0, 1):
            assert values(log, target, partition) == [value * 2 for value in values(log, source, partition)]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("point", POINTS)
def test_p1_p2_a_stage_killed_at_any_point_yields_the_same_output(logs: Logs, point: str, count: int) -> None:
    source, target = seed(logs, 60)
    stage = ("stage", logs.name("g"), "m", source, target, 9)
    assert logs.run(*stage, crash=f"{point}:{count}") == -9
    assert logs.run(*stage) == 0
    check_complete(logs, source, target)


@pytest.mark.slow
def test_p1_p2_a_stage_killed_again_and_again_at_random(logs: Logs) -> None:
    source, target = seed(logs, 400)
    moments = random.Random(20240601)
    for _ in range(8):
        process = logs.start("stage", logs.name("g"), "m", source, target, 3)
        with contextlib.suppress(Exception):
            process.wait(moments.uniform(0.2, 0.6))
        process.kill()
        process.wait()
    assert logs.run("stage", logs.name("g"), "m", source, target, 50) == 0
    check_complete(logs, source, target)


class Worker(threading.Thread):
    """A member in a thread that copies until it is told to stop; joins again when it is fenced."""

    def __init__(self, log: RecordLog, group: str, name: str, source: str, target: str) -> None:
        super().__init__(name=name)
        self._join: Callable[[], Member] = lambda: log.join(group, [source], name)
        self._target = target
        self._stop_asked = threading.Event()
        self.copied = 0

    def run(self) -> None:
        while not self._stop_asked.is_set():
            member = self._join()
            with contextlib.suppress(Unavailable):
                self._work(member)
            member.close()

    def _work(self, member: Member) -> None:
        while not self._stop_asked.is_set():
            batches = member.poll(10, 0.2)
            time.sleep(0.002)
            member.commit(copies(self._target, batches))
            self.copied += len(polled(batches))

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()


def wait_for(done: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not done() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert done()


class TestSharing:
    def test_two_members_share_the_partitions(self, logs: Logs, log: RecordLog, topic: str) -> None:
        one, two = (log.join(logs.name("g"), [topic], name) for name in ("m1", "m2"))

        def shared() -> bool:
            one.poll(1, 0.1)
            two.poll(1, 0.1)
            return len(one.assigned()) == len(two.assigned()) == 1

        wait_for(shared)
        assert one.assigned() | two.assigned() == {(topic, 0), (topic, 1)}
        two.close()
        wait_for(lambda: one.poll(1, 0.1) == [] and len(one.assigned()) == 2)
        one.close()

    def test_members_that_poll_often_and_briefly_come_to_share(self, logs: Logs, log: RecordLog, topic: str) -> None:
        one, two = (log.join(logs.name("g"), [topic], name) for name in ("m1", "m2"))

        def shared() -> bool:
            one.poll(1, 0.0)
            two.poll(1, 0.0)
            return len(one.assigned()) == len(two.assigned()) == 1

        wait_for(shared)
        one.close()
        two.close()

    def test_p1_p2_a_rebalance_in_the_middle_loses_and_doubles_nothing(
        self, logs: Logs, log: RecordLog, topic: str, target: str
    ) -> None:
        writer = log.writer(logs.name("w"))
        total = 1_200
        workers = [Worker(log, logs.name("g"), name, topic, target) for name in ("m1", "m2", "m3")]
        workers[0].start()
        for first in range(0, total, 100):
            writer.commit(numbers(topic, 100, 2, first))
            if first == 300:
                workers[1].start()
            if first == 600:
                workers[0].stop()
                workers[2].start()
            time.sleep(0.03)
        wait_for(lambda: sum(worker.copied for worker in workers) >= total)
        for worker in workers[1:]:
            worker.stop()
        for partition in (0, 1):
            assert values(log, target, partition) == values(log, topic, partition)

    @pytest.mark.parametrize("polls", [1, 2])
    def test_p2_a_transaction_is_whole_when_another_joins_in_its_middle(
        self, logs: Logs, log: RecordLog, topic: str, target: str, polls: int
    ) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 10, 2))
        one = log.join(logs.name("g"), [topic], "m1")
        batches = one.poll(4, PATIENCE_S)
        two = log.join(logs.name("g"), [topic], "m2")
        theirs: list[Batch] = []
        worker = threading.Thread(target=lambda: theirs.extend(two.poll(1, 1.0)))
        worker.start()
        with contextlib.suppress(Fenced):
            for _ in range(1, polls):
                time.sleep(0.2)
                batches += one.poll(4, 1.0)
                time.sleep(0.2)
            one.commit(copies(target, batches))
        worker.join()
        with contextlib.suppress(Fenced):
            two.commit(copies(target, theirs))
        wait_for(lambda: _drained(one, two, log, target, 10))
        one.close()
        two.close()
        assert sorted(values(log, target, 0) + values(log, target, 1)) == sorted("0123456789")


def _drained(one: Member, two: Member, log: RecordLog, target: str, count: int) -> bool:
    for member in (one, two):
        with contextlib.suppress(Fenced):
            member.commit(copies(target, member.poll(100, 0.2)))
    return len(values(log, target, 0) + values(log, target, 1)) >= count


class History(RuleBasedStateMachine):
    """Any sequence of calls against lists in memory: what is committed, and how far the group's one member has come."""

    def __init__(self, logs: Logs) -> None:
        super().__init__()
        self._opened = logs.open()
        self.log = self._opened.__enter__()
        self.name = f"{logs.name('t')}.{uuid4().hex[:12]}"
        self.log.create([TopicSpec(self.name, 2), TopicSpec(self.name + ".out", 2)])
        self.kept: dict[tuple[str, int], list[str]] = {
            (t, p): [] for t in (self.name, self.name + ".out") for p in (0, 1)
        }
        self.moved = {(self.name, 0): 0, (self.name, 1): 0}
        self.at = dict(self.moved)
        self.writers: dict[str, list[Writer]] = {"a": [], "b": []}
        self.members: list[Member] = []
        self.in_hand: list[Outgoing] = []
        self.made = 0

    def fresh(self, topic: str, partitions: list[int]) -> list[Outgoing]:
        self.made += len(partitions)
        return [out(topic, str(self.made - n), p, timestamp=1_000 + self.made) for n, p in enumerate(partitions)]

    def keep(self, outgoing: list[Outgoing]) -> None:
        for one in outgoing:
            self.kept[one.topic, one.partition].append((one.value or b"").decode())

    @rule(name=st.sampled_from("ab"))
    def open_writer(self, name: str) -> None:
        self.writers[name].append(self.log.writer(f"{self.name}.{name}"))

    @rule(name=st.sampled_from("ab"), partitions=st.lists(st.integers(0, 1), max_size=4))
    def write(self, name: str, partitions: list[int]) -> None:
        if self.writers[name]:
            outgoing = self.fresh(self.name, partitions)
            self.writers[name][-1].commit(outgoing)
            self.keep(outgoing)

    @rule(name=st.sampled_from("ab"))
    def write_as_zombie(self, name: str) -> None:
        if len(self.writers[name]) > 1:
            with pytest.raises(Fenced):
                self.writers[name][-2].commit(self.fresh(self.name, [0]))

    @rule()
    def join(self) -> None:
        self.members.append(self.log.join(f"{self.name}.g", [self.name], "m"))
        self.forget()

    def forget(self) -> None:
        self.at = dict(self.moved)
        self.in_hand = []

    @precondition(lambda self: self.members)
    @rule(records_max=st.integers(1, 5))
    def poll(self, records_max: int) -> None:
        unread = any(len(self.kept[slot]) > at for slot, at in self.at.items())
        batches = self.members[-1].poll(records_max, PATIENCE_S if unread else 0.01)
        assert len(polled(batches)) <= records_max
        assert bool(polled(batches)) == unread
        for batch in batches:
            slot = (batch.topic, batch.partition)
            after = self.at[slot] + len(batch.records)
            assert polled([batch]) == self.kept[slot][self.at[slot] : after]
            self.at[slot] = after
        self.in_hand += copies(self.name + ".out", batches)

    @precondition(lambda self: self.members)
    @rule()
    def commit(self) -> None:
        self.members[-1].commit(self.in_hand)
        self.keep(self.in_hand)
        self.in_hand = []
        self.moved = dict(self.at)

    @precondition(lambda self: self.members)
    @rule()
    def rewind(self) -> None:
        self.members[-1].rewind()
        self.forget()

    @precondition(lambda self: self.members)
    @rule()
    def leave(self) -> None:
        self.members.pop().close()
        self.members.clear()
        self.forget()

    @rule()
    def look(self) -> None:
        for (topic, partition), expected in self.kept.items():
            assert values(self.log, topic, partition) == expected

    def teardown(self) -> None:
        try:
            self.look()
            for slot, count in self.moved.items():
                assert values(self.log, self.name + ".out", slot[1]) == self.kept[slot][:count]
        finally:
            for member in self.members:
                member.close()
            self._opened.__exit__(None, None, None)


def test_p1_p2_any_history_agrees_with_lists_in_memory(logs: Logs) -> None:
    """Two writers with heirs, one member at a time that polls, commits, rewinds, leaves and is replaced."""
    affordable = settings(
        max_examples=logs.examples,
        stateful_step_count=25,
        phases=(Phase.generate, Phase.shrink) if logs.examples > 10 else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: History(logs), settings=affordable)


def test_order_within_a_key_is_kept_through_a_stage(logs: Logs, log: RecordLog, topic: str, target: str) -> None:
    writer = log.writer(logs.name("w"))
    for n in range(40):
        writer.commit([out(topic, f"{key}{n}", partition, key.encode()) for partition, key in enumerate("ab")])
    member = log.join(logs.name("g"), [topic], "m")
    done = 0
    while done < 80:
        batches = member.poll(7, PATIENCE_S)
        member.commit(copies(target, batches))
        done += len(polled(batches))
    member.close()
    again = log.join(logs.name("g2"), [target], "m")
    seen = poll_until(again, 80)
    again.close()
    for key in "ab":
        assert [value for value in seen if value[0] == key] == [f"{key}{n}" for n in range(40)]

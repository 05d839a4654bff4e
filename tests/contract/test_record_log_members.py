"""What every ``RecordLog`` promises of members and their groups (hub/ports/), over every adapter."""

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from hub.errors import Fenced, HubError, Misconfigured, Reassigned
from hub.ports import RecordLog
from tests.contract.record_logs import (
    PATIENCE_S,
    Logs,
    committed_until,
    copies,
    numbers,
    out,
    poll_until,
    polled,
    records,
    values,
)


class TestMember:
    def test_p2_consume_transform_produce_moves_both_or_neither(
        self, logs: Logs, log: RecordLog, topic: str, target: str
    ) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 20, 2))
        group = logs.name("g")
        member = log.join(group, [topic], "m")
        poll_until(member, 20)
        assert log.committed(group) == {}
        member.rewind()
        seen: list[str] = []
        while len(seen) < 20:
            batches = member.poll(7, PATIENCE_S)
            seen += polled(batches)
            assert len(polled(batches)) <= 7
            member.commit(copies(target, batches))
        member.close()
        for partition in (0, 1):
            assert values(log, target, partition) == values(log, topic, partition)
            end = records(log, topic, partition)[-1].offset + 1
            assert committed_until(log, group, (topic, partition), end) >= end

    def test_p1_what_was_not_committed_is_polled_again(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 10))
        first = log.join(logs.name("g"), [topic], "m")
        assert poll_until(first, 3, records_max=3) == ["0", "1", "2"]
        first.commit([])
        assert poll_until(first, 3, records_max=3) == ["3", "4", "5"]
        first.close()
        second = log.join(logs.name("g"), [topic], "m")
        assert poll_until(second, 7) == ["3", "4", "5", "6", "7", "8", "9"]
        second.close()

    def test_several_polls_make_one_transaction(self, logs: Logs, log: RecordLog, topic: str, target: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 6))
        member = log.join(logs.name("g"), [topic], "m")
        batches = [batch for _ in range(3) for batch in member.poll(2, PATIENCE_S)]
        member.commit(copies(target, batches))
        member.rewind()
        assert values(log, target) == ["0", "1", "2", "3", "4", "5"]
        assert member.poll(10, 0.2) == []
        member.close()

    def test_p1_p2_of_what_was_polled_a_part_may_be_committed(
        self, logs: Logs, log: RecordLog, topic: str, target: str
    ) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 6))
        group = logs.name("g")
        first = log.join(group, [topic], "m")
        assert poll_until(first, 4, records_max=4) == ["0", "1", "2", "3"]
        offsets = [record.offset for record in records(log, topic)]
        first.commit([out(target, "0"), out(target, "1")], {(topic, 0): offsets[1] + 1})
        try:
            assert poll_until(first, 2) == ["4", "5"]
        except Reassigned:  # allowed at any time: then all that is not committed comes again
            assert poll_until(first, 4) == ["2", "3", "4", "5"]
        first.commit([out(target, "2")], {(topic, 0): offsets[2] + 1})
        assert committed_until(log, group, (topic, 0), offsets[2] + 1) == offsets[2] + 1
        first.close()
        second = log.join(group, [topic], "m")
        assert poll_until(second, 3) == ["3", "4", "5"]
        second.commit([])
        second.close()
        assert values(log, target) == ["0", "1", "2"]
        assert committed_until(log, group, (topic, 0), offsets[-1] + 1) > offsets[-1]

    def test_rewind_forgets_what_was_polled(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 5))
        member = log.join(logs.name("g"), [topic], "m")
        assert poll_until(member, 2, records_max=2) == ["0", "1"]
        member.rewind()
        assert poll_until(member, 5) == ["0", "1", "2", "3", "4"]
        member.close()

    def test_output_without_input_is_committed(self, logs: Logs, log: RecordLog, topic: str, target: str) -> None:
        member = log.join(logs.name("g"), [topic], "m")
        member.poll(1, 0.2)
        member.commit([out(target, "made")])
        member.close()
        assert values(log, target) == ["made"]

    def test_p2_a_refused_commit_appends_nothing_and_polls_again(
        self, logs: Logs, log: RecordLog, topic: str, target: str
    ) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 3))
        member = log.join(logs.name("g"), [topic], "m")
        poll_until(member, 3)
        with pytest.raises(Misconfigured):
            member.commit([out(target, "a"), out(target, "b", partition=9)])
        assert records(log, target) == []
        assert poll_until(member, 3) == ["0", "1", "2"]
        member.close()

    def test_p2_a_member_that_was_replaced_is_fenced(self, logs: Logs, log: RecordLog, topic: str, target: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 5))
        zombie = log.join(logs.name("g"), [topic], "m")
        poll_until(zombie, 5)
        heir = log.join(logs.name("g"), [topic], "m")
        got: list[str] = []
        while len(got) < 5:
            batches = heir.poll(100, 1.0)
            got += polled(batches)
            heir.commit(copies(target, batches))
        with pytest.raises(Fenced):
            zombie.commit([out(target, "doubled")])
        with pytest.raises(Fenced):
            for _ in range(20):
                zombie.poll(10, 1.0)
        zombie.close()
        heir.commit([out(target, "last")])
        heir.close()
        assert values(log, target) == ["0", "1", "2", "3", "4", "last"]

    def test_p1_the_heir_of_a_member_that_had_hardly_joined_gets_everything(
        self, logs: Logs, log: RecordLog, topic: str
    ) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 6, 2))
        short_lived = log.join(logs.name("g"), [topic], "m")
        with contextlib.suppress(Fenced):
            short_lived.poll(1, 0.01)
        heir = log.join(logs.name("g"), [topic], "m")
        assert sorted(poll_until(heir, 6)) == ["0", "1", "2", "3", "4", "5"]
        short_lived.close()
        heir.commit([])
        assert heir.poll(10, 0.2) == []
        heir.close()

    def test_poll_waits_and_wakes(self, logs: Logs, log: RecordLog, topic: str) -> None:
        member = log.join(logs.name("g"), [topic], "m")
        member.poll(10, 0.1)
        began_s = time.monotonic()
        assert member.poll(10, 0.3) == []
        assert time.monotonic() - began_s < 5
        writer = log.writer(logs.name("w"))
        timer = threading.Timer(0.3, writer.commit, [[out(topic, "now")]])
        timer.start()
        began_s = time.monotonic()
        assert poll_until(member, 1) == ["now"]
        assert time.monotonic() - began_s < 5
        timer.join()
        member.close()

    def test_groups_are_independent(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 4))
        one, two = (log.join(logs.name(group), [topic], "m") for group in ("g1", "g2"))
        assert poll_until(one, 4) == poll_until(two, 4) == ["0", "1", "2", "3"]
        one.commit([])
        assert log.committed(logs.name("g2")) == {}
        one.close()
        two.close()

    def test_a_member_of_several_topics(self, logs: Logs, log: RecordLog, topic: str, target: str) -> None:
        writer = log.writer(logs.name("w"))
        writer.commit([out(topic, "a"), out(target, "b", 1)])
        member = log.join(logs.name("g"), [topic, target], "m")
        assert sorted(poll_until(member, 2)) == ["a", "b"]
        assert member.assigned() == {(topic, 0), (topic, 1), (target, 0), (target, 1)}
        member.close()


class TestReset:
    def test_p1_a_group_goes_on_where_it_was_set(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 6))
        offsets = [one.offset for one in records(log, topic)]
        log.reset(logs.name("g"), {(topic, 0): offsets[4]})
        assert log.committed(logs.name("g")) == {(topic, 0): offsets[4]}
        member = log.join(logs.name("g"), [topic], "m")
        assert poll_until(member, 2) == ["4", "5"]
        member.commit([])
        member.close()
        log.reset(logs.name("g"), {(topic, 0): 0})
        member = log.join(logs.name("g"), [topic], "m")
        assert poll_until(member, 6) == ["0", "1", "2", "3", "4", "5"]
        member.close()

    def test_reset_is_refused_while_there_are_members(self, logs: Logs, log: RecordLog, topic: str) -> None:
        member = log.join(logs.name("g"), [topic], "m")
        member.poll(1, 0.5)
        with pytest.raises(Misconfigured):
            log.reset(logs.name("g"), {(topic, 0): 0})
        member.close()


class TestProjection:
    """Members that keep their positions in a database of their own."""

    def test_p2_it_starts_where_its_database_says(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 8, 2))
        offset = records(log, topic, 0)[2].offset
        asked: list[frozenset[tuple[str, int]]] = []

        def positions(slots: frozenset[tuple[str, int]]) -> dict[tuple[str, int], int]:
            asked.append(slots)
            return {(topic, 0): offset}

        member = log.join(logs.name("g"), [topic], "m", positions)
        assert sorted(poll_until(member, 6)) == ["1", "3", "4", "5", "6", "7"]
        assert frozenset.union(*asked) == member.assigned() == {(topic, 0), (topic, 1)}
        assert log.committed(logs.name("g")) == {}
        member.close()

    def test_p2_rewind_asks_again(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 6))
        offsets = [one.offset for one in records(log, topic)]
        database = {(topic, 0): 0}
        member = log.join(logs.name("g"), [topic], "m", lambda slots: database)
        assert poll_until(member, 3, records_max=3) == ["0", "1", "2"]
        database[topic, 0] = offsets[1]
        member.rewind()
        assert poll_until(member, 5) == ["1", "2", "3", "4", "5"]
        member.close()

    def test_it_never_commits(self, logs: Logs, log: RecordLog, topic: str) -> None:
        member = log.join(logs.name("g"), [topic], "m", lambda slots: {})
        with pytest.raises(Misconfigured):
            member.commit([])
        member.close()

    def test_p1_a_database_that_is_away_loses_nothing(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 3))
        answers: Iterator[HubError | None] = iter([Fenced("the database is away")])

        def positions(slots: frozenset[tuple[str, int]]) -> dict[tuple[str, int], int]:
            trouble = next(answers, None)
            if trouble:
                raise trouble
            return {}

        member = log.join(logs.name("g"), [topic], "m", positions)
        with pytest.raises(Fenced):
            poll_until(member, 1)
        assert poll_until(member, 3) == ["0", "1", "2"]
        member.close()

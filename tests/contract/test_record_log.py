"""What every ``RecordLog`` promises (hub/ports.py), over every adapter."""

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from hub.errors import Fenced, HubError, Misconfigured, Reassigned
from hub.ports import Outgoing, RecordLog, TopicSpec
from tests.contract.record_logs import PATIENCE_S, Logs, copies, numbers, out, poll_until, polled, records, values


class TestTopics:
    def test_create_makes_what_is_missing_and_names_it(self, logs: Logs, log: RecordLog, topic: str) -> None:
        other = logs.name("other")
        assert log.create([TopicSpec(topic, 2), TopicSpec(other, 3)]) == [other]
        assert log.create([TopicSpec(topic, 2), TopicSpec(other, 3)]) == []
        assert {topic: 2, other: 3}.items() <= log.topics().items()

    def test_another_partition_count_is_refused(self, log: RecordLog, topic: str) -> None:
        with pytest.raises(Misconfigured):
            log.create([TopicSpec(topic, 3)])

    def test_a_new_topic_is_empty(self, log: RecordLog, topic: str) -> None:
        assert log.bounds(topic) == {0: (0, 0), 1: (0, 0)}
        assert list(log.scan(topic, 0)) == []

    def test_an_unknown_topic_or_partition_is_named(self, logs: Logs, log: RecordLog, topic: str) -> None:
        for call in (
            lambda: log.bounds(logs.name("no")),
            lambda: log.scan(topic, 7),
            lambda: log.join("g", [logs.name("no")], "m"),
        ):
            with pytest.raises(Misconfigured):
                call()


class TestAppendAndScan:
    def test_p4_a_record_comes_back_as_it_was_given(self, logs: Logs, log: RecordLog, topic: str) -> None:
        headers = [("ce_id", b"\x00\xff"), ("ce_id", b""), ("ce_类型", "值".encode())]
        given = [
            Outgoing(topic, 0, bytes(range(256)), b"v", headers, 1_700_000_000_123),
            Outgoing(topic, 0, None, b"", [], 0),
            Outgoing(topic, 0, b"", None, [("h", b"x")], 5),
        ]
        log.writer(logs.name("w")).commit(given)
        found = records(log, topic)
        assert [(r.timestamp, r.key, r.value, list(r.headers)) for r in found] == [
            (g.timestamp, g.key, g.value, list(g.headers)) for g in given
        ]

    def test_order_is_kept_within_a_partition_and_over_commits(self, logs: Logs, log: RecordLog, topic: str) -> None:
        writer = log.writer(logs.name("w"))
        for first in range(0, 60, 20):
            writer.commit(numbers(topic, 20, 2, first))
        assert values(log, topic, 0) == [str(n) for n in range(0, 60, 2)]
        assert values(log, topic, 1) == [str(n) for n in range(1, 60, 2)]
        offsets = [one.offset for one in records(log, topic)]
        assert offsets == sorted(set(offsets))

    def test_p1_what_is_committed_is_there_after_reopening(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 10))
        log.close()
        with logs.open() as again:
            assert values(again, topic) == [str(n) for n in range(10)]

    def test_p1_all_or_nothing_over_topics(self, logs: Logs, log: RecordLog, topic: str, target: str) -> None:
        writer = log.writer(logs.name("w"))
        with pytest.raises(Misconfigured):
            writer.commit([out(topic, "a"), out(target, "b", partition=9)])
        with pytest.raises(Misconfigured):
            writer.commit([out(topic, "a"), out(logs.name("no"), "b")])
        assert records(log, topic) == []
        writer.commit([out(topic, "c"), out(target, "d", partition=1)])
        assert (values(log, topic), values(log, target, 1)) == (["c"], ["d"])

    def test_an_empty_commit_changes_nothing(self, logs: Logs, log: RecordLog, topic: str) -> None:
        before = log.bounds(topic)
        log.writer(logs.name("w")).commit([])
        assert log.bounds(topic) == before

    def test_a_scan_takes_a_range_of_offsets(self, logs: Logs, log: RecordLog, topic: str) -> None:
        writer = log.writer(logs.name("w"))
        for first in range(0, 9, 3):
            writer.commit(numbers(topic, 3, 1, first))
        every = records(log, topic)
        for start in range(log.bounds(topic)[0][1] + 2):
            for stop in range(start, log.bounds(topic)[0][1] + 2):
                assert [r.offset for r in records(log, topic, 0, start, stop)] == [
                    r.offset for r in every if start <= r.offset < stop
                ]

    def test_p1_a_record_is_read_by_its_place_as_soon_as_it_is_committed(
        self, logs: Logs, log: RecordLog, topic: str
    ) -> None:
        writer = log.writer(logs.name("w"))
        for first in range(0, 9, 3):
            writer.commit(numbers(topic, 3, 1, first))
            every = {one.offset: one for one in records(log, topic)}
            for offset in range(log.bounds(topic)[0][1] + 2):
                assert log.read(topic, 0, offset) == every.get(offset)
        assert len(every) == 9
        with pytest.raises(Misconfigured):
            log.read(logs.name("nowhere"), 0, 0)

    def test_a_scan_ends_where_the_end_was_at_the_call(self, logs: Logs, log: RecordLog, topic: str) -> None:
        writer = log.writer(logs.name("w"))
        writer.commit(numbers(topic, 5))
        scan = log.scan(topic, 0)
        writer.commit(numbers(topic, 5, 1, 5))
        assert polled(list(scan)) == ["0", "1", "2", "3", "4"]

    def test_bounds_enclose_what_is_committed(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 7))
        found = records(log, topic)
        start, end = log.bounds(topic)[0]
        assert start == found[0].offset
        assert end > found[-1].offset
        assert log.bounds(topic)[1] == (0, 0)

    def test_a_big_batch_is_one_transaction(self, logs: Logs, log: RecordLog, topic: str) -> None:
        big = [out(topic, b"%d " % n + b"x" * 500, n % 2, timestamp=n) for n in range(20_000)]
        large = [out(topic, b"y" * 700_000, 0), out(topic, b"z" * 262_144, 0)]
        log.writer(logs.name("w")).commit(big + large)
        found = records(log, topic, 0)
        assert [r.value for r in found] == [o.value for o in big + large if o.partition == 0]
        assert len(records(log, topic, 1)) == 10_000

    def test_a_reader_never_sees_part_of_a_transaction(self, logs: Logs, log: RecordLog, topic: str) -> None:
        writer = log.writer(logs.name("w"))
        done = threading.Event()
        seen: list[int] = []

        def read() -> None:
            while not done.is_set():
                seen.append(len(records(log, topic)))

        reader = threading.Thread(target=read)
        reader.start()
        for n in range(20):
            writer.commit(numbers(topic, 50, 1, n * 50))
        done.set()
        reader.join()
        assert [count for count in seen if count % 50] == []


class TestTime:
    def test_offset_at_is_the_first_record_not_earlier(self, logs: Logs, log: RecordLog, topic: str) -> None:
        writer = log.writer(logs.name("w"))
        for stamps in ([1_000, 1_010], [1_005, 1_020, 1_015], [1_030]):
            writer.commit([out(topic, str(ms), timestamp=ms) for ms in stamps])
        every = records(log, topic)
        end = log.bounds(topic)[0][1]
        for ms in (0, 999, 1_000, 1_001, 1_005, 1_010, 1_011, 1_015, 1_016, 1_020, 1_021, 1_029, 1_030, 1_031, 9_999):
            assert log.offset_at(topic, 0, ms) == next((r.offset for r in every if r.timestamp >= ms), end), ms

    def test_offset_at_of_an_empty_partition_is_its_end(self, log: RecordLog, topic: str) -> None:
        assert log.offset_at(topic, 1, 0) == 0

    def test_a_scan_by_time(self, logs: Logs, log: RecordLog, topic: str) -> None:
        log.writer(logs.name("w")).commit(numbers(topic, 100))
        start, stop = log.offset_at(topic, 0, 1_030), log.offset_at(topic, 0, 1_040)
        assert [r.timestamp for r in records(log, topic, 0, start, stop)] == list(range(1_030, 1_040))


class TestWriter:
    def test_p2_a_zombie_writer_is_fenced(self, logs: Logs, log: RecordLog, topic: str) -> None:
        zombie = log.writer(logs.name("w"))
        zombie.commit([out(topic, "before")])
        heir = log.writer(logs.name("w"))
        with pytest.raises(Fenced):
            zombie.commit([out(topic, "lost")])
        heir.commit([out(topic, "after")])
        with pytest.raises(Fenced):
            zombie.commit([out(topic, "lost")])
        assert values(log, topic) == ["before", "after"]

    def test_writers_of_other_ids_live_side_by_side(self, logs: Logs, log: RecordLog, topic: str) -> None:
        one, two = log.writer(logs.name("w1")), log.writer(logs.name("w2"))
        one.commit([out(topic, "1")])
        two.commit([out(topic, "2")])
        one.commit([out(topic, "3")])
        assert values(log, topic) == ["1", "2", "3"]

    @pytest.mark.parametrize("point", ["log.appended", "log.positioned"])
    def test_p2_what_a_killed_writer_left_is_invisible_for_ever(
        self, logs: Logs, log: RecordLog, topic: str, point: str
    ) -> None:
        log.close()
        assert logs.run("append", logs.name("w"), topic, 10, crash=point) == -9
        with logs.open() as again:
            again.writer(logs.name("w")).commit([out(topic, "next")])
            assert values(again, topic, 0) == ["next"]
            member = again.join(logs.name("g"), [topic], "m")
            assert poll_until(member, 1) == ["next"]
            assert member.poll(10, 0.2) == []
            member.close()

    def test_p1_what_a_writer_committed_before_it_was_killed_is_there(
        self, logs: Logs, log: RecordLog, topic: str
    ) -> None:
        log.close()
        assert logs.run("append", logs.name("w"), topic, 10, crash="log.committed") == -9
        with logs.open() as again:
            assert values(again, topic, 0) + values(again, topic, 1) == list("0246813579")


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
            assert log.committed(group)[topic, partition] > records(log, topic, partition)[-1].offset

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
        assert log.committed(group) == {(topic, 0): offsets[2] + 1}
        first.close()
        second = log.join(group, [topic], "m")
        assert poll_until(second, 3) == ["3", "4", "5"]
        second.commit([])
        second.close()
        assert values(log, target) == ["0", "1", "2"]
        assert log.committed(group)[topic, 0] > offsets[-1]

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


class TestCompacted:
    def test_p1_the_newest_of_every_key_always_survives(self, logs: Logs, log: RecordLog) -> None:
        cursors = logs.name("cursors")
        log.create([TopicSpec(cursors, 1, compacted=True)])
        writer = log.writer(logs.name("w"))
        for n in range(30):
            writer.commit([out(cursors, f"{key}{n}", key=key.encode(), timestamp=1_000 + n) for key in "abc"])
        newest = {one.key: one.offset for one in records(log, cursors)}
        end = log.bounds(cursors)[0][1]
        log.close()
        with logs.open() as again:
            again.writer(logs.name("w")).commit([out(cursors, "d30", key=b"d")])
            found = records(again, cursors)
            assert {one.key: one.value for one in found} == {b"a": b"a29", b"b": b"b29", b"c": b"c29", b"d": b"d30"}
            assert newest.items() <= {one.key: one.offset for one in found}.items()
            assert found[-1].offset >= end

"""What every ``RecordLog`` promises of topics, records and writers (hub/ports/), over every adapter."""

import threading

import pytest

from hub.errors import Fenced, Misconfigured
from hub.ports import Outgoing, RecordLog, TopicSpec
from tests.contract.record_logs import Logs, numbers, out, poll_until, polled, records, values


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

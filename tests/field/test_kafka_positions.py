"""Positions and places on a real broker: expired, deleted, created again, at other addresses (P1, P2)."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from hub.clock import SystemClock
from hub.errors import Misconfigured, Unavailable
from hub.logs import open_log
from hub.pipeline.positions import check_places, read_places, restore
from hub.pipeline.project import Project
from hub.ports import Outgoing, RecordLog, TopicSpec
from hub.topics import cursors
from hub.topics.declared import CURSORS
from sandbox.servers import kafka
from sandbox.servers.missing import Missing
from sandbox.servers.ports import free_port
from tests import samples
from tests.casework import House

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
IN, OUT = "licence.business.received", "licence.business.verified"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[kafka.Cluster]:
    try:
        cluster = kafka.start(tmp_path / "cluster")
    except Missing as missing:
        pytest.skip(str(missing))
    yield cluster
    cluster.stop()


def until(done: Callable[[], Any], within_s: float) -> float:
    """Seconds until ``done`` says so."""
    began_s = time.monotonic()
    while not done():
        assert time.monotonic() - began_s < within_s, "not within its time"
    return time.monotonic() - began_s


def records(log: RecordLog, topic: str) -> int:
    return sum(len(batch.records) for batch in log.scan(topic, 0))


def put(log: RecordLog, count: int) -> None:
    writer = log.writer("test")
    writer.commit([Outgoing(IN, 0, b"k", b"%d" % n, (), 1) for n in range(count)])
    writer.close()


def forward(log: RecordLog, count: int) -> None:
    """A stage that keeps its positions as ``verify`` does, until the output has ``count`` records."""
    restore(log, "verify", [OUT])
    member = log.join("verify", [IN], "m")
    try:
        deadline_s = time.monotonic() + 60
        while records(log, OUT) < count:
            assert time.monotonic() < deadline_s
            if batches := member.poll(100, 0.5):
                made = [Outgoing(OUT, 0, one.key, one.value, (), 1) for batch in batches for one in batch.records]
                member.commit([*made, *cursors.position_messages("verify", batches, 0)])
    finally:
        member.close()


@pytest.fixture
def log(cluster: kafka.Cluster) -> Iterator[RecordLog]:
    log = open_log(cluster.log_url, SystemClock())
    log.create([TopicSpec(IN, 1), TopicSpec(OUT, 1), TopicSpec(CURSORS, 1, compacted=True)])
    yield log
    log.close()


def test_p2_a_group_whose_offsets_the_broker_deleted_judges_nothing_twice(
    log: RecordLog, cluster: kafka.Cluster
) -> None:
    """A broker deletes them when the hub was off for a week (offsets.retention.minutes)."""
    put(log, 4)
    forward(log, 4)
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    admin.delete_groups(["verify"])
    assert log.committed("verify") == {}
    put(log, 3)
    forward(log, 7)
    assert records(log, OUT) == 7
    with suppress(Exception):
        admin.delete_topics([CURSORS])  # and with its record of them
    admin.delete_groups(["verify"])
    until(lambda: CURSORS not in log.topics(), 30)
    log.create([TopicSpec(CURSORS, 1, compacted=True)])
    admin.close()
    fresh = open_log(cluster.log_url, SystemClock())
    with pytest.raises(Misconfigured, match="positions of group verify are missing"):
        restore(fresh, "verify", [OUT])
    fresh.close()


def test_p1_a_stage_that_was_killed_in_its_first_transaction_starts_again(
    log: RecordLog, cluster: kafka.Cluster
) -> None:
    """The offsets of a transaction that came to nothing are no output of the group."""
    producer = KafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id="killed")
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(OUT, b"v", partition=0)
    producer.flush()
    producer.abort_transaction()
    producer.close()
    until(lambda: log.bounds(OUT)[0][1] > 0, 30)
    put(log, 3)
    forward(log, 3)
    assert records(log, OUT) == 3


def test_p1_a_topic_that_was_created_again_is_refused(log: RecordLog, cluster: kafka.Cluster) -> None:
    put(log, 6)
    forward(log, 6)
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    admin.delete_topics([IN])
    until(lambda: IN not in log.topics(), 30)
    log.create([TopicSpec(IN, 1)])
    put(log, 2)
    with pytest.raises(Misconfigured, match=f"verify has read {IN}/0 up to 6, but it ends at 3"):
        restore(log, "verify", [OUT])
    put(log, 9)
    with pytest.raises(Misconfigured, match="another record is there"):
        restore(log, "verify", [OUT])
    admin.close()


def test_p1_a_running_member_says_so_when_its_topic_is_created_again(log: RecordLog, cluster: kafka.Cluster) -> None:
    put(log, 6)
    member = log.join("verify", [IN], "m")
    until(lambda: member.poll(100, 0.5), 30)
    member.commit([])
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    admin.delete_topics([IN])
    until(lambda: IN not in log.topics(), 30)
    log.create([TopicSpec(IN, 1)])
    put(log, 2)

    def told() -> bool:
        try:
            return bool(member.poll(100, 0.5))
        except Misconfigured as told:
            return "created again" in str(told)
        except Unavailable:
            return False

    until(told, 90)
    member.close()
    admin.close()


def test_p1_projected_positions_know_their_log_on_a_broker_too(cluster: kafka.Cluster, tmp_path: Path) -> None:
    house = House(tmp_path, log_url=cluster.log_url)
    house.verified(*(samples.title(f"T{n}", unit_no=f"120101001001GB00001F0001{n:04d}") for n in range(5)))
    stage = Project(house.log, house.store, house.journal, "m", 100)
    until(lambda: stage.step() or read(house), 60)
    stage.close()
    check_places(house.log, "project", read(house))
    assert all(place.mark and place.marked == place.next for place in read(house).values())
    other = {slot: place._replace(mark=bytes(16)) for slot, place in read(house).items()}
    with pytest.raises(Misconfigured, match="another record is there"):
        check_places(house.log, "project", other)
    house.close()


def read(house: House) -> Any:
    with house.store.read() as connection:
        return {slot: place for slot, place in read_places(connection).items() if slot[0].endswith("title.verified")}


# ---- brokers that move ---------------------------------------------------------------------------------------------


class Front:
    """An address that stays, as a load balancer's: it forwards to where the broker is now."""

    def __init__(self, port: int) -> None:
        self.target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            client, _ = self._listening.accept()
            try:
                broker = socket.create_connection(("127.0.0.1", self.target), 2)
            except OSError:
                client.close()
                continue
            for one, other in ((client, broker), (broker, client)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_p1_brokers_under_new_addresses_are_found_within_a_minute(cluster: kafka.Cluster) -> None:
    """The addresses of ``log_url`` stay. A client of the driver looks only where the brokers were."""
    node = cluster.nodes[0]
    front = Front(node.port)
    log = open_log(f"kafka://127.0.0.1:{front.port}?replication=1&min_insync_replicas=1", SystemClock())
    log.create([TopicSpec(IN, 1), TopicSpec(OUT, 1), TopicSpec(CURSORS, 1, compacted=True)])
    put(log, 1)
    found = []
    stop = threading.Event()

    def run() -> None:
        """As the runner runs a stage: a member that says that the log is away is made again."""
        while not stop.is_set():
            try:
                member = log.join("verify", [IN], "m")
                try:
                    while not stop.is_set():
                        found.extend(record for batch in member.poll(10, 0.2) for record in batch.records)
                        member.commit([])
                finally:
                    member.close()
            except Unavailable:
                time.sleep(0.5)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    until(lambda: len(found) == 1, 60)
    node.stop()
    before, node.port = node.port, free_port()
    properties = node.home / "server.properties"
    properties.write_text(
        properties.read_text("utf-8").replace(f"127.0.0.1:{before}", f"127.0.0.1:{node.port}"), "utf-8"
    )
    node.start()
    node.wait_ready()
    front.target = node.port

    def written() -> bool:
        with suppress(Unavailable):
            put(log, 1)
            return True
        return False

    began_s = time.monotonic()
    until(written, 60)
    until(lambda: time.sleep(0.2) or len(found) == 2, 60 - (time.monotonic() - began_s))
    stop.set()
    thread.join(30)
    log.close()

"""Where engines race: a broker and a PostgreSQL of the bench's own, and sealed records on the source topic."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from bench.limits import SCRATCH
from bench.peers.work import REJECTED, SOURCE, VERIFIED
from bench.world import NAME, Feed
from hub import settings
from hub.bootstrap import open_hub
from hub.errors import Misconfigured, Unavailable
from hub.ports import TopicSpec
from hub.topics.declared import declared
from hub.topics.received import Envelopes
from sandbox.servers import kafka, postgres

PARTITIONS = 6
_TRIES = 40


@dataclass
class Site:
    """Running servers, and a hub's settings on them in ``home/hub.toml``."""

    home: Path
    cluster: kafka.Cluster
    database: postgres.Server
    expected: Counter[str] = field(default_factory=Counter)
    """Verdict (``""`` or a code) → how many records of the source topic must get it."""

    @property
    def records(self) -> int:
        return self.expected.total()

    def environ(self) -> dict[str, str]:
        """Of a process that works here."""
        return {"HUB_CONFIG": str(self.home / "hub.toml"), "BENCH_BROKER": self.cluster.bootstrap}

    def load(self, size: int) -> None:
        """Seal ``size`` licences and put them on the source topic, as ingest does."""
        feed = Feed(size)
        self.write_settings({NAME: {name: value for name, value in feed.options().items() if value}})
        hub = open_hub(settings.load(self.home / "hub.toml", environ={}))
        try:
            hub.log.create([TopicSpec(SCRATCH, PARTITIONS)])
            writer, info = hub.log.writer("bench"), hub.connectors.sources[NAME]
            for page in feed.pages():
                rows, now = feed.read(page), hub.clock.now()
                sealed = hub.sealer.seal_page(info, rows, hub.clock.now_ms())
                writer.commit(Envelopes(NAME, PARTITIONS, now).page(sealed, None))
            writer.close()
        finally:
            hub.close()
        self.expected = feed.verdicts()

    def clear(self) -> None:
        """Empty output topics; nobody has read the source topic."""
        admin = KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap)
        admin.delete_topics([VERIFIED, REJECTED])
        admin.close()
        hub = open_hub(settings.load(self.home / "hub.toml", environ={}))
        try:
            hub.log.create(declared(PARTITIONS))
            _patiently(lambda: hub.log.reset("verify", {(SOURCE, one): 0 for one in range(PARTITIONS)}))
        finally:
            hub.close()

    @contextmanager
    def outputs(self) -> Iterator["Outputs"]:
        watched = Outputs(self.cluster.bootstrap)
        try:
            yield watched
        finally:
            watched.close()

    def stop(self) -> None:
        self.cluster.stop()
        self.database.stop()

    def write_settings(self, connectors: Mapping[str, Mapping[str, str]], grants: Path | None = None) -> None:
        """The hub's settings here, with these connectors and the grants of their sources."""
        lines = [
            f'log_url = "{self.cluster.log_url}"',
            f'store_url = "{self.database.url}"',
            f'vault_url = "{self.database.url}"',
            'master_key_file = "master.key"',
            'log_level = "WARNING"',
            f"partitions = {PARTITIONS}",
            *([f"grants = {json.dumps(str(grants))}"] if grants else []),
        ]
        for connector, table in connectors.items():
            lines += [f"[connectors.{connector}]", *(f"{name} = {json.dumps(value)}" for name, value in table.items())]
        (self.home / "hub.toml").write_text("\n".join(lines) + "\n", "utf-8")
        key = self.home / "master.key"
        key.touch(mode=0o600)
        key.write_bytes(bytes(32))


class Outputs:
    """The two output topics, watched."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._clients = [self._client(level) for level in ("read_committed", "read_uncommitted")]
        self._places = [TopicPartition(topic, one) for topic in (VERIFIED, REJECTED) for one in range(PARTITIONS)]

    def ends(self) -> tuple[int, int]:
        """Sum of the offsets up to which all is committed, and up to which anything is written."""
        committed, written = (sum(client.end_offsets(self._places).values()) for client in self._clients)
        return committed, written

    def verdicts(self) -> Counter[str]:
        """Everything committed, read back: verdict → how many."""
        reader, found = self._client("read_committed"), Counter[str]()
        reader.assign(self._places)
        reader.seek_to_beginning(*self._places)
        ends = reader.end_offsets(self._places)
        while any(reader.position(place) < end for place, end in ends.items()):
            for place, records in reader.poll(timeout_ms=500).items():
                found.update(_code(record.headers) if place.topic == REJECTED else "" for record in records)
        reader.close()
        return found

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def _client(self, level: str) -> KafkaConsumer:
        return KafkaConsumer(
            bootstrap_servers=self._broker, group_id=None, isolation_level=level, max_poll_records=5_000,
            fetch_max_bytes=32 << 20, max_partition_fetch_bytes=4 << 20,
        )  # fmt: skip


def _patiently(do: Callable[[], None]) -> None:
    """A broker's first call for a group makes the topic of groups, and is refused meanwhile; so is a group whose
    members have just been ended."""
    for _ in range(_TRIES):
        try:
            return do()
        except (Unavailable, Misconfigured):
            time.sleep(0.5)
    return do()


def _code(headers: list[tuple[str, bytes]]) -> str:
    listed = next((value for name, value in headers if name == "hub_reasons"), b"[]")
    return next((str(reason["code"]) for reason in json.loads(listed)), "?")


def start(home: Path) -> Site:
    """Raises ``Missing`` when a server's programs are not on this machine."""
    database = postgres.start()
    try:
        return Site(home, kafka.start(home / "kafka"), database)
    except BaseException:
        database.stop()
        raise

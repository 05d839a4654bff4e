"""Quix Streams, exactly once, tuned (commits every 5,000). It hands out one record at a time: keys are in memory."""

from typing import Any

from quixstreams import Application
from quixstreams.models import TopicConfig

from bench.peers.work import BROKER, GROUP, REJECTED, SOURCE, VERIFIED, Record, Work

work = Work(in_memory=True)
app = Application(
    broker_address=BROKER,
    consumer_group=GROUP,
    auto_offset_reset="earliest",
    processing_guarantee="exactly-once",
    commit_every=5_000,
    commit_interval=5.0,
    auto_create_topics=False,
    loglevel="ERROR",
    producer_extra_config={"compression.type": "lz4", "linger.ms": 20, "acks": "all", "batch.size": 1 << 20},
    consumer_extra_config={"session.timeout.ms": 10_000, "max.partition.fetch.bytes": 4 << 20},
)
_RAW: dict[str, Any] = {
    "key_deserializer": "bytes",
    "value_deserializer": "bytes",
    "key_serializer": "bytes",
    "value_serializer": "bytes",
    "config": TopicConfig(num_partitions=6, replication_factor=1),
}
source, verified, rejected = (app.topic(name, **_RAW) for name in (SOURCE, VERIFIED, REJECTED))


def headers_of(value: bytes, key: bytes, timestamp: int, headers: Any) -> list[tuple[str, bytes]]:
    return list(work.judge(0, [Record(0, timestamp, key, value, headers or ())])[0].headers)


def topic_of(value: bytes, key: bytes, timestamp: int, headers: Any) -> Any:  # noqa: ARG001
    return rejected if any(name == "hub_reasons" for name, _ in headers) else verified


app.dataframe(source).set_headers(headers_of).to_topic(topic_of)
app.run()

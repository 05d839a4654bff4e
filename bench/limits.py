"""Rows without an engine, each a process of its own: ``python -m bench.limits ROW`` prints records a second.

produce: kafka-python alone, the same bytes; consume, decode: alone, and with fastavro on the open part; replay: the
hub's ``log.scan`` and ``wire.decode``, partition by partition.
"""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from bench.peers.work import BROKER, SOURCE
from hub import settings
from hub.clock import SystemClock
from hub.codec import wire
from hub.logs import open_log

SCRATCH = "bench.scratch"


def main(row: str) -> None:
    rate = {"produce": _produce, "consume": _consume, "decode": _decode, "replay": _replay}[row]()
    print(json.dumps({"rate": rate}))


def _consumed() -> Iterable[Sequence[Any]]:
    """Every record of the source topic, as kafka-python gives them."""
    consumer = KafkaConsumer(
        bootstrap_servers=BROKER,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_poll_records=5_000,
        max_partition_fetch_bytes=4 << 20,
        fetch_max_bytes=32 << 20,
        metrics_enabled=False,
    )
    places = [TopicPartition(SOURCE, one) for one in consumer.partitions_for_topic(SOURCE)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    while any(consumer.position(place) < end for place, end in ends.items()):
        yield from consumer.poll(timeout_ms=500).values()
    consumer.close()


def _consume() -> float:
    began, count = time.perf_counter(), 0
    for records in _consumed():
        count += len(records)
    return count / (time.perf_counter() - began)


def _decode() -> float:
    began, count = time.perf_counter(), 0
    for records in _consumed():
        for record in records:
            wire.decode(record.value)
        count += len(records)
    return count / (time.perf_counter() - began)


def _replay() -> float:
    log = open_log(settings.load().log_url, SystemClock())
    began, count = time.perf_counter(), 0
    for partition in log.bounds(SOURCE):
        for batch in log.scan(SOURCE, partition):
            for record in batch.records:
                wire.decode(record.value or b"")
            count += len(batch.records)
    return count / (time.perf_counter() - began)


def _produce() -> float:
    records = [record for found in _consumed() for record in found]
    producer = KafkaProducer(
        bootstrap_servers=BROKER,
        acks="all",
        compression_type="lz4",
        linger_ms=20,
        batch_size=256 * 1024,
        metrics_enabled=False,
    )
    producer.partitions_for(SCRATCH)
    began = time.perf_counter()
    for one in records:
        producer.send(SCRATCH, one.value, one.key, list(one.headers), one.partition, one.timestamp)
    producer.flush()
    rate = len(records) / (time.perf_counter() - began)
    producer.close()
    return rate


if __name__ == "__main__":
    main(sys.argv[1])

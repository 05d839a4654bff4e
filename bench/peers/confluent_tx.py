"""A hand-written loop on librdkafka (confluent-kafka), one transaction a batch: what C makes possible."""

import os
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from bench.peers.work import BROKER, GROUP, SOURCE, Record, Work

BATCH = 5_000


def main() -> None:
    work = Work()
    consumer = Consumer(
        {
            "bootstrap.servers": BROKER,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "session.timeout.ms": 10_000,
            "max.partition.fetch.bytes": 4 << 20,
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": BROKER,
            "transactional.id": f"{GROUP}-{os.environ['HUB_INSTANCE']}",
            "acks": "all",
            "compression.type": "lz4",
            "linger.ms": 20,
            "batch.size": 1 << 20,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    producer.init_transactions()
    consumer.subscribe([SOURCE])
    while True:
        messages = consumer.consume(BATCH, 0.05)
        if not messages:
            continue
        by_partition: dict[int, list[Record]] = {}
        for message in messages:
            by_partition.setdefault(message.partition() or 0, []).append(_record(message))
        producer.begin_transaction()
        for partition, records in by_partition.items():
            for one in work.judge(partition, records):
                producer.produce(
                    one.topic, one.value, one.key, one.partition, timestamp=one.timestamp, headers=list(one.headers)
                )
        producer.poll(0)
        offsets = [TopicPartition(SOURCE, at, records[-1].offset + 1) for at, records in by_partition.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()


def _record(message: Any) -> Record:
    if message.error():
        raise SystemExit(str(message.error()))
    return Record(message.offset(), message.timestamp()[1], message.key(), message.value(), message.headers() or ())


main()

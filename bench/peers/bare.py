"""A hand-written kafka-python loop, tuned: the whole poll judged before the first record is sent, one transaction a
poll, batches as large as it and a linger longer than it, the source's own partition numbers."""

import os

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import OffsetAndMetadata

from bench.peers.work import BROKER, GROUP, SOURCE, Work

BATCH = 5_000


def main() -> None:
    work = Work()
    consumer = KafkaConsumer(
        SOURCE,
        bootstrap_servers=BROKER,
        group_id=GROUP,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=4 << 20,
        fetch_max_bytes=32 << 20,
        max_poll_records=BATCH,
        session_timeout_ms=10_000,
        metrics_enabled=False,
    )
    producer = KafkaProducer(
        bootstrap_servers=BROKER,
        transactional_id=f"{GROUP}-{os.environ['HUB_INSTANCE']}",
        acks="all",
        compression_type="lz4",
        batch_size=1 << 20,
        linger_ms=2_000,
        metrics_enabled=False,
    )
    producer.init_transactions()
    while True:
        polled = consumer.poll(timeout_ms=500, max_records=BATCH)
        if not polled:
            continue
        outgoing = [one for place, records in polled.items() for one in work.judge(place.partition, records)]
        producer.begin_transaction()
        for one in outgoing:
            producer.send(one.topic, one.value, one.key, list(one.headers), one.partition, one.timestamp)
        offsets = {
            place: OffsetAndMetadata(records[-1].offset + 1, "", -1) for place, records in polled.items() if records
        }
        producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
        producer.commit_transaction()


main()

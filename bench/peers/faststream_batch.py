"""FastStream on librdkafka, batches, at least once: it has no transactions."""

import asyncio
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker
from faststream.confluent.annotations import KafkaMessage

from bench.peers.work import BROKER, GROUP, SOURCE, Record, Work, text_headers

work = Work()
broker = KafkaBroker(
    BROKER,
    acks="all",
    compression_type="lz4",
    linger_ms=20,
    enable_idempotence=True,
    logger=None,
    config={"queue.buffering.max.messages": 1_000_000},
    allow_auto_create_topics=False,
)
app = FastStream(broker, logger=None)


async def body(message: Any) -> Any:
    """As it is. Asynchronous: the library sends a plain function to a worker thread, record by record."""
    return message.body


@broker.subscriber(  # type: ignore[untyped-decorator]
    SOURCE,
    batch=True,
    max_records=5_000,
    ack_policy=AckPolicy.NACK_ON_ERROR,
    decoder=body,
    group_id=GROUP,
    auto_offset_reset="earliest",
    max_partition_fetch_bytes=4 << 20,
)
async def handle(values: list[bytes], message: KafkaMessage) -> None:  # noqa: ARG001
    by_partition: dict[int, list[Record]] = {}
    for raw in message.raw_message:
        record = Record(raw.offset(), raw.timestamp()[1], raw.key(), raw.value(), raw.headers() or ())
        by_partition.setdefault(raw.partition(), []).append(record)
    sent = [
        await broker.publish(
            one.value,
            one.topic,
            key=one.key,
            partition=one.partition,
            headers=text_headers(one.headers),
            no_confirm=True,
        )
        for partition, records in by_partition.items()
        for one in work.judge(partition, records)
    ]
    await asyncio.gather(*sent)


asyncio.run(app.run())

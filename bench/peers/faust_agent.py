"""Faust (faust-streaming), at least once: exactly once, it does not get through a run. It hands out one record at a
time: keys are in memory."""

import os
import sys
from typing import Any

import faust

from bench.peers.work import BROKER, GROUP, REJECTED, SOURCE, VERIFIED, Record, Work

work = Work(in_memory=True)
app = faust.App(
    GROUP,
    broker=f"kafka://{BROKER}",
    broker_commit_every=5_000,
    web_enabled=False,
    value_serializer="raw",
    key_serializer="raw",
    topic_allow_declare=False,
    topic_disable_leader=True,
    producer_compression_type="lz4",
    producer_linger=0.005,
    producer_max_batch_size=256 * 1024,
    consumer_auto_offset_reset="earliest",
    datadir=f"{os.environ['BENCH_STAMP']}-faust",
    stream_wait_empty=False,
    stream_buffer_maxsize=8_192,
)
source, verified, rejected = (
    app.topic(name, value_type=bytes, key_type=bytes) for name in (SOURCE, VERIFIED, REJECTED)
)


@app.agent(source)  # type: ignore[untyped-decorator]
async def judge(stream: Any) -> None:
    async for event in stream.events():
        message = event.message
        headers = list(message.headers.items()) if isinstance(message.headers, dict) else message.headers or ()
        record = Record(message.offset, int(message.timestamp * 1_000), event.key, event.value, headers)
        one = work.judge(message.partition, [record])[0]
        topic = verified if one.topic == VERIFIED else rejected
        await event.send(topic, key=one.key, value=one.value, headers=dict(one.headers), partition=one.partition)


sys.argv = ["faust", "worker", "-l", "error", "--without-web"]
app.main()

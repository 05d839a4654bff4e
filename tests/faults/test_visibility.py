"""Whoever takes over a writer reads what its predecessor committed, even behind somebody else's open transaction."""

from uuid import uuid4

import pytest
from kafka import KafkaProducer

from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.logs import open_log
from hub.ports import TopicSpec
from tests.contract.record_logs import numbers, values
from tests.faults.arena import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def test_p2_an_heir_never_reads_less_than_was_committed(broker: Broker) -> None:
    topic = f"cursors.{uuid4().hex[:8]}"
    log = open_log(broker.url, SystemClock())
    log.create([TopicSpec(topic, 1)])
    another = KafkaProducer(bootstrap_servers=broker.cluster.bootstrap, transactional_id=f"{topic}.another")
    another.init_transactions()
    another.begin_transaction()
    another.send(topic, b"open", partition=0)
    another.flush()
    log.writer(f"{topic}.ours").commit(numbers(topic, 3))
    log.close()

    heirs = open_log(broker.url, SystemClock())
    heirs.writer(f"{topic}.ours")
    with pytest.raises(Unavailable, match="open transaction"):
        values(heirs, topic)
    another.abort_transaction()
    another.close()
    assert values(heirs, topic) == ["0", "1", "2"]
    heirs.close()

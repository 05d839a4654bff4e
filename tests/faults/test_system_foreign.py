"""Somebody else writes to our topics, in the middle of a partition; or a newer hub does: P1 (nothing lost, what is bad
is rejected with its reason and holds up nothing; what is only too new waits)."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaProducer

from hub.runtime.status import StageReports
from tests.e2e.harness import PATIENCE_S, World, real_engines, world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

TOPIC, REJECTED = "licence.business.received", "licence.business.rejected"
UNKNOWN_SCHEMA = b"\x00\x00\x00\x27\x0f{}"
POISON = {
    b"\xff\xfe garbage": "UNREADABLE",
    b"": "UNREADABLE",
    b"\x00\x00\x00\x00\x05\x02\x03": "UNREADABLE",
    UNKNOWN_SCHEMA: "SCHEMA_UNKNOWN",
}
"""What a foreign producer sends → the code that it is rejected with."""


def put(bootstrap: str, values: list[bytes], headers: list[tuple[str, bytes]]) -> None:
    """As any other producer would, without a transaction, into the first partition."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for value in values:
        producer.send(TOPIC, value, b"\x00key", headers, partition=0)
    producer.flush()
    producer.close()


def rejected_outside(one: World) -> Counter[str]:
    """Reason codes of what was rejected and came from no source of ours."""
    codes: Counter[str] = Counter()
    with one.hub() as hub:
        for batch in hub.log.scan(REJECTED, 0):
            for record, opened in zip(batch.records, hub.opener.open([r.value for r in batch.records]), strict=True):
                if opened.envelope["source"]["system"] == "outside":
                    codes[json.loads(dict(record.headers)["hub_reasons"])[0]["code"]] += 1
    return codes


def stopped_by(one: World, word: str) -> None:
    """Wait until the verify stage reports that it is stopped by something with ``word`` in it."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        while time.monotonic() < deadline_s:
            if any(word in stage.trouble for stage in StageReports(hub.store, hub.clock).all()):
                return
            time.sleep(0.1)
    raise AssertionError(f"nothing is stopped\n{one.tail()}")


def test_p1_poison_in_mid_partition_is_rejected_and_a_newer_hubs_record_waits_for_one_that_knows_it(
    tmp_path: Path,
) -> None:
    with real_engines(tmp_path, partitions=2) as engines, world(tmp_path, 300, engines=engines.settings) as one:
        bootstrap = engines.broker.bootstrap
        put(bootstrap, list(POISON)[:2], [])
        one.start()
        one.settle()
        put(bootstrap, list(POISON)[2:], [("ce_source", b"urn:elsewhere")])
        one.sandbox.control("business_licence", "advance", {"steps": 100})
        one.settle()
        assert rejected_outside(one) == Counter(POISON.values())

        put(bootstrap, [UNKNOWN_SCHEMA], [("ce_source", b"/sources/resident_id")])
        stopped_by(one, "schema 9999")
        one.sandbox.control("business_licence", "advance", {"steps": 100})
        one.kill()
        one.start(broken="newer")
        one.settle()
        one.check()

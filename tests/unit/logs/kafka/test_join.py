"""A join of the group is taken up, whenever it ends and whyever it began. On a real broker."""

import time
import uuid

import pytest

from hub.clock import SystemClock
from hub.logs import open_log
from hub.logs.kafka.member import KafkaMember
from hub.ports import TopicSpec

PATIENCE_S = 10.0
pytestmark = pytest.mark.kafka


def stable(member: KafkaMember) -> bool:
    return bool(member._consumer._coordinator.stable())


def test_p1_a_join_that_began_for_new_metadata_and_ends_between_two_polls_is_taken_up(kafka_url: str) -> None:
    log, unique = open_log(kafka_url, SystemClock()), uuid.uuid4().hex[:8]
    log.create([TopicSpec(f"received.{unique}", 2)])
    member = log.join(f"g.{unique}", [f"received.{unique}"], "m")
    assert isinstance(member, KafkaMember)
    began_s = time.monotonic()
    while not member.assigned() and time.monotonic() - began_s < PATIENCE_S:
        member.poll(1, 0.1)
    # As if the topics had changed: the leader, which we are, begins to deal them out again.
    member._consumer._coordinator._assignment_snapshot = {"another": {0}}
    member.poll(1, 0.0)
    assert not stable(member)
    time.sleep(0.5)
    while not stable(member) and time.monotonic() - began_s < PATIENCE_S:
        member.poll(1, 0.0)
    assert stable(member)
    assert len(member.assigned()) == 2
    member.close()
    log.close()

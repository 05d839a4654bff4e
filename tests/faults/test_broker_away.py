"""With the product's own time-outs: a broker that answers nothing holds no call up for long, nor a stop."""

import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.logs import open_log
from hub.logs.kafka.client import WAIT_S
from hub.ports import TopicSpec
from tests.contract.record_logs import copies, numbers, poll_until
from tests.faults.arena import Broker, frozen

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
SLACK_S = 5.0


def took_s(call: Callable[[], object]) -> float:
    begun_s = time.monotonic()
    call()
    return time.monotonic() - begun_s


def unavailable(call: Callable[[], object]) -> None:
    with pytest.raises(Unavailable):
        call()


def test_a_frozen_broker_holds_up_neither_a_step_nor_a_stop(broker: Broker) -> None:
    name = f"frozen.{uuid4().hex[:8]}"
    log = open_log(broker.url, SystemClock())
    log.create([TopicSpec(name, 1), TopicSpec(name + ".out", 1)])
    log.writer(name).commit(numbers(name, 10))
    member = log.join(name, [name], "m")
    batches = member.poll(5, 10.0)
    with frozen(broker.node):
        assert took_s(lambda: unavailable(lambda: member.commit(copies(name + ".out", batches)))) < WAIT_S + SLACK_S
        assert took_s(lambda: unavailable(lambda: member.poll(5, 0.2))) < WAIT_S + SLACK_S
        assert took_s(member.close) < 5.0
        assert took_s(lambda: unavailable(lambda: log.join(name, [name], "m"))) < WAIT_S + SLACK_S
    again = log.join(name, [name], "m")
    assert poll_until(again, 10) == [str(n) for n in range(10)]
    again.close()
    log.close()

"""Guards of the broker's adapter taken out, one at a time, to show that the tests would notice.

offsets: a stage's output and its offsets in two transactions. fencing: a fresh transactional id each time, and offsets
without the member's place in its group. generation: a member that was put out of its group commits all the same.
uncommitted: members read what is not committed. unknown: a time-out is taken
for "not written".
"""

from collections.abc import Sequence
from uuid import uuid4

from hub.crash import crash_point
from hub.errors import Unavailable
from hub.logs.kafka import member as kafka_member
from hub.logs.kafka.client import Replaced
from hub.logs.kafka.member import KafkaMember
from hub.logs.kafka.writer import KafkaWriter, Transactions
from hub.ports import Outgoing


def take_out(guard: str) -> None:
    guards = {
        "offsets": _offsets,
        "fencing": _fencing,
        "generation": _generation,
        "uncommitted": _uncommitted,
        "unknown": _unknown,
    }
    guards[guard]()


def _offsets() -> None:
    whole = Transactions.commit

    def commit(self: Transactions, outgoing: Sequence[Outgoing], offsets: object = None, group: object = None) -> None:
        whole(self, outgoing)
        crash_point("test.between")
        if offsets:
            whole(self, (), offsets, group)

    Transactions.commit = commit  # type: ignore[method-assign]


def _fencing() -> None:
    from kafka.structs import ConsumerGroupMetadata

    opened = Transactions.open

    def fresh(self: Transactions) -> None:
        self.replaced = False
        if self._producer is None:
            self._id = uuid4().hex
        opened(self)

    Transactions.open = fresh  # type: ignore[method-assign]
    KafkaMember._polled_as = lambda self: ConsumerGroupMetadata(self._group)  # type: ignore[method-assign]
    KafkaMember._unchanged = lambda self: True  # type: ignore[method-assign]


def _generation() -> None:
    KafkaMember._polled_as = lambda self: self._consumer.group_metadata()  # type: ignore[method-assign]
    KafkaMember._unchanged = lambda self: True  # type: ignore[method-assign]


def _uncommitted() -> None:
    original = kafka_member.KafkaConsumer

    def consumer(**options: object) -> object:
        return original(**{**options, "isolation_level": "read_uncommitted"})

    kafka_member.KafkaConsumer = consumer


def _unknown() -> None:
    """The writer tries again by itself, without a look at what is durable."""
    once = KafkaWriter.commit

    def commit(self: KafkaWriter, outgoing: Sequence[Outgoing]) -> None:
        try:
            once(self, outgoing)
        except Replaced:
            raise
        except Unavailable:
            once(self, outgoing)

    KafkaWriter.commit = commit  # type: ignore[method-assign]

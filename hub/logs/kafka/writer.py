"""Transactions on Kafka: one producer per transactional id, and how an unknown outcome is made definite.

kafka-python turns a time-out of its own in a transactional call into a fatal error, although the transaction may be
committed. So any error except a fence means *unknown*: the producer is dropped. The next producer with the same id
calls ``init_transactions``; when that returns, the outcome is definite (committed or aborted). See
docs/adr/0010-unknown-outcomes.md.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from kafka import KafkaProducer

from hub.crash import crash_point
from hub.errors import Fenced, Misconfigured
from hub.logging import get_logger
from hub.logs.kafka.client import Replaced, bounded, translated
from hub.logs.kafka.preflight import check_connection
from hub.ports import Clock, Outgoing

TRANSACTION_TIMEOUT_MS = 15_000
# A batch as large as a transaction, and a linger longer than it: otherwise each send wakes the sender thread.
_BATCH_BYTES = 1 << 20
_LINGER_MS = 2_000
_BYTES_MAX = 16 << 20


class Broker(Protocol):
    """What members and transactions need of the log that they belong to."""

    @property
    def clock(self) -> Clock:
        """The clock whose process time bounds their waits."""

    def topics(self) -> dict[str, int]:
        """Topic → number of partitions, read from the broker."""

    def wrote(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Called after a commit: (topic, partition) → offset after its last record."""


log = get_logger("kafka")


class Transactions:
    """Transactions under one transactional id. Belongs to one thread. ``replaced``: another producer has the id."""

    def __init__(self, options: Mapping[str, Any], transactional_id: str, broker: Broker) -> None:
        self._options = options
        self._broker = broker
        self._counts: Mapping[str, int] = {}
        self._id = transactional_id
        self._producer: Any = None
        self._unknown = False
        self.replaced = False

    def open(self) -> None:
        """Make sure that there is a producer, and that the outcome of earlier transactions is definite. Fences an
        earlier holder of the id. Raises ``Replaced`` when a later one has fenced us, and as ``check_connection`` does.
        """
        if self.replaced:
            raise Replaced(f"{self._id} was opened by another")
        if self._producer is not None:
            return
        check_connection(self._options)
        with translated():
            producer = KafkaProducer(
                **self._options,
                transactional_id=self._id,
                transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
                enable_idempotence=True,
                acks="all",
                compression_type="lz4",
                batch_size=_BATCH_BYTES,
                linger_ms=_LINGER_MS,
                max_request_size=_BYTES_MAX,
                max_block_ms=TRANSACTION_TIMEOUT_MS,
                metrics_enabled=False,
            )
            try:
                bounded(producer.init_transactions, "init_transactions")
            except BaseException:
                _abandon(producer)
                raise
        self._producer = producer
        if self._unknown:
            log.info("the outcome of the unknown transaction is definite", writer=self._id)
            self._unknown = False

    def commit(self, outgoing: Sequence[Outgoing], offsets: Any = None, group: Any = None) -> None:
        """Append ``outgoing``, and move ``group`` (the driver's group metadata) to ``offsets``, in one transaction.

        Raises ``Fenced`` (nothing was appended), ``Misconfigured`` for a partition that does not exist, or
        ``Unavailable`` (outcome unknown until ``open`` has returned again).
        """
        self._check_places({(one.topic, one.partition) for one in outgoing})
        self.open()
        try:
            # One thread and one time-out for all of it. When it is late, its producer is already closed or fenced.
            with translated():
                bounded(partial(self._transact, self._producer, outgoing, offsets, group), "transaction")
        except Fenced as fence:
            self.replaced = isinstance(fence, Replaced)
            self._drop()
            raise
        except BaseException as error:
            log.warning("a transaction's outcome is unknown", writer=self._id, reason=str(error))
            self._unknown = True
            self._drop()
            raise

    def _transact(self, producer: Any, outgoing: Sequence[Outgoing], offsets: Any, group: Any) -> None:
        producer.begin_transaction()
        send = producer.send
        futures = [
            send(one.topic, one.value, one.key, list(one.headers), one.partition, one.timestamp) for one in outgoing
        ]
        producer.flush()
        # A fence is visible here; the calls below would hide it behind a general error.
        for future in futures:
            if future.failed():
                raise future.exception
        crash_point("log.appended")
        if offsets:
            producer.send_offsets_to_transaction(offsets, group)
        crash_point("log.positioned")
        producer.commit_transaction()
        crash_point("log.committed")
        last = {(one.topic, one.partition): future for one, future in zip(outgoing, futures, strict=True)}
        self._broker.wrote({slot: future.value.offset + 1 for slot, future in last.items()})

    def _check_places(self, places: set[tuple[str, int]]) -> None:
        """Raises ``Misconfigured`` for a partition that does not exist; the driver would wait for it."""
        for _ in range(2):
            missing = [place for place in places if place[1] >= self._counts.get(place[0], 0)]
            if not missing:
                return
            self._counts = self._broker.topics()
        raise Misconfigured("no partition {1} of topic {0}".format(*missing[0]), "`hub topics` lists them")

    def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            _abandon(producer)

    def close(self) -> None:
        """Drop the producer. A transaction that is open then is aborted by the broker or by the next producer."""
        self._drop()


def _abandon(producer: Any) -> None:
    """Close a producer without waiting for records that it cannot send. Its open transaction is ended by the next
    producer with the id, or by the broker."""
    # ``close`` alone would wait for these records, then leave the sender thread running.
    producer._sender.force_close()
    try:
        bounded(lambda: producer.close(timeout=1), "close", wait_s=2.0)
    except Exception as error:  # nothing more can be done with it
        log.warning("a producer did not close", error=type(error).__name__)


class KafkaWriter:
    """``Writer``: the newest producer of its transactional id. Opening it raises as ``Transactions.open`` does."""

    def __init__(self, options: Mapping[str, Any], writer_id: str, broker: Broker) -> None:
        self._transactions = Transactions(options, writer_id, broker)
        self._transactions.open()

    def commit(self, outgoing: Sequence[Outgoing]) -> None:
        if not outgoing:
            return
        self._transactions.commit(outgoing)

    def close(self) -> None:
        """Drop the producer; see ``Transactions.close``."""
        self._transactions.close()

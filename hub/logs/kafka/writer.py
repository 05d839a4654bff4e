"""Transactions on Kafka: one producer per transactional id, and what is done when nobody knows how one ended.

kafka-python turns a client-side time-out on a transactional call into a fatal error although the transaction may have
committed. So any error but a fence means *unknown*: the producer is abandoned, and the next one with the same id, once
``init_transactions`` has returned, has made the outcome definite (committed or aborted, nothing in between). See
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
from hub.logs.kafka.preflight import knock
from hub.ports import Clock, Outgoing

TRANSACTION_TIMEOUT_MS = 15_000
# A batch that is as large as the transaction, and a linger longer than it: otherwise every send wakes the sender
# thread.
_BATCH_BYTES = 1 << 20
_LINGER_MS = 2_000
_BYTES_MAX = 16 << 20


class Broker(Protocol):
    """What members and transactions ask of the log that they belong to, and tell it."""

    @property
    def clock(self) -> Clock: ...

    def topics(self) -> dict[str, int]: ...

    def wrote(self, ends: Mapping[tuple[str, int], int]) -> None:
        """A transaction is committed; its records end at these offsets."""


log = get_logger("kafka")


class Transactions:
    """All-or-nothing appends under one transactional id. Belongs to one thread."""

    def __init__(self, options: Mapping[str, Any], transactional_id: str, broker: Broker) -> None:
        self._options = options
        self._broker = broker
        self._counts: Mapping[str, int] = {}
        self._id = transactional_id
        self._producer: Any = None
        self._unknown = False
        self.replaced = False
        """Another process opened the id: this one is dead."""

    def open(self) -> None:
        """Have a producer whose earlier transactions are over. Fences an earlier holder of the id."""
        if self.replaced:
            raise Replaced(f"{self._id} was opened again elsewhere")
        if self._producer is not None:
            return
        knock(self._options)
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
            log.info("the unknown transaction is over", writer=self._id)
            self._unknown = False

    def commit(self, outgoing: Sequence[Outgoing], offsets: Any = None, group: Any = None) -> None:
        """Append ``outgoing``, and move ``group`` to ``offsets``, in one transaction.

        Raises ``Fenced`` (nothing was appended) or ``Unavailable`` (unknown until ``open`` has returned again).
        """
        self._check_places({(one.topic, one.partition) for one in outgoing})
        self.open()
        try:
            # One thread and one budget for all of it; were it late, its producer is closed by then, or fenced.
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
        # A fence shows itself here; the calls below would only say that they cannot go on.
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
        """Raises ``Misconfigured`` for a partition that is not there; the driver would wait for it."""
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
        self._drop()


def _abandon(producer: Any) -> None:
    """Close without waiting for what hangs: nothing more is sent. The id's next producer ends its transaction, or the
    broker does."""
    # By itself ``close`` first waits for what cannot be sent, then gives up and leaves the sender running.
    producer._sender.force_close()
    try:
        bounded(lambda: producer.close(timeout=1), "close", wait_s=2.0)
    except Exception as error:  # nothing more can be done with it
        log.warning("a producer did not close", error=type(error).__name__)


class KafkaWriter:
    """``Writer``: the newest producer of its transactional id."""

    def __init__(self, options: Mapping[str, Any], writer_id: str, broker: Broker) -> None:
        self._transactions = Transactions(options, writer_id, broker)
        self._transactions.open()

    def commit(self, outgoing: Sequence[Outgoing]) -> None:
        if not outgoing:
            return
        self._transactions.commit(outgoing)

    def close(self) -> None:
        self._transactions.close()

"""Writing one batch as one Kafka transaction. Blocking: it runs in the task's own thread.

What is done about an error (the classes are Kafka's own: KIP-98 fencing by epoch, KIP-360 epoch
bumps by the client, KIP-447 offsets, KIP-890 abortable errors; librdkafka tells them apart by
``retriable()``, ``txn_requires_abort()`` and ``fatal()``):

=====================================================  =========================================
error                                                  what is done
=====================================================  =========================================
retriable: a time-out, a coordinator that moves,       the same call again with growing pauses,
a broker that is away                                  until the partition is revoked
requires abort: a record was not delivered in time,    abort, then the same records in a new
the broker aborted the transaction                     transaction
fatal, PRODUCER_FENCED, INVALID_PRODUCER_EPOCH: a new  nothing more is written: the task ends,
owner, or a transaction over its time-out              the worker joins the group anew and reads
                                                       back what was committed
requires abort, but for a reason that stays: record    abort; the batch is retried after a pause,
too large, no authorization                            an error in the log names the reason
=====================================================  =========================================

Whether an interrupted commit took effect is not known here, and need not be: whoever owns the
partition next reads the table row, which was in the same transaction.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from faust.types import TP

from faust_transactions.errors import Abandoned, Fenced, TransactionRefused

__all__ = ["Output", "TransactionalWriter", "group_metadata"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: A blocking call returns at least this often (seconds), to look whether it is still wanted.
CALL_TIMEOUT = 2.0
#: Pauses between tries grow from the first to the last of these (seconds).
FIRST_PAUSE, LAST_PAUSE = 0.05, 2.0

#: Bytes of a batch of records for one partition, unless a single record is larger.
FULL_BATCH = 1_000_000
#: Bytes of a record, at most: librdkafka takes no more. A broker that was not told otherwise takes
#: no request above 100 MiB (``socket.request.max.bytes``).
LARGEST_RECORD = 1_000_000_000

FENCED_CODES = frozenset(
    {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}
)
TOO_LARGE_CODES = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
REFUSED_CODES = TOO_LARGE_CODES | frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


Headers = list[tuple[str, str | bytes | None]]

#: One record to be written within the transaction: topic, partition, key, value, headers. A plain
#: tuple, as there is one for each record that passes.
Output = tuple[str, int, bytes | None, bytes | None, Headers | None]


def group_metadata(conf: dict[str, Any], group: str) -> Any:
    """Group metadata for committing offsets in a transaction without being that group's member.

    The records are fetched by Faust's consumer, so there is no librdkafka consumer to ask. The
    metadata of one that never subscribes names the group but no generation; the broker then checks
    only the producer's epoch, which is what fences the former owner here (one transactional id for
    each partition, the way before KIP-447).
    """
    consumer = Consumer({**conf, "group.id": group, "log_level": 0})
    try:
        return consumer.consumer_group_metadata()
    finally:
        consumer.close()


class TransactionalWriter:
    """The transactional producer of one source partition. One thread at a time may call it."""

    def __init__(self, conf: dict[str, Any], transactional_id: str, group: Any) -> None:
        self.transactional_id = transactional_id
        self.aborted = 0
        self._conf = conf
        self._group = group
        self._stopping = threading.Event()
        self._producers = 0
        self._disturbed = False
        self._producer = self._new_producer()

    def fence(self) -> None:
        """End what a former owner left open and shut it out.

        Returns when the former owner's last transaction is decided, so that whatever is read from
        now on is final. Raises :class:`Abandoned` after :meth:`stop`.
        """
        self._persist(lambda: self._producer.init_transactions(CALL_TIMEOUT))
        # What was out of reach until now does no harm: see `renew` for what could.
        self._producer.poll(0)
        self._disturbed = False

    @property
    def disturbed(self) -> bool:
        """Whether brokers, be it one of them, were out of reach since :meth:`fence`."""
        self._producer.poll(0)  # librdkafka tells of it from within this call
        return self._disturbed

    def renew(self) -> None:
        """Go on with a new producer, which shuts the present one out; not amid a transaction.

        For after a disturbance. When the group's coordinator has been missing in the cluster's
        metadata for a moment, librdkafka does not find it again: the next call to send offsets
        never returns (librdkafka#5511). A producer that has sent none yet is free of that.

        Whoever owns the partition by now is shut out too, so what is committed is to be looked at
        before anything is written. Raises as :meth:`fence` does; it is then to be called again.
        """
        logger.info("%s: brokers were out of reach, a new producer", self.transactional_id)
        left, self._disturbed = self._producer, True
        self._producer = self._new_producer()
        # Not here: its end waits for threads that may still look for the brokers.
        threading.Thread(target=_leave, args=(left,), name="left", daemon=True).start()
        self.fence()

    def abort_in(self, partitions: Sequence[TP]) -> None:
        """Write an abort marker to each, which ends what hangs there of this transactional id.

        A marker reaches only partitions that a record was sent to, so each gets one without key and
        value; no reader of committed records sees it. Raises :class:`Fenced`, :class:`Abandoned`,
        or KafkaException when the brokers refuse.
        """
        self._producer.begin_transaction()
        for tp in partitions:
            # An empty key, not none: a compacted topic refuses that.
            self._produce((tp.topic, tp.partition, b"", None, None))
        while self._producer.flush(CALL_TIMEOUT):
            self._check()
        self._abort()

    def write(
        self,
        outputs: Sequence[Output],
        source: str,
        partition: int,
        offset: int,
        after_abort: Callable[[], None] = lambda: None,
    ) -> None:
        """Commit ``outputs`` and the source partition's next ``offset`` in one transaction.

        Returns once it is committed. Raises :class:`Fenced`, :class:`TransactionRefused` (nothing
        was written) or :class:`Abandoned` (not known whether it was). ``after_abort`` is called
        after each transaction that was aborted; what it raises ends the writing.
        """
        pause = FIRST_PAUSE
        while True:
            try:
                self._attempt(outputs, [TopicPartition(source, partition, offset)])
                return
            except KafkaException as exc:
                error: KafkaError = exc.args[0]
                if _is_fenced(error):
                    raise Fenced(str(error)) from exc
                self._abort()
                after_abort()
                if error.code() in REFUSED_CODES:
                    raise TransactionRefused(_refusal(error, outputs)) from exc
                logger.warning("%s: transaction aborted, again: %s", self.transactional_id, error)
            self._pause(pause)
            pause = min(pause * 2, LAST_PAUSE)

    def stop(self) -> None:
        """Let calls that wait in another thread give up (they raise :class:`Abandoned`)."""
        self._stopping.set()

    def close(self) -> None:
        """Give the producer back. What was not committed never becomes visible."""
        self._producer.purge()
        self._producer.close()

    def _new_producer(self) -> Producer:
        self._producers += 1
        return Producer(
            {
                "linger.ms": 5,
                "batch.num.messages": 10_000,
                # The topic's own limit decides; a record that came in may go out with headers.
                "message.max.bytes": LARGEST_RECORD,
                "batch.size": FULL_BATCH,
                # A transaction that begins while the last one's markers are still being written is
                # told CONCURRENT_TRANSACTIONS, the ordinary case when they come back to back.
                # librdkafka asks again after this time, doubled each time; its default of 100 ms
                # would be most of a transaction's time (confluent-kafka-python#967; KAFKA-5477
                # for the Java client). Figures: docs/adr/0003.
                "retry.backoff.ms": 1,
                **self._conf,
                "transactional.id": self.transactional_id,
                # Success needs no report for each record: the commit fails unless all arrived.
                "delivery.report.only.error": True,
                "error_cb": partial(self._note, self._producers),
            },
            logger=_quiet,
        )

    def _note(self, producer: int, error: KafkaError) -> None:
        # What ends the producer for good is the next call's to tell, see the table above.
        if producer == self._producers and not error.fatal():
            self._disturbed = True

    def _attempt(self, outputs: Sequence[Output], offsets: list[TopicPartition]) -> None:
        producer = self._producer
        producer.begin_transaction()
        # The offsets first: the coordinator takes one request of a transaction at a time, and the
        # partitions of records that are produced before would be announced at the same moment.
        # Told CONCURRENT_TRANSACTIONS, librdkafka announces them again after 20 ms, whatever is
        # configured (rd_kafka_txn_handle_AddPartitionsToTxn), the offsets after retry.backoff.ms.
        self._persist(
            lambda: producer.send_offsets_to_transaction(offsets, self._group, CALL_TIMEOUT)
        )
        for output in outputs:
            self._produce(output)
        self._persist(lambda: producer.commit_transaction(CALL_TIMEOUT))

    def _produce(self, output: Output) -> None:
        topic, partition, key, value, headers = output
        while True:
            try:
                if headers is None:
                    self._producer.produce(topic, value, key, partition)
                else:
                    self._producer.produce(topic, value, key, partition, headers=headers)
                return
            except BufferError:  # librdkafka's own queue is full: wait until some are delivered
                self._producer.poll(0.05)
                self._check()

    def _abort(self) -> None:
        self.aborted += 1
        try:
            self._persist(lambda: self._producer.abort_transaction(CALL_TIMEOUT))
        except KafkaException as exc:
            raise Fenced(str(exc.args[0])) from exc

    def _persist(self, call: Callable[[], T]) -> T:
        """Make a call again while its error is one that passes."""
        pause = FIRST_PAUSE
        while True:
            self._check()
            try:
                return call()
            except KafkaException as exc:
                if not exc.args[0].retriable():
                    raise
            self._pause(pause)
            pause = min(pause * 2, LAST_PAUSE)

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)
        self._check()

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Abandoned(self.transactional_id)


def _leave(producer: Producer) -> None:
    with suppress(KafkaException):  # one that was fenced meanwhile complains once more
        producer.purge()
        producer.close()


def _is_fenced(error: KafkaError) -> bool:
    return error.fatal() or error.code() in FENCED_CODES


def _refusal(error: KafkaError, outputs: Sequence[Output]) -> str:
    """What the broker says and, where something is too large for its topic, what to do."""
    if error.code() not in TOO_LARGE_CODES:
        return error.str()
    largest = max(outputs, key=_size)
    return (
        f"{error.str()}: raise max.message.bytes of that topic "
        f"(the largest record has {_size(largest)} bytes and is for {largest[0]})"
    )


def _size(output: Output) -> int:
    """Bytes of key, value and headers, less what frames them."""
    _, _, key, value, headers = output
    return (
        len(key or b"")
        + len(value or b"")
        + sum(len(name) + len(content or b"") for name, content in headers or ())
    )


# librdkafka repeats every connection error; what matters reaches us as the error of a call. At
# CRITICAL it tells of producers that were fenced, also of one that was left long ago.
_quiet = logging.getLogger("faust_transactions.librdkafka")
_quiet.setLevel(logging.CRITICAL + 1)

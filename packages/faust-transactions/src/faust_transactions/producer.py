"""Write one batch as one Kafka transaction. Blocking: it runs in the task's own thread.

What is done about an error (the classes are Kafka's own: KIP-98 fencing by epoch, KIP-360 epoch
bumps by the client, KIP-447 offsets, KIP-890 abortable errors). librdkafka tells them apart by
``retriable()``, ``txn_requires_abort()``, ``fatal()`` and the code, `refusals.answer_to` reads
them from the top of this table to its end:

===================================================  ===========================================
error                                                what is done
===================================================  ===========================================
PRODUCER_FENCED, INVALID_PRODUCER_EPOCH: a new       `Fenced`: nothing more is written, the worker
owner, or a transaction over its time-out            rejoins the group and restores what was
                                                     committed
INVALID_PRODUCER_ID_MAPPING: the transactional id    a new producer at once; the row is read, then
expired. INVALID_TXN_STATE, an unfinished call,      the same records in a new transaction. Once
an unknown fatal error: the producer is unusable     for each batch, then as the last line
retriable during a call: a time-out, a coordinator   the same call again with growing pauses, until
that moves, a broker that is away                    the partition is revoked
requires abort, but passes: a record was not         abort, then the same records in a new
delivered in time, the broker aborted                transaction
records not delivered within `DELIVERY_TIMEOUT`      abort; then as the next line, with the missing
though brokers answer                                topic or partition where that is why
everything else: refused by the broker, and          abort, `TransactionRefused` with topic and
repeating does not help; also what is not known      remedy: an error in the log once for each
                                                     reason, readiness 503, the batch again after
                                                     a pause that grows to 30 s, no rejoin
===================================================  ===========================================

Whether an interrupted commit took effect is not known here, and need not be: whoever owns the
partition next reads the table row, which was in the same transaction.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Container, Mapping, Sequence
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
from faust_transactions.refusals import (
    MISSING_CODES,
    Answer,
    Headers,
    Output,
    answer_to,
    explain,
    missing_output,
)

__all__ = [
    "FULL_BATCH",
    "LARGEST_RECORD",
    "Headers",
    "Output",
    "TransactionalWriter",
    "group_metadata",
]

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: A blocking call returns at least this often (seconds), to check whether it was stopped.
CALL_TIMEOUT = 2.0
#: Pauses between tries grow from the first to the last of these (seconds).
FIRST_PAUSE, LAST_PAUSE = 0.05, 2.0
#: Seconds between checks of a transaction that is not delivered yet.
FLUSH_TIMEOUT = 1.0
#: Seconds without any delivery after which a transaction is aborted.
DELIVERY_TIMEOUT = 10.0
#: Seconds without delivery after which the brokers are asked whether the topics exist.
CHECK_TOPICS_AFTER = 3.0

#: Bytes of a batch of records for one partition, unless a single record is larger.
FULL_BATCH = 1_000_000
#: Bytes of a record, at most: librdkafka takes no more. By default a broker takes no request above
#: 100 MiB (``socket.request.max.bytes``).
LARGEST_RECORD = 1_000_000_000
#: A connection unused for so long (ms) is closed by the client. Brokers do so after ten minutes by
#: default, load balancers after four to six; librdkafka cannot distinguish that from a broker
#: that stopped.
MAX_IDLE_MS = 180_000


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
    """The transactional producer of one source partition. One thread at a time may call it.

    ``new_producer`` makes librdkafka's producer from a configuration; a test gives its own.
    """

    def __init__(
        self,
        conf: dict[str, Any],
        transactional_id: str,
        group: Any,
        new_producer: Callable[..., Producer] = Producer,
    ) -> None:
        self.transactional_id = transactional_id
        self.aborted = 0
        #: What the call under way waits for, and why; None while it waits for nothing.
        self.waiting_for: str | None = None
        self._conf = conf
        self._group = group
        self._stopping = threading.Event()
        self._make = new_producer
        self._producers = 0
        self._disturbed = False
        self._reason = ""
        self._producer = self._new_producer()

    def fence(self) -> None:
        """Fence the former owner and abort what it left open.

        Returns when the former owner's last transaction is committed or aborted, so that whatever
        is read from now on is final. Raises :class:`Fenced`, :class:`TransactionRefused`, or
        :class:`Abandoned` after :meth:`stop`.
        """
        try:
            self._persist(
                "init_transactions", lambda: self._producer.init_transactions(CALL_TIMEOUT)
            )
        except KafkaException as exc:
            error: KafkaError = exc.args[0]
            if answer_to(error) is Answer.FENCED:
                raise Fenced(error.str()) from exc
            raise TransactionRefused(self._explain(error)) from exc
        # Connections lost before this do no harm: see `renew` for what could.
        self._producer.poll(0)
        self._disturbed = False
        self._reason = ""

    @property
    def disturbed(self) -> bool:
        """Whether a connection to a broker was lost since :meth:`fence`."""
        with suppress(KafkaException):  # a fatal error: the next call raises it, too
            self._producer.poll(0)  # librdkafka reports from within this call
        return self._disturbed

    def renew(self, reason: str = "") -> None:
        """Replace the producer by a new one, which fences it. Only between transactions.

        Needed after a lost connection: when the group's coordinator was missing in the cluster's
        metadata for a moment, librdkafka does not find it again, and the next call to send offsets
        never returns (librdkafka#5511). A producer that has sent none yet is not affected. Also
        needed when the producer is unusable, for example because its transactional id expired.

        This also fences another worker that owns the partition by now, so read the row before
        writing anything. Raises as :meth:`fence` does; call it again then.
        """
        # Without a reason: the one of a renewal that failed, else a connection was lost.
        self._reason = reason or self._reason or "a connection to the brokers was lost"
        logger.info("%s: continuing with a new producer: %s", self.transactional_id, self._reason)
        left, self._disturbed = self._producer, True
        self._producer = self._new_producer()
        _leave(left)
        self.fence()

    def abort_in(self, partitions: Sequence[TP]) -> None:
        """Write an abort marker to each partition: it aborts what this transactional id has open.

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
        try:
            self._abort()
        except KafkaException as exc:
            raise Fenced(str(exc.args[0])) from exc

    def write(
        self,
        outputs: Sequence[Output],
        source: str,
        partition: int,
        offset: int,
        check_row: Callable[[], None] = lambda: None,
    ) -> None:
        """Commit ``outputs`` and the source partition's next ``offset`` in one transaction.

        Returns once it is committed. Raises :class:`Fenced`, :class:`TransactionRefused` (nothing
        was written) or :class:`Abandoned` (not known whether it was). ``check_row`` is called
        after each transaction that was aborted and for each new producer, before anything else is
        written; what it raises ends the writing.
        """
        offsets = [TopicPartition(source, partition, offset)]
        pause, renewed = FIRST_PAUSE, False
        while True:
            try:
                self._attempt(outputs, offsets)
                return
            except _UndeliveredError as exc:
                self._end_transaction(check_row)
                raise TransactionRefused(str(exc)) from exc
            except KafkaException as exc:
                error: KafkaError = exc.args[0]
                answer = answer_to(error)
                if answer is Answer.FENCED:
                    raise Fenced(error.str()) from exc
                if answer is Answer.RENEW and not renewed:
                    renewed = True
                    self.renew(error.str())
                    check_row()
                    continue
                self._end_transaction(check_row)
                if answer is not Answer.REPEAT:
                    topic = exc.topic if isinstance(exc, _ProduceError) else None
                    raise TransactionRefused(self._explain(error, outputs, topic)) from exc
                logger.warning(
                    "%s: transaction aborted, retrying: %s", self.transactional_id, error.str()
                )
            self._pause(pause)
            pause = min(pause * 2, LAST_PAUSE)

    def stop(self) -> None:
        """Make calls that wait in another thread raise :class:`Abandoned`."""
        self._stopping.set()

    def leave(self) -> None:
        """Stop, and close in a thread of its own: closing may wait for the brokers."""
        self.stop()
        _leave(self._producer)

    def close(self) -> None:
        """Close the producer. What was not committed never becomes visible."""
        self._producer.purge()
        self._producer.close()

    def _new_producer(self) -> Producer:
        self._producers += 1
        return self._make(
            {
                "linger.ms": 5,
                "batch.num.messages": 10_000,
                # The topic's own limit decides; a record that came in may go out with headers.
                "message.max.bytes": LARGEST_RECORD,
                "batch.size": FULL_BATCH,
                # A transaction that begins while the last one's markers are still being written is
                # answered CONCURRENT_TRANSACTIONS, the ordinary case when they come back to back.
                # librdkafka asks again after this time, doubled each time; its default of 100 ms
                # would be most of a transaction's time (confluent-kafka-python#967; KAFKA-5477
                # for the Java client). Figures: docs/adr/0003.
                "retry.backoff.ms": 1,
                "connections.max.idle.ms": MAX_IDLE_MS,
                **self._conf,
                "transactional.id": self.transactional_id,
                # Success needs no report for each record: the commit fails unless all arrived.
                "delivery.report.only.error": True,
                "error_cb": partial(self._note, self._producers),
            },
            logger=_quiet,
        )

    def _note(self, producer: int, error: KafkaError) -> None:
        # The next call reports what ends the producer for good, see the table above.
        if producer == self._producers and not error.fatal():
            self._disturbed = True

    def _attempt(self, outputs: Sequence[Output], offsets: list[TopicPartition]) -> None:
        self._producer.begin_transaction()
        # The offsets first: the coordinator takes one request of a transaction at a time, and the
        # partitions of records that are produced before would be announced at the same moment.
        # Answered CONCURRENT_TRANSACTIONS, librdkafka announces them again after 20 ms, whatever is
        # configured (rd_kafka_txn_handle_AddPartitionsToTxn), the offsets after retry.backoff.ms.
        self._send_offsets(offsets)
        for output in outputs:
            self._produce(output)
        self._deliver(outputs)
        self._persist("commit_transaction", lambda: self._producer.commit_transaction(CALL_TIMEOUT))

    def _send_offsets(self, offsets: list[TopicPartition]) -> None:
        self._persist(
            "send_offsets_to_transaction",
            lambda: self._producer.send_offsets_to_transaction(offsets, self._group, CALL_TIMEOUT),
        )

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
            except KafkaException as exc:
                raise _ProduceError(exc.args[0], topic) from exc

    def _deliver(self, outputs: Sequence[Output]) -> None:
        """Wait until the brokers have the records.

        Before the commit, as a transaction cannot be aborted any more once a commit has begun.
        """
        began, before = time.monotonic(), 0
        while left := self._producer.flush(FLUSH_TIMEOUT):
            self._check()
            self._raise_transaction_error()
            waited = time.monotonic() - began
            if left < before:
                began = time.monotonic()  # some were delivered
            elif waited > CHECK_TOPICS_AFTER:
                partitions = self._partitions()
                if partitions is None:
                    began = time.monotonic()  # the brokers are away: wait for them
                elif reason := _why_undelivered(outputs, partitions, waited):
                    raise _UndeliveredError(reason)
            before = left

    def _raise_transaction_error(self) -> None:
        """Raise the error that the open transaction met, if any, which flush() does not."""
        try:
            self._producer.begin_transaction()
        except KafkaException as exc:
            if exc.args[0].code() != KafkaError._STATE:
                raise

    def _partitions(self) -> Mapping[str, Container[int]] | None:
        """The partitions of all topics; None when no broker answers."""
        try:
            # Not by name: asking for a topic by its name could create it.
            topics = self._producer.list_topics(timeout=CALL_TIMEOUT).topics
        except KafkaException:
            return None
        return {name: found.partitions for name, found in topics.items()}

    def _end_transaction(self, check_row: Callable[[], None]) -> None:
        """Abort what is open, by a new producer where this one cannot."""
        try:
            self._abort()
        except KafkaException as exc:
            error: KafkaError = exc.args[0]
            if answer_to(error) is Answer.FENCED:
                raise Fenced(error.str()) from exc
            self.renew(error.str())
        check_row()

    def _abort(self) -> None:
        self.aborted += 1
        self._persist("abort_transaction", lambda: self._producer.abort_transaction(CALL_TIMEOUT))

    def _persist(self, what: str, call: Callable[[], T]) -> T:
        """Make a call again while its error is one that passes."""
        pause = FIRST_PAUSE
        try:
            while True:
                self._check()
                try:
                    return call()
                except KafkaException as exc:
                    error: KafkaError = exc.args[0]
                    if not error.retriable() or answer_to(error) is not Answer.REPEAT:
                        raise
                    self.waiting_for = f"{what}: {error.str()}"
                self._pause(pause)
                pause = min(pause * 2, LAST_PAUSE)
        finally:
            self.waiting_for = None

    def _explain(
        self, error: KafkaError, outputs: Sequence[Output] = (), topic: str | None = None
    ) -> str:
        if error.code() in MISSING_CODES:
            # librdkafka names no topic where AddPartitionsToTxn was refused.
            partitions = self._partitions()
            missing = None if partitions is None else missing_output(outputs, partitions)
            if missing is not None:
                return missing
        return explain(error, outputs, topic=topic, transactional_id=self.transactional_id)

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)
        self._check()

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Abandoned(self.transactional_id)


def _why_undelivered(
    outputs: Sequence[Output], partitions: Mapping[str, Container[int]], waited: float
) -> str | None:
    """The line about a topic or partition that does not exist, or about too long a wait."""
    missing = missing_output(outputs, partitions)
    if missing is not None or waited < DELIVERY_TIMEOUT:
        return missing
    topics = ", ".join(dict.fromkeys(output[0] for output in outputs))
    return (
        f"records were not delivered within {DELIVERY_TIMEOUT:g} s: check leaders and in-sync "
        f"replicas of {topics}"
    )


class _ProduceError(KafkaException):
    """librdkafka took no record for this topic."""

    def __init__(self, error: KafkaError, topic: str) -> None:
        super().__init__(error)
        self.topic = topic


class _UndeliveredError(Exception):
    """The brokers did not take the records in time; the text says why, and what to do."""


def _leave(producer: Producer) -> None:
    """Close a producer in a thread: closing waits for threads that still look for the brokers."""

    def close() -> None:
        with suppress(KafkaException):  # one that was fenced meanwhile reports it once more
            producer.purge()
            producer.close()

    threading.Thread(target=close, name="left", daemon=True).start()


# A producer that is left may have had a transaction open; the next one ends it.
warnings.filterwarnings("ignore", message="Producer abort_transaction failed during close")
# librdkafka repeats every connection error; what matters is raised by a call. At
# CRITICAL it reports producers that were fenced, also one that was left long ago.
_quiet = logging.getLogger("faust_transactions.librdkafka")
_quiet.setLevel(logging.CRITICAL + 1)

"""Write batches of several partitions as one Kafka transaction. Blocking: in a thread of its own.

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
ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID,               abort, then `Fenced`: the partitions may have
REBALANCE_IN_PROGRESS, FENCED_INSTANCE_ID: the       other owners
group is in another generation
INVALID_PRODUCER_ID_MAPPING: the transactional id    a new producer at once; the row is read, then
expired. INVALID_TXN_STATE, an unfinished call,      the same records in a new transaction. Once
an unknown fatal error: the producer is unusable     for each transaction, then as the last line
retriable during a call: a time-out, a coordinator   the same call again with growing pauses, until
that moves, a broker that is away                    the writer is stopped
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
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

from confluent_kafka import (
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from faust.types import TP

from faust_transactions.commit.calls import CALL_TIMEOUT, FIRST_PAUSE, LAST_PAUSE, RepeatedCalls
from faust_transactions.commit.client import (
    close_in_background,
    producer_conf,
    quiet_logger,
)
from faust_transactions.commit.delivery import (
    ProduceError,
    UndeliveredError,
    deliver,
    partitions_of,
    produce,
)
from faust_transactions.commit.part import Part
from faust_transactions.commit.refusals import (
    MISSING_CODES,
    Answer,
    Headers,
    Output,
    answer_to,
    explain,
    missing_output,
)
from faust_transactions.errors import Fenced, TransactionRefused
from faust_transactions.observe.failures import kind

__all__ = ["Headers", "Output", "TransactionalWriter"]

logger = logging.getLogger(__name__)

#: Raises StateMismatch unless the row that can be read is the one committed last, for each part.
CheckRows = Callable[[Sequence[Part]], None]

#: Questions to the brokers before a fence, until one answers that is no bootstrap connection. Where
#: such a connection stays, as with an address that no broker advertises, it serves as well.
CONNECT_ATTEMPTS = 3


class TransactionalWriter:
    """The transactional producer of a worker. One thread at a time may call it.

    ``first_topic`` is one that it writes to: the brokers are asked for it to connect to them.
    ``new_producer`` makes librdkafka's producer from a configuration; a test gives its own.
    """

    def __init__(
        self,
        conf: dict[str, Any],
        transactional_id: str,
        new_producer: Callable[..., Producer] = Producer,
        first_topic: str | None = None,
    ) -> None:
        self.transactional_id = transactional_id
        self._first_topic = first_topic
        self.aborted = 0
        self._calls = RepeatedCalls(transactional_id)
        self._conf = conf
        self._make = new_producer
        #: Counts the producers that were made.
        self.producers = 0
        self._disturbed = False
        self._reason = ""
        self._producer = self._new_producer()

    @property
    def waiting_for(self) -> str | None:
        """What the call under way waits for, and why; None while it waits for nothing."""
        return self._calls.waiting_for

    def fence(self) -> None:
        """Call ``init_transactions``: fence every earlier producer with this transactional id.

        Returns when the last transaction of that id is committed or aborted. Raises
        :class:`Fenced`, :class:`TransactionRefused`, or :class:`Abandoned` after :meth:`stop`.
        """
        self._connect()
        try:
            self._calls.persist(
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

    def _connect(self) -> None:
        """Wait until a broker is connected, else `init_transactions` takes half a second longer.

        Without a connection that is up at that moment, librdkafka looks for the coordinator again
        after 500 ms, whatever is configured (``rd_kafka_txn_coord_query``). The first answer comes
        from a bootstrap connection, which is closed when the broker behind it is known; so it is
        asked again until a broker with an id answers. Raises :class:`Abandoned`, nothing else:
        what is wrong with the brokers is for `init_transactions` to report.
        """
        if self._first_topic is None:
            return
        for _ in range(CONNECT_ATTEMPTS):
            self._calls.check()
            try:
                found = self._producer.list_topics(self._first_topic, timeout=CALL_TIMEOUT)
            except KafkaException as exc:
                if exc.args[0].code() != KafkaError._DESTROY:  # that bootstrap connection
                    return
            else:
                if found.orig_broker_id >= 0:
                    return

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

        If a new owner has fenced this worker meanwhile, the new producer is not fenced any more.
        So read the rows before writing anything. Raises as :meth:`fence` does; call it again then.
        """
        # Without a reason: the one of a renewal that failed, else a connection was lost.
        self._reason = reason or self._reason or "a connection to the brokers was lost"
        logger.info("%s: continuing with a new producer: %s", self.transactional_id, self._reason)
        left, self._disturbed = self._producer, True
        self._producer = self._new_producer()
        close_in_background(left)
        self.fence()

    def abort_in(self, partitions: Sequence[TP]) -> None:
        """Write an abort marker to each partition: it aborts what this transactional id has open.

        A marker reaches only partitions that a record was sent to, so each gets one without key and
        value; no reader of committed records sees it. Raises :class:`Fenced` whatever error comes:
        this writer is of no more use then. Raises :class:`Abandoned` after :meth:`stop`.
        """
        try:
            self._producer.begin_transaction()
            for tp in partitions:
                # An empty key, not none: a compacted topic refuses that.
                marker: Output = (tp.topic, tp.partition, b"", None, None)
                produce(self._producer, marker, self._calls.check)
            while self._producer.flush(CALL_TIMEOUT):  # raises what is fatal meanwhile
                self._calls.check()
            self._abort()
        except KafkaException as exc:
            raise Fenced(str(exc.args[0])) from exc

    def write(self, parts: Sequence[Part], group: bytes, check_rows: CheckRows) -> None:
        """Commit the outputs of all ``parts`` and their group offsets in one transaction.

        ``group`` is the group metadata of this worker: the group refuses offsets of an older
        generation (KIP-447). Returns once the transaction is committed. Raises :class:`Fenced`,
        :class:`TransactionRefused` (nothing was committed) and :class:`Abandoned` (not known
        whether it was). Calls ``check_rows`` after an abort and after the producer was replaced,
        before anything else is written; what that raises ends the call.
        """
        pause, renewed = FIRST_PAUSE, False
        while True:
            try:
                self._attempt(parts, group)
                return
            except UndeliveredError as exc:
                self._end_transaction()
                check_rows(parts)
                raise TransactionRefused(str(exc)) from exc
            except KafkaException as exc:
                error: KafkaError = exc.args[0]
                answer = answer_to(error)
                if answer is Answer.FENCED:
                    raise Fenced(error.str()) from exc
                if answer is Answer.RENEW and not renewed:
                    renewed = True
                    self.renew(error.str())
                    check_rows(parts)
                    continue
                if answer is Answer.OUTDATED:
                    self._end_transaction()  # rows are not checked: they may have other owners
                    raise Fenced(error.str()) from exc
                self._end_transaction()
                check_rows(parts)
                if answer is not Answer.REPEAT:
                    topic = exc.topic if isinstance(exc, ProduceError) else None
                    records = [record for part in parts for record in part.records]
                    raise TransactionRefused(self._explain(error, records, topic)) from exc
                logger.warning(
                    "%s: transaction aborted, retrying: %s", self.transactional_id, error.str()
                )
            self._calls.pause(pause)
            pause = min(pause * 2, LAST_PAUSE)

    def stop(self) -> None:
        """Make calls that wait in another thread raise :class:`Abandoned`."""
        self._calls.stop()

    def leave(self) -> None:
        """Stop, and close in a thread of its own: closing may wait for the brokers."""
        self.stop()
        close_in_background(self._producer)

    def close(self) -> None:
        """Close the producer. What was not committed never becomes visible."""
        self._producer.purge()
        self._producer.close()

    def _new_producer(self) -> Producer:
        self.producers += 1
        note = partial(self._note, self.producers)
        return self._make(
            producer_conf(self._conf, self.transactional_id, note), logger=quiet_logger
        )

    def _note(self, producer: int, error: KafkaError) -> None:
        # The next call reports what ends the producer for good, see the table above.
        if producer == self.producers and not error.fatal():
            self._disturbed = True

    def _attempt(self, parts: Sequence[Part], group: bytes) -> None:
        self._calls.check()
        self._producer.begin_transaction()
        # Until a committed row names this worker, rows are delivered before offsets are sent: the
        # next owner of the partition reads in the changelog whom to fence. After that, offsets are
        # sent first, for two reasons. The group refuses an older generation before anything is
        # written. And the coordinator takes one request of a transaction at a time: records that
        # are produced before would announce their partitions at the same moment. Answered
        # CONCURRENT_TRANSACTIONS, librdkafka announces partitions again after 20 ms, whatever is
        # configured (rd_kafka_txn_handle_AddPartitionsToTxn), offsets after retry.backoff.ms.
        unsigned = [part.row for part in parts if not part.signed]
        self._deliver(unsigned)
        self._send_offsets([part.group_offset for part in parts], group)
        self._deliver(
            [output for part in parts for output in part.outputs]
            + [part.row for part in parts if part.signed]
        )
        self._calls.persist(
            "commit_transaction", lambda: self._producer.commit_transaction(CALL_TIMEOUT)
        )

    def _deliver(self, outputs: Sequence[Output]) -> None:
        if not outputs:
            return
        try:
            for output in outputs:
                produce(self._producer, output, self._calls.check)
        except (TypeError, ValueError, OverflowError) as exc:
            # The agent's mistake: its batch is tried alone, so that it holds up no other.
            raise UndeliveredError(f"a record cannot be written: {kind(exc)}") from exc
        deliver(self._producer, outputs, self._calls.check)

    def _send_offsets(self, offsets: list[TopicPartition], group: bytes) -> None:
        self._calls.persist(
            "send_offsets_to_transaction",
            lambda: self._producer.send_offsets_to_transaction(
                offsets, cast(Any, group), CALL_TIMEOUT
            ),
        )

    def _end_transaction(self) -> None:
        """Abort what is open, by a new producer where this one cannot."""
        try:
            self._abort()
        except KafkaException as exc:
            error: KafkaError = exc.args[0]
            if answer_to(error) is Answer.FENCED:
                raise Fenced(error.str()) from exc
            self.renew(error.str())

    def _abort(self) -> None:
        self.aborted += 1
        self._calls.persist(
            "abort_transaction", lambda: self._producer.abort_transaction(CALL_TIMEOUT)
        )

    def _explain(
        self, error: KafkaError, outputs: Sequence[Output] = (), topic: str | None = None
    ) -> str:
        if error.code() in MISSING_CODES:
            # librdkafka names no topic where AddPartitionsToTxn was refused.
            partitions = partitions_of(self._producer)
            missing = None if partitions is None else missing_output(outputs, partitions)
            if missing is not None:
                return missing
        return explain(error, outputs, topic=topic, transactional_id=self.transactional_id)

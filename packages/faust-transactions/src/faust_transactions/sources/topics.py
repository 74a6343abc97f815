"""Whether the source topics are still those that the rows belong to, and still have their records.

A topic may be deleted and created again, the brokers may lose its end, retention may delete records
that were not processed yet. docs/engine.md says what is checked when, and what remains.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from confluent_kafka import KafkaException
from faust.types import TP

from faust_transactions.errors import Abandoned, SourceMismatch, StateMismatch
from faust_transactions.kafka.offsets import Span
from faust_transactions.kafka.source_brokers import Found
from faust_transactions.observe.health import Health
from faust_transactions.protocols import BatchSource
from faust_transactions.sources.losses import Losses
from faust_transactions.sources.remedy import recreated_topic_remedy
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.task import State, StreamTask
from faust_transactions.thread import CallThread

__all__ = ["SourceTopics", "replaced"]

logger = logging.getLogger(__name__)

#: Longest wait (s) for the brokers' answers.
TIMEOUT = 10.0
#: Seconds until the brokers are asked again.
PAUSE = 1.0


class Brokers(Protocol):
    """What the brokers are asked: `SourceBrokers`. Blocking; raises KafkaException."""

    def identify(self, topics: Iterable[str], timeout: float) -> Found:
        """Ask for the ids of topics."""

    def look(self, partitions: Iterable[TP], timeout: float) -> Found:
        """Ask for the ids of topics and for beginnings and ends of partitions."""


class SourceTopics:
    """Confirms topics, stops tasks whose topic was replaced or truncated, reports losses.

    ``choices`` is what an operator of this app can do about a stopped partition.
    """

    def __init__(self, brokers: Brokers, losses: Losses, choices: str | None = None) -> None:
        self.losses = losses
        self._brokers = brokers
        self._choices = choices or recreated_topic_remedy()
        self._thread = CallThread("source-topics")

    # -- before a commit

    def confirm(self, tasks: Sequence[StreamTask]) -> Mapping[TP, SourceMismatch | StateMismatch]:
        """Confirm the topics of these tasks. Blocks, in the committer's thread.

        Returns the tasks that may not commit: SourceMismatch where the topic was replaced,
        StateMismatch for all when the brokers do not answer.
        """
        try:
            found = self._brokers.identify({task.tp.topic for task in tasks}, TIMEOUT)
        except KafkaException as exc:
            error = StateMismatch(f"the source topic cannot be confirmed: {exc}")
            return {task.tp: error for task in tasks}
        reasons = {task.tp: self._identify(task, found) for task in tasks}
        return {tp: SourceMismatch(reason) for tp, reason in reasons.items() if reason is not None}

    # -- after a restore, and every two seconds

    async def look(self, tasks: Collection[StreamTask], stopping: Callable[[], bool]) -> Found:
        """Ask about the topics of these tasks, fenced ones, for `check_restored`.

        Until the brokers answer. Raises Abandoned when the app stops.
        """
        while True:
            try:
                return await self._ask(tasks)
            except KafkaException as exc:
                logger.warning("source topics cannot be compared with rows yet: %s", exc)
            await asyncio.sleep(PAUSE)
            if stopping():
                raise Abandoned("the app stops")

    def check_restored(self, tasks: Iterable[StreamTask], found: Found) -> None:
        """Compare restored rows with what `look` found since the tasks are fenced."""
        for task in tasks:
            if task.row is not None or task.row_source is not None:
                self._check(task, found)

    async def watch(self, tasks: Iterable[StreamTask]) -> None:
        """Check whether topics were replaced, or lost records that were not fetched yet."""
        running = [task for task in tasks if task.state is State.RUNNING]
        if not running:
            return
        try:
            found = await self._ask(running)
        except KafkaException as exc:
            logger.debug("source topics could not be checked: %s", exc)
            return
        for task in running:
            self._check(task, found, fetching=True)

    # -- when the broker does not have the next offset

    async def resolve_range(self, task: StreamTask, consumer: BatchSource) -> None:
        """Decide at which offset a task continues, or stop it. Waits for the brokers."""
        while task.state is State.RUNNING and task.out_of_range:
            try:
                found = await self._ask([task])
            except KafkaException as exc:
                logger.info("%s: cannot determine the next offset yet: %s", task.name, exc)
                found = Found(0.0, {}, {})
            if task.tp not in found.spans:  # or deleted, and perhaps created again soon
                await task.pause(PAUSE)
                continue
            self._check(task, found)
            if task.is_active:
                await consumer.skip(task, max(task.next_fetch or 0, found.spans[task.tp].begin))
            if task.out_of_range:
                await task.pause(PAUSE)  # not assigned just now

    # -- decisions

    def _check(self, task: StreamTask, found: Found, *, fetching: bool = False) -> None:
        """Stop a task or report a loss. ``fetching``: it may have gone on since the question."""
        reason = self._identify(task, found)
        span = found.spans.get(task.tp)
        if reason is None and span is not None and not fetching:
            reason = self._truncated(task, span)
        if reason is not None:
            stop(task, reason)
        elif span is not None and task.next_fetch is not None:
            report = self.losses.suspect if fetching else self.losses.note
            report(task.tp, task.next_fetch, span.begin)

    def _identify(self, task: StreamTask, found: Found) -> str | None:
        """Confirm a task's topic, or say why it is not the row's."""
        topic = task.tp.topic
        if topic not in found.ids:
            return None  # deleted: there is nothing to be fetched from it
        now = TopicIdentity(topic, found.ids[topic])
        belongs = task.source if task.row_source is None else task.row_source
        reason = replaced(belongs, now) or replaced(task.source, now)
        if reason is None:
            task.confirm_source(now, found.asked)
            return None
        return f"{reason}; outputs of both would have the same ids: {self._choices}"

    def _truncated(self, task: StreamTask, span: Span) -> str | None:
        done = task.next_fetch or 0
        if done <= span.end:
            return None
        what = "deleted and created again, or" if task.row_source is None else "truncated:"
        return (
            f"offsets up to {done} were processed, but the topic ends at {span.end}. It was {what} "
            f"the brokers lost records; outputs of both would have the same ids: {self._choices}"
        )

    def stop_foreign(self, task: StreamTask, other: TopicIdentity) -> None:
        """Stop a task because its app's rows name another topic, which is processed, too."""
        if other.name == task.tp.topic:
            reason = f"{replaced(other, task.source)}; outputs of both would have the same ids"
        else:
            reason = (
                f"another worker with this app id processes topic {other.name} and writes its rows"
            )
        stop(task, f"{reason}: {self._choices}")

    # -- questions

    async def _ask(self, tasks: Iterable[StreamTask]) -> Found:
        partitions = {task.tp for task in tasks}
        found: Found = await self._thread.run(self._brokers.look, partitions, TIMEOUT)
        return found


def replaced(belongs: TopicIdentity, now: TopicIdentity) -> str | None:
    """Why a row of one topic says nothing about another one; None where they are the same."""
    if belongs.is_same(now):
        return None
    if belongs.name != now.name:
        return f"its rows count offsets of another topic, {belongs}, not of {now}"
    return (
        f"the topic was deleted and created again: its offsets were counted in topic id "
        f"{belongs.topic_id}, now the topic has id {now.topic_id}"
    )


def stop(task: StreamTask, reason: str) -> None:
    """Stop a task, with one line in the log."""
    if task.stop(reason):
        logger.error("%s is stopped: %s", task.name, reason)


def source_health(tasks: Iterable[StreamTask], losses: Losses, found: Health) -> Health:
    """`found`, unless stopped partitions or lost records are more severe."""
    stopped = [task for task in tasks if task.state is State.STOPPED]
    if stopped:
        others = f" (and {len(stopped) - 1} more)" if len(stopped) > 1 else ""
        return Health("bad", f"{stopped[0].name}{others} is stopped: {stopped[0].stopped_reason}")
    lost = losses.health()
    if lost is not None and (found.level == "ok" or (found.level, lost.level) == ("warn", "bad")):
        return lost
    return found

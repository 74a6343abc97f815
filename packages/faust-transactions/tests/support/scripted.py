"""A scripted stand-in for librdkafka's transactional producer."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaError, KafkaException

__all__ = ["Script", "ScriptedProducer", "error"]


def error(code: int, text: str = "", **flags: bool) -> KafkaError:
    """An error as librdkafka has it: retriable, txn_requires_abort, fatal."""
    return KafkaError(code, text or None, **flags)


class Script:
    """What the calls of all producers that a writer makes answer, one after the other.

    ``script["commit_transaction"].append(error)``: the first call raises, all after it succeed.
    ``script.always`` answers where nothing is left. For ``flush`` the answer is the number of
    records that are left.
    """

    def __init__(self) -> None:
        self.answers: dict[str, deque[Any]] = defaultdict(deque)
        self.always: dict[str, Any] = {}
        #: Calls in order, with the number of the producer: ``"1 begin_transaction"``.
        self.calls: list[str] = []
        self.producers: list[ScriptedProducer] = []
        #: Topic -> number of partitions, as `list_topics` has it.
        self.topics: dict[str, int] = {"out": 1, "rows": 1}

    def __getitem__(self, call: str) -> deque[Any]:
        return self.answers[call]

    def new_producer(self, conf: Mapping[str, Any], **_: Any) -> Any:
        """In place of the class ``confluent_kafka.Producer``."""
        self.producers.append(ScriptedProducer(self, len(self.producers) + 1, conf))
        return self.producers[-1]

    def answer(self, producer: int, call: str) -> Any:
        """Note a call; its answer, None where there is none."""
        self.calls.append(f"{producer} {call}")
        left = self.answers[call]
        found = left.popleft() if left else self.always.get(call)
        if isinstance(found, KafkaError):
            raise KafkaException(found)
        if isinstance(found, Exception):
            raise found
        return found


class ScriptedProducer:
    """Of ``confluent_kafka.Producer`` what a writer uses."""

    def __init__(self, script: Script, number: int, conf: Mapping[str, Any]) -> None:
        self.conf = conf
        self._script = script
        self._number = number
        self._open = False

    def report(self, found: KafkaError) -> None:
        """Call the error callback, as librdkafka does from within ``poll``."""
        callback: Callable[[KafkaError], None] = self.conf["error_cb"]
        callback(found)

    def init_transactions(self, _timeout: float) -> None:
        self._script.answer(self._number, "init_transactions")

    def begin_transaction(self) -> None:
        self._script.answer(self._number, "begin_transaction")
        if self._open:
            raise KafkaException(error(KafkaError._STATE, "Operation not valid in this state"))
        self._open = True

    def send_offsets_to_transaction(self, _offsets: Any, _group: Any, _timeout: float) -> None:
        self._script.answer(self._number, "send_offsets_to_transaction")

    def produce(self, topic: str, *_: Any, **__: Any) -> None:
        self._script.answer(self._number, f"produce {topic}")

    def flush(self, _timeout: float) -> int:
        return self._script.answer(self._number, "flush") or 0

    def commit_transaction(self, _timeout: float) -> None:
        self._script.answer(self._number, "commit_transaction")
        self._open = False

    def abort_transaction(self, _timeout: float) -> None:
        self._script.answer(self._number, "abort_transaction")
        self._open = False

    def list_topics(self, topic: str | None = None, *, timeout: float) -> Any:
        """All topics, or one; a number as answer is the id of the broker that gives it."""
        broker = self._script.answer(self._number, f"list_topics {topic or ''}".strip())
        there = self._script.topics.items()
        topics = {name: SimpleNamespace(partitions=range(number)) for name, number in there}
        return SimpleNamespace(topics=topics, orig_broker_id=1 if broker is None else broker)

    def poll(self, _timeout: float) -> int:
        return 0

    def purge(self) -> None:
        pass

    def close(self) -> None:
        pass

"""An input that could not become an account, with the reason."""

import re
from collections.abc import Iterable
from typing import Any

from records.codec.bounds import EPOCH_MS, LONGEST_TOPIC, OFFSETS, PARTITIONS
from records.codec.wire import WireRecord
from records.replay import REPLAY_COUNT, REPLAY_OF, Replay, replay_in
from records.verdict import record_id

Headers = list[tuple[str, bytes]]

_NUMBER = re.compile(rb"[0-9]{1,19}")


class DeadLetter(WireRecord):
    """An input record that is not an account, untouched, with the reason.

    On the wire the value and the key are the input's own bytes; all else is in the headers, as
    text. `detail` is one line without card data, `failed_at` is in milliseconds since the epoch.
    `replay` is what the input's own headers said, when it was one that had been sent back.
    """

    key: bytes | None
    value: bytes | None
    code: str
    detail: str
    topic: str
    partition: int
    offset: int
    failed_at: int
    replay: Replay | None = None

    @property
    def id(self) -> str:
        """`<topic>-<partition>-<offset>` of the input, as verdicts have it."""
        return record_id(self.topic, self.partition, self.offset)

    def headers(self) -> Headers:
        """The headers of the message, in the order of the contract; those of a replay follow."""
        return [
            ("error", self.code.encode()),
            ("detail", self.detail.encode()),
            ("topic", self.topic.encode()),
            ("partition", b"%d" % self.partition),
            ("offset", b"%d" % self.offset),
            ("failed_at", b"%d" % self.failed_at),
            *(self.replay.headers() if self.replay else ()),
        ]

    @classmethod
    def from_message(
        cls,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]],
    ) -> "DeadLetter":
        """The dead letter that a message of the topic is; other headers are passed over.

        Anybody may write to the topic: numbers of the result are in their ranges
        (`records.codec.bounds`), what texts say is not checked. Raises ValueError when a header is
        missing or cannot be one of ours.
        """
        found = {name: content for name, content in headers if content is not None}
        try:
            topic = _topic(found["topic"])
            return cls(
                key=key,
                value=value,
                code=found["error"].decode(),
                detail=found["detail"].decode(),
                topic=topic,
                partition=_number(found["partition"], PARTITIONS),
                offset=_number(found["offset"], OFFSETS),
                failed_at=_number(found["failed_at"], EPOCH_MS),
                replay=replay_in(found.items(), topic),
            )
        except KeyError as missing:
            raise ValueError(f"not a dead letter: no header {missing}") from None
        except ValueError:
            raise ValueError("not a dead letter: a header cannot be read") from None

    def dumps(self, *, serializer: Any = None) -> Any:  # noqa: ARG002 - Faust's signature
        """The value of the message: the input's bytes (None for a null), always."""
        return self.value

    def to_representation(self) -> dict[str, Any]:
        """Its JSON: everything but the bytes, of which only the sizes are shown."""
        return {
            "id": self.id,
            "error": self.code,
            "detail": self.detail,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "failed_at": self.failed_at,
            REPLAY_OF: self.replay.origin if self.replay else None,
            REPLAY_COUNT: self.replay.times if self.replay else 0,
            "key_bytes": None if self.key is None else len(self.key),
            "value_bytes": None if self.value is None else len(self.value),
        }

    @classmethod
    def from_data(cls, data: Any, *, preferred_type: Any = None) -> Any:  # noqa: ARG003 - Faust's
        """Raise: the bytes are not in the JSON. Use `from_message`."""
        if isinstance(data, cls):
            return data
        raise ValueError("a dead letter is read with its key and headers, by from_message")

    def _shown(self, name: str) -> str:
        if name not in ("key", "value"):
            return super()._shown(name)
        content = self.__dict__.get(name)
        return "None" if content is None else f"<{len(content)} bytes>"


def _topic(name: bytes) -> str:
    """The topic that a header names. Raises ValueError when none can have this name."""
    if len(name) > LONGEST_TOPIC:
        raise ValueError("longer than a topic's name")
    return name.decode()


def _number(text: bytes, allowed: range) -> int:
    """The number that a header holds. Raises ValueError when it is not one of these."""
    if not _NUMBER.fullmatch(text) or int(text) not in allowed:
        raise ValueError("a number out of its range")
    return int(text)

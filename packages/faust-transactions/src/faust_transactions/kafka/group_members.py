"""Asks the brokers who is a member of a consumer group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

__all__ = ["GroupMembers"]

#: Longest wait (s) for the coordinator's answer, which takes milliseconds. A restore waits for it
#: and sends no heartbeat meanwhile.
TIMEOUT = 3.0
#: The brokers do not know the question: the embedded broker.
UNSUPPORTED = frozenset({KafkaError.UNSUPPORTED_VERSION, KafkaError._UNSUPPORTED_FEATURE})


class GroupMembers:
    """Asks by a client that stays connected. One thread at a time.

    After an error it asks by a new one: where the coordinator was killed and is back under the same
    address, an AdminClient that had found it before may time out for ever.
    """

    def __init__(self, conf: Mapping[str, Any], group: str) -> None:
        self._conf = {"error_cb": lambda _error: None, **conf, "log_level": 0}
        self._group = group
        self._client: AdminClient | None = None

    def now(self) -> frozenset[str] | None:
        """The ids of the members; None where the brokers do not know the question.

        Blocks. Raises KafkaException.
        """
        client, self._client = self._client or AdminClient(self._conf), None
        answers = client.describe_consumer_groups([self._group], request_timeout=TIMEOUT)
        try:
            found = answers[self._group].result(TIMEOUT + 1.0)
        except TimeoutError:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "describe group")) from None
        except KafkaException as exc:
            if exc.args[0].code() in UNSUPPORTED:
                return None
            raise
        self._client = client
        return frozenset(str(member.member_id) for member in found.members)

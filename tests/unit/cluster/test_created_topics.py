"""What is said of a topic that cannot be created."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from cluster.errors import ClusterError
from cluster.topics import ensure_changelog
from config import Settings


class WithoutTheRight:
    """A cluster without topics, whose login may not create any."""

    def list_topics(self, **_: Any) -> Any:
        return SimpleNamespace(topics={})

    def create_topics(self, new: list[Any], **_: Any) -> dict[str, Future[None]]:
        refused: Future[None] = Future()
        refused.set_exception(KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))
        return {topic.topic: refused for topic in new}


def test_a_changelog_that_others_must_create_is_compacted() -> None:
    settings = Settings(app_id="app", partitions=4)
    client = cast(AdminClient, WithoutTheRight())
    with pytest.raises(ClusterError) as caught:
        ensure_changelog(client, settings)
    end = ": create it with 4 partitions and cleanup.policy=compact, then try again"
    assert str(caught.value).endswith(end)

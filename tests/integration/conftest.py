"""A stream of one's own on the shared Kafka, for tests that write what a worker would."""

import pytest

from cluster.startup import check
from config import Settings
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand
from tests.integration.worker.test_startup import named


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    """With names of this test's own; the topics are there."""
    settings = named(topic_prefix, kafka.url)
    check(settings, timeout=0)
    return settings


@pytest.fixture
def stream(settings: Settings) -> StreamByHand:
    """Writes into these topics."""
    return StreamByHand(settings)

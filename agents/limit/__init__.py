"""The limit on dead letters: holds a partition that gets too many, and lets it go on when told to.

`limit.py` decides about each batch, `counting.py` and `window.py` count, `control.py` knows what
operators decided and says which partitions are held.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import faust
from faust_transactions import TopicReader

from agents.limit.control import ControlFollower, PartitionControl
from agents.limit.limit import InvalidLimit
from agents.topics.writer import LatestWriter, write_to

__all__ = ["ControlFollower", "InvalidLimit", "PartitionControl", "follow_control"]


def follow_control(
    app: faust.App, topic: str, *, worker: Callable[[], str], client: Mapping[str, Any]
) -> PartitionControl:
    """Follow the control topic, and write to it, for as long as the app runs.

    ``worker`` gives this worker's name, ``client`` the aiokafka options of a consumer.
    """
    follower = ControlFollower(topic, partial(TopicReader, topic, client))
    writer = LatestWriter(topic, write_to(app, topic))
    app.add_dependency(follower)
    app.task(writer.run)
    return PartitionControl(follower, writer, worker)

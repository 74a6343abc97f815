"""The Kafka cluster as the program finds it: is it there, its topics, what is committed in them.

For the start of a worker and for the commands; everything here blocks and takes no part in the
stream. Whatever is wrong is a `ClusterError`: one line that says what, and what to do.
"""

from cluster.errors import ClusterError, Stopped
from cluster.reach import connect
from cluster.reading.offsets import Isolation, committed_offsets, topic_spans
from cluster.reading.rows import committed_rows
from cluster.reading.watch import Progress, Watch
from cluster.topics import changelog_topic, ensure_topics, is_compacted

__all__ = [
    "ClusterError",
    "Isolation",
    "Progress",
    "Stopped",
    "Watch",
    "changelog_topic",
    "committed_offsets",
    "committed_rows",
    "connect",
    "ensure_topics",
    "is_compacted",
    "topic_spans",
]

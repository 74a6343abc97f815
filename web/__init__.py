"""What a worker shows of the stream: the dashboard, the counts, health and metrics."""

from web.attach import attach
from web.recent import LatestRecords, RecentVerdicts
from web.state import Feed, Health, Recent, WebState

__all__ = [
    "Feed",
    "Health",
    "LatestRecords",
    "Recent",
    "RecentVerdicts",
    "WebState",
    "attach",
]

"""What a worker shows of the stream: the dashboard, the counts, health and metrics."""

from faust_transactions import Health

from web.attach import attach
from web.health import HealthSource
from web.live.recent import RecentVerdicts, VerdictSource
from web.live.state import Feed, Recent, WebState
from web.page import Answers, PageTopics, ThisWorker, attach_page, follow_counts

__all__ = [
    "Answers",
    "Feed",
    "Health",
    "HealthSource",
    "PageTopics",
    "Recent",
    "RecentVerdicts",
    "ThisWorker",
    "VerdictSource",
    "WebState",
    "attach",
    "attach_page",
    "follow_counts",
]

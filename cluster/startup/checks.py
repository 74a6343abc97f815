"""What is checked before a worker starts, in order."""

import threading

from cluster.errors import ClusterError, Stopped
from cluster.reach import connect
from cluster.startup.group import check_session_timeout
from cluster.startup.other_streams import warn_of_other_streams
from cluster.startup.outcomes import check_lost_topics, check_outcomes
from cluster.startup.progress import check_identity, check_progress
from cluster.startup.topic_settings import check_topic_settings
from cluster.topics import ensure_topics
from config import Settings

#: How long (s) a worker waits for a broker at the start.
BROKER_TIMEOUT = 60.0


class StartupError(Exception):
    """The worker cannot start. Its text is one line: what is wrong and what to do."""


class StartupStopped(StartupError):
    """A stop was requested while the brokers were waited for."""


def diagnose(settings: Settings) -> str | None:
    """The line by which a start would end now, or None. Blocks for some seconds."""
    try:
        check(settings, timeout=0)
    except StartupError as exc:
        return str(exc)
    return None


def check(
    settings: Settings, *, timeout: float = BROKER_TIMEOUT, stop: threading.Event | None = None
) -> None:
    """Return once the brokers answer, and the topics exist and fit what was committed.

    Waits up to `timeout` seconds for a broker, with a warning in the log for each attempt. Blocks;
    signals are handled within half a second. Outside the main thread `stop` ends it.

    Raises StartupError; StartupStopped after `stop`.
    """
    try:
        client = connect(settings, timeout=timeout, stop=stop)
        check_session_timeout(client, settings.session_timeout)
        check_identity(settings)  # first: of a re-created topic other numbers may be wrong, too
        check_lost_topics(settings)
        ensure_topics(client, settings, stop=stop)
        check_topic_settings(client, settings)
        check_progress(settings)
        warn_of_other_streams(settings, *check_outcomes(settings, stop=stop))
    except Stopped as exc:
        raise StartupStopped(str(exc)) from exc
    except ClusterError as exc:
        raise StartupError(str(exc)) from exc

"""Whether the brokers let a worker join its group with the session time-out of the settings."""

from confluent_kafka.admin import AdminClient

from cluster.errors import ClusterError
from cluster.topic_config import Config, broker_config
from config import Settings

_LOWEST, _HIGHEST = "group.min.session.timeout.ms", "group.max.session.timeout.ms"


def check_session_timeout(client: AdminClient, session_timeout: float) -> None:
    """Raise ClusterError when the brokers refuse this session time-out (s).

    Their limits are known only to a login that may describe the cluster's configuration. Without
    them this raises nothing, and a worker that is refused says so when it joins the group.
    """
    line = refusal(session_timeout, broker_config(client))
    if line is not None:
        raise ClusterError(line)


def refusal(session_timeout: float, config: Config) -> str | None:
    """Why the brokers refuse this session time-out (s), in one line, or None."""
    wanted = session_timeout * 1_000
    lowest, highest = int(config.get(_LOWEST, 0)), int(config.get(_HIGHEST, 2**31 - 1))
    if lowest <= wanted <= highest:
        return None
    name = Settings.env_name("session_timeout")
    limit = f"{_LOWEST}={lowest}" if wanted < lowest else f"{_HIGHEST}={highest}"
    return (
        f"{name} is {session_timeout:g}, but the brokers have {limit}: "
        f"set {name} to {lowest / 1_000:g} to {highest / 1_000:g} seconds"
    )

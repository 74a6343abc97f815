"""Why a worker cannot be a member of its consumer group, in one line with the remedy."""

from __future__ import annotations

from collections.abc import Mapping

import faust
from aiokafka import errors

__all__ = ["explain_membership", "passes"]


def passes(error: BaseException) -> bool:
    """Whether aiokafka's next try may succeed."""
    return isinstance(error, errors.KafkaError) and bool(error.retriable)


def explain_membership(
    error: BaseException, app: faust.App, setting_names: Mapping[str, str]
) -> str:
    """Name the cause and the setting or right to change.

    ``setting_names`` maps a Faust setting to the name by which the app's users know it.
    """
    group = app.conf.id
    setting = setting_names.get("broker_session_timeout", "broker_session_timeout")
    remedies: dict[type[BaseException], str] = {
        errors.InvalidSessionTimeoutError: (
            f"{setting} is {app.conf.broker_session_timeout:g} s: set it between the brokers' "
            "group.min.session.timeout.ms and group.max.session.timeout.ms "
            "(6 s and 30 min by default)"
        ),
        errors.InconsistentGroupProtocolError: (
            "its other members assign partitions in another way: stop them, or give this app an "
            "id of its own"
        ),
        errors.InvalidGroupIdError: "the brokers do not accept its name: take another app id",
        errors.GroupAuthorizationFailedError: "grant Read on this group",
        errors.TopicAuthorizationFailedError: f"grant Read and Describe on topics: {error}",
    }
    remedy = next((text for kind, text in remedies.items() if isinstance(error, kind)), str(error))
    return f"cannot be a member of consumer group {group}: {remedy} ({type(error).__name__})"

"""Why a worker cannot be a member of its consumer group, in one line with the remedy."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import faust
from aiokafka import errors
from faust.exceptions import ConsumerNotStarted

from faust_transactions import compat
from faust_transactions.observe.failures import ReasonLog

__all__ = ["MembershipCheck", "explain_membership", "passes"]

logger = logging.getLogger(__name__)


class Member(Protocol):
    """What is asked of the consumer: `BatchConsumer`."""

    def check_membership(self) -> Awaitable[None]:
        """Raise what keeps the worker from being a member of its group, once for each time."""


class MembershipCheck:
    """Ends the worker when it cannot be a member of its group, as nothing else would."""

    def __init__(
        self, app: faust.App, consumer: Callable[[], Member], setting_names: Mapping[str, str]
    ) -> None:
        self._app = app
        self._consumer = consumer
        self._setting_names = setting_names
        self._log = ReasonLog(logger, logging.WARNING)
        self._ending = False

    async def check(self) -> None:
        """Ask the consumer; to be called once a second or so."""
        try:
            await self._consumer().check_membership()
        except ConsumerNotStarted:
            return
        except Exception as exc:  # noqa: BLE001 - the coordination may have ended by anything
            line = explain_membership(exc, self._app, self._setting_names)
            if passes(exc):
                self._log(line, "%s; trying again", line)
            else:
                self.end(line)

    def end(self, line: str) -> None:
        """End the worker with one line."""
        if not self._ending:
            self._ending = True
            logger.critical("%s", line)
            compat.end_app(self._app)


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

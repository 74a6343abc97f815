"""The settings of a Faust app that the engine depends on: set, or checked where they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faust.exceptions import ImproperlyConfigured

from faust_transactions.compat import given_settings, setting_without_reading, write_setting

if TYPE_CHECKING:
    import faust

__all__ = ["prepare"]

#: A broker that has just started knows no topics. A group that was assigned nothing then looks
#: again after this time (ms) instead of Faust's five minutes.
METADATA_AGE_MS = 5_000


def prepare(app: faust.App, max_records: int) -> None:
    """Set what the engine needs of `app`, whose batches hold up to ``max_records``.

    Raises faust.exceptions.ImproperlyConfigured, with one line, for a setting of the app that
    cannot work with the engine.
    """
    given = given_settings(app)
    for line in (
        _transport(app),
        _guarantee(given),
        _waiting(given),
        _polling(given, max_records),
        _offset_reset(app),
        _session(app, given),
    ):
        if line is not None:
            raise ImproperlyConfigured(f"faust app {app.conf.id}: {line}")
    # The engine ends the batches of a revoked partition itself.
    write_setting(app, "stream_wait_empty", False)
    if given.get("broker_max_poll_records") is None:
        # Of two partitions that are ready, neither shall shorten the other's batch.
        write_setting(app, "broker_max_poll_records", 2 * max_records)
    if given.get("consumer_metadata_max_age_ms") is None:
        write_setting(app, "consumer_metadata_max_age_ms", METADATA_AGE_MS)
    session = setting_without_reading(app, "broker_session_timeout")
    if session > setting_without_reading(app, "broker_request_timeout"):
        # A join may take as long as a session; Faust refuses to start otherwise.
        write_setting(app, "broker_request_timeout", session)


def _transport(app: faust.App) -> str | None:
    schemes = {url.scheme for url in app.conf.broker_consumer}
    if schemes <= {"kafka", "kafka+ssl", "aiokafka"}:
        return None
    return f"broker={min(schemes)}://…: the engine needs the aiokafka transport, kafka://"


def _guarantee(given: Any) -> str | None:
    if "exactly_once" not in str(given.get("processing_guarantee")):
        return None
    return (
        "processing_guarantee='exactly_once' starts Faust's own transactions beside those of the "
        "engine: leave it out"
    )


def _waiting(given: Any) -> str | None:
    if not given.get("stream_wait_empty"):
        return None
    return (
        "stream_wait_empty=True makes a rebalance wait for batches that the engine would end: "
        "leave it out"
    )


def _polling(given: Any, max_records: int) -> str | None:
    records = given.get("broker_max_poll_records")
    if records is None or records >= 2 * max_records:
        return None
    return (
        f"broker_max_poll_records={records} is too small for batches of {max_records} records: "
        f"leave it out, or set it to {2 * max_records} or more"
    )


def _offset_reset(app: faust.App) -> str | None:
    reset = app.conf.consumer_auto_offset_reset
    if reset == "earliest":
        return None
    return (
        f"consumer_auto_offset_reset='{reset}' would skip records after retention deleted some: "
        "leave it out"
    )


def _session(app: faust.App, given: Any) -> str | None:
    session = setting_without_reading(app, "broker_session_timeout")
    heartbeat = setting_without_reading(app, "broker_heartbeat_interval")
    if heartbeat >= session:
        return (
            f"broker_heartbeat_interval={heartbeat:g} must be below "
            f"broker_session_timeout={session:g}: a third of it is usual"
        )
    request = given.get("broker_request_timeout")
    if request is not None and request < session:
        return (
            f"broker_request_timeout={request:g} is below broker_session_timeout={session:g}: "
            "leave it out"
        )
    return None

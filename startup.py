"""What is looked at before a worker connects, so that it starts well or says in a line why not."""

import logging
import threading
from typing import NoReturn

import logs
from cluster import (
    ClusterError,
    Stopped,
    changelog_topic,
    committed_rows,
    connect,
    ensure_topics,
    topic_spans,
)
from setting_values import broker_addresses
from settings import Settings

logger = logging.getLogger("fraud_app")


class StartupError(Exception):
    """The worker cannot start. Its text is one line: what is wrong and what to do."""


class StartupStopped(StartupError):
    """Somebody asked to stop while the brokers were waited for."""


def check(
    settings: Settings, *, patience: float = 60.0, stop: threading.Event | None = None
) -> None:
    """Returns once the brokers answer, the topics are there and fit what was committed.

    Waits up to `patience` seconds for a broker, with a warning in the log for each attempt. Blocks
    (signals are handled within half a second); when called in another thread than the main one,
    `stop` ends it.

    Raises StartupError, StartupStopped after `stop`.
    """
    try:
        client = connect(settings, patience=patience, stop=stop)
        ensure_topics(client, settings, stop=stop)
        _check_progress(settings)
    except Stopped as exc:
        raise StartupStopped(str(exc)) from exc
    except ClusterError as exc:
        raise StartupError(str(exc)) from exc


def checking_worker(settings: Settings, version: str) -> type[logs.LoggingWorker]:
    """Faust's worker, which starts only when `check` passes; else it ends in one line, code 1."""

    class CheckingWorker(logs.LoggingWorker):
        def execute_from_commandline(self) -> NoReturn:
            logs.begin(settings.log_format, self.loglevel, self.logfile)
            tell_of(settings, version)
            try:
                check(settings)
            except StartupError as exc:
                if self.logfile:
                    logger.critical("%s", exc)
                line = logs.last_words(f"fraud_app: {exc}", settings.log_format)
                raise SystemExit(line) from None
            except KeyboardInterrupt:
                raise SystemExit(130) from None
            super().execute_from_commandline()

    return CheckingWorker


def tell_of(settings: Settings, version: str) -> None:
    """The first lines of the log: what starts, and what is odd about its settings."""
    brokers = ",".join(broker_addresses(settings.broker))
    logger.info("fraud_app %s starts: app id %s, brokers %s", version, settings.app_id, brokers)
    if settings.token_key_is_default:
        logger.warning(
            "FRAUD_TOKEN_KEY is not set: account tokens are made with the development key, "
            "which is public"
        )
    for name in Settings.unknown():
        logger.warning("%s is set, but there is no such setting", name)


def _check_progress(settings: Settings) -> None:
    """Compares what was committed as done with what there is."""
    rows = committed_rows(settings)
    spans = topic_spans(settings, settings.accounts_topic, "read_uncommitted")
    for partition, row in sorted(rows.items()):
        begin, end = spans[partition]
        name = f"{settings.accounts_topic}-{partition}"
        if row.next_offset > end:
            raise ClusterError(
                f"{name} ends at offset {end}, but offsets up to {row.next_offset} were judged, "
                "so the topic was deleted and made anew: take another FRAUD_APP_ID (now "
                f"{settings.app_id}) or delete topic {changelog_topic(settings)}"
            )
        if row.next_offset < begin:
            logger.warning(
                "%s begins at offset %d: %d offsets from %d on are gone and were not judged",
                name,
                begin,
                begin - row.next_offset,
                row.next_offset,
            )

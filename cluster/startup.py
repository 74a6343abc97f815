"""What is looked at before a worker connects, so that it starts well or says in a line why not."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from faust.types import AppT

import logs
import web.address
from cluster import (
    ClusterError,
    Stopped,
    changelog_topic,
    committed_rows,
    connect,
    ensure_topics,
    topic_spans,
    warn_of_limits,
)
from config import Settings, broker_addresses

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
        warn_of_limits(client, settings)
        _check_progress(settings)
    except Stopped as exc:
        raise StartupStopped(str(exc)) from exc
    except ClusterError as exc:
        raise StartupError(str(exc)) from exc


def checking_worker(settings: Settings, version: str) -> type[logs.LoggingWorker]:
    """Faust's worker, which starts only when its web can be served and `check` passes.

    Else it ends in one line: with code 1, or 128 and the number of the signal that ended it.
    """

    class CheckingWorker(logs.LoggingWorker):
        def execute_from_commandline(self) -> NoReturn:
            logs.begin(settings.log_format, self.loglevel, self.logfile)
            tell_of(settings, version)
            try:
                with _signals_raise():
                    _check_web(self.app)
                    check(settings)
            except StartupError as exc:
                self._end(str(exc), 1)
            except _SignalError as exc:
                self._end(f"stopped by {exc.signal.name} before it had started", 128 + exc.signal)
            super().execute_from_commandline()

        def _end(self, line: str, code: int) -> NoReturn:
            if self.logfile:
                logger.critical("%s", line)
            said = logs.format_fatal(f"fraud_app: {line}", settings.log_format)
            sys.stderr.write(f"{said}\n")
            raise SystemExit(code) from None

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
    for name in Settings.trimmed():
        logger.warning(
            "%s ends in a blank or a line end, which is cut off: store the secret without it", name
        )
    for name in Settings.unknown():
        logger.warning("%s is set, but there is no such setting", name)


def _check_web(app: AppT) -> None:
    """What the command line says of the web is in the app's configuration by then."""
    conf = app.conf
    if conf.web_enabled and conf.web_transport.scheme == "tcp":
        line = web.address.objection(conf.web_bind, conf.web_port)
        if line is not None:
            raise StartupError(line)


class _SignalError(BaseException):
    """What a stop signal raises where it finds the main thread, as KeyboardInterrupt is raised."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Inside the block a stop signal raises _SignalError. For the main thread."""

    def handle(number: int, _frame: object) -> None:
        raise _SignalError(number)

    former = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


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

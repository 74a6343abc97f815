"""The worker that checks before it starts."""

import logging
import sys
import tempfile
from pathlib import Path
from typing import NoReturn, cast

from faust.types import AppT

import logs
from cluster.startup.address import bind_error, is_loopback
from cluster.startup.checks import StartupError, check
from cluster.startup.signals import StopSignal, handle_signals
from config import Settings, broker_addresses

logger = logging.getLogger("fraud_app")


def checking_worker(settings: Settings, version: str) -> type[logs.LoggingWorker]:
    """Faust's worker, which starts only when its web can be served and `check` passes.

    Otherwise it ends in one line: with code 1, or 128 and the number of the signal that ended it.
    SIGHUP reopens its log file, from the first line on.
    """

    class CheckingWorker(logs.LoggingWorker):
        def execute_from_commandline(self) -> NoReturn:
            try:
                with handle_signals():
                    self._begin_log()
                    log_start(settings, version)
                    _check_data_directory(self.app)
                    _check_web(self.app, settings)
                    check(settings)
            except StartupError as exc:
                self._end(str(exc), 1)
            except StopSignal as exc:
                self._end(f"stopped by {exc.signal.name} before it had started", 128 + exc.signal)
            super().execute_from_commandline()

        def _begin_log(self) -> None:
            try:
                logs.begin(settings.log_format, self.loglevel, cast(str | None, self.logfile))
            except OSError as exc:
                # The lines so far, and this one, are for standard error.
                file, self.logfile = self.logfile, None
                raise StartupError(
                    f"log file {file} cannot be written ({exc.strerror}): "
                    "choose another one with --logfile"
                ) from exc

        def _end(self, line: str, code: int) -> NoReturn:
            if self.logfile:
                logger.critical("%s", line)
            said = logs.format_fatal(f"fraud_app: {line}", settings.log_format)
            sys.stderr.write(f"{said}\n")
            raise SystemExit(code) from None

    return CheckingWorker


def log_start(settings: Settings, version: str) -> None:
    """Log what starts and what an operator should know of its settings."""
    brokers = ",".join(broker_addresses(settings.broker))
    logger.info("fraud_app %s starts: app id %s, brokers %s", version, settings.app_id, brokers)
    if settings.token_key_is_default:
        logger.warning(
            "FRAUD_TOKEN_KEY is not set: account tokens are made with the development key, "
            "which is public"
        )
    elif settings.token_key_is_short:
        logger.warning(
            "FRAUD_TOKEN_KEY is short enough to be guessed from the key id in every verdict: make "
            "one with `openssl rand -hex 32`"
        )
    if settings.produce_size:
        logger.warning(
            "the producer agent writes fake accounts to topic %s: FRAUD_PRODUCE_SIZE=0 turns it "
            "off",
            settings.accounts_topic,
        )
    for name in Settings.trimmed():
        logger.warning(
            "%s ends in a blank or a line end, which is cut off: store the secret without it", name
        )
    for name in Settings.unknown():
        logger.warning("%s is set, but there is no such setting", name)


def _check_data_directory(app: AppT) -> None:
    """The command line's --datadir is in the app's configuration by then."""
    path = Path(app.conf.datadir)
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as exc:
        raise StartupError(
            f"data directory {path} cannot be written ({exc.strerror}): "
            "choose another one with --datadir, before the word worker"
        ) from exc


def _check_web(app: AppT, settings: Settings) -> None:
    """Raise StartupError where the web server cannot listen; warn where anybody may ask it.

    The app's configuration has the command line's --web-host and --web-port, too.
    """
    conf = app.conf
    if conf.web_enabled and conf.web_transport.scheme == "tcp":
        line = bind_error(conf.web_bind, conf.web_port)
        if line is not None:
            raise StartupError(line)
        if settings.web_token is None and not is_loopback(conf.web_bind):
            logger.warning(
                "the web at %s answers everybody who can reach it: set FRAUD_WEB_TOKEN",
                conf.web_bind,
            )

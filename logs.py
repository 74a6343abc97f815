"""What reaches the log, and what must not."""

from __future__ import annotations

import logging

import faust

from settings import Settings

__all__ = ["set_up"]

logger = logging.getLogger("fraud_app")

#: Loggers that write the bytes of accounts at debug level, or a record for every request
#: (aiokafka makes its debug records even when nobody wants them: a tenth of the time at full
#: speed).
DEBUG_OFF = ("aiokafka", "faust.topics", "faust.transport", "faust.tables", "faust.agents")


def set_up(settings: Settings, app: faust.App) -> None:
    """Keep the libraries quiet; tell at the start what is odd about the settings."""
    for name in DEBUG_OFF:
        logging.getLogger(name).setLevel(logging.INFO)

    async def warn_of_settings() -> None:
        if settings.token_key_is_default:
            logger.warning(
                "FRAUD_TOKEN_KEY is not set: account tokens are made with the development key, "
                "which is public"
            )
        for name in Settings.unknown():
            logger.warning("%s is set, but there is no such setting", name)

    app.task(warn_of_settings)

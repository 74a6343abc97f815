"""Log levels of the libraries below an app: what their loggers are called and what they say."""

from __future__ import annotations

import logging

__all__ = ["quiet_libraries"]

#: At debug level these write the bytes of records, or make a log record for every request. aiokafka
#: makes its debug records even under a root logger at WARNING: a tenth of the time at full speed.
DEBUG_OFF = ("aiokafka", "faust.topics", "faust.transport", "faust.tables", "faust.agents")
#: At info level these report the start and stop of each of their services.
INFO_OFF = (
    "faust",
    "mode",
    "faust_transactions.fetch.stoppable_producer",
    "faust_transactions.stores.partition",
    "faust_transactions.compat.transport",
    "faust_transactions.fetch.consumer",
    "faust_transactions.fetch.consumer_thread",
    *DEBUG_OFF,
)


def quiet_libraries(level: int) -> None:
    """Keep Faust, mode and aiokafka quiet in a log of this level.

    At info and above they log warnings and errors only. At debug they log, except for what would
    put the bytes of records into the log. Call it after Faust has set the log up, which resets the
    levels: in ``Worker.on_setup_root_logger``.
    """
    debugging = level < logging.INFO
    for name in INFO_OFF:
        logging.getLogger(name).setLevel(logging.NOTSET if debugging else logging.WARNING)
    for name in DEBUG_OFF:
        logging.getLogger(name).setLevel(logging.INFO if debugging else logging.WARNING)

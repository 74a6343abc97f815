"""What reaches the log, and what must not."""

from __future__ import annotations

import logging

__all__ = ["quiet_libraries"]

#: Loggers that write the bytes of accounts at debug level, or a record for every request
#: (aiokafka makes its debug records even when nobody wants them: a tenth of the time at full
#: speed).
DEBUG_OFF = ("aiokafka", "faust.topics", "faust.transport", "faust.tables", "faust.agents")


def quiet_libraries() -> None:
    """Keep the libraries' debug records off, whatever level the worker is started with."""
    for name in DEBUG_OFF:
        logging.getLogger(name).setLevel(logging.INFO)

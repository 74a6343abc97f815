"""Connections that uvloop has closed: sending on one must not end the worker.

asyncio's own transports drop what is written after they were closed; uvloop's raise RuntimeError.
aiokafka 0.14 expects an OSError there (aiokafka#1038), so when a broker goes at the wrong moment,
the routine that keeps up the group's membership ends, and with it the worker. Here such a
connection counts as broken, and aiokafka does what it does about broken connections.
"""

from __future__ import annotations

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

__all__ = ["report_closed_connections"]

_send = AIOKafkaConnection.send


def report_closed_connections() -> None:
    """Do so for all aiokafka clients of this process; may be called again."""
    AIOKafkaConnection.send = _send_or_report


def _send_or_report(self: Any, *args: Any, **kwargs: Any) -> Any:
    writer = self._writer
    try:
        return _send(self, *args, **kwargs)
    except RuntimeError as error:
        if writer is None or not writer.is_closing():
            raise
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"connection closed: {error}") from error

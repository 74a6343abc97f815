"""TCP ports of this machine."""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

LOOPBACK = "127.0.0.1"

#: Below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere):
#: a client could take one of those between the question and the server's start.
_PORTS = range(10_000, 32_000)
#: Not the shared generator: a draw would change what somebody gets who has seeded it.
_DRAW = random.SystemRandom()
_drawn: set[int] = set()


def free_port() -> int:
    """A TCP port on the loopback interface without a listener now.

    No other call returns it while this process runs, nor does one in another process of this user
    with the same folder for temporary files. A program that does not ask here may take it before
    the caller does. Raises OSError where no file can be made in that folder.
    """
    file = _reservations()
    while True:
        port = _DRAW.choice(_PORTS)
        if port not in _drawn and _reserve(file, port) and not is_taken(port):
            _drawn.add(port)
            return port


def _reserve(file: int, port: int) -> bool:
    """Lock the byte of this port, until this process ends; False where another process has it."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    return True


@cache
def _reservations() -> int:
    """A file that stays open: its locks, one byte for each port, end with it."""
    file = Path(tempfile.gettempdir(), f"devbroker-ports-{os.getuid()}")
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could not listen on this port of `host`."""
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT, just left by one that ended, is not taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
        return False


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server accepts connections on this port of `host`, within half a second."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False

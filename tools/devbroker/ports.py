"""TCP ports of this machine."""

import random
import socket

LOOPBACK = "127.0.0.1"

#: Below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere):
#: a client could take one of those between the question and the server's start.
_PORTS = range(10_000, 32_000)
#: Not the shared generator: two processes that gave it the same seed would draw the same ports.
_DRAW = random.SystemRandom()


def free_port() -> int:
    """A TCP port on the loopback interface without a listener now.

    It is not reserved: another program may take it before the caller does.
    """
    while is_taken(port := _DRAW.choice(_PORTS)):
        pass
    return port


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

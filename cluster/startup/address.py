"""Checks of the web server's address before the start."""

import errno
import ipaddress
import socket

__all__ = ["bind_error", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether every address of the host is a loopback address, which other machines cannot reach.

    False for a name that does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(address[0]).is_loopback for *_, address in found)


def bind_error(host: str, port: int) -> str | None:
    """Why no server can listen there and what to do, in a line; None when one can.

    Binds each address of the host as asyncio's servers do, and lets it go at once: another program
    may take it before the caller does.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            _bind(family, kind, protocol, address)
    except UnicodeError:
        return _of_the_host(host, "no host name")
    except socket.gaierror as exc:
        return _of_the_host(host, exc.strerror)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            return (
                f"port {port} of {host} is taken, by another worker perhaps: stop that, "
                "or take another port with --web-port"
            )
        if exc.errno == errno.EACCES:
            return (
                f"port {port} of {host} may not be listened on ({exc.strerror}): "
                "take one above 1023 with --web-port"
            )
        return _of_the_host(host, exc.strerror)
    return None


def _bind(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> None:
    try:
        probe = socket.socket(family, kind, protocol)
    except OSError:
        return  # A family that this machine does not have; servers pass it over as well.
    with probe:
        # A port in TIME_WAIT, just left by a worker that ended, is not taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Else it would also stand for the IPv4 address that is bound next.
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind(address)


def _of_the_host(host: str, why: str | None) -> str:
    return (
        f"the web cannot be served on {host!r} ({why}): "
        "set FRAUD_WEB_HOST to a name or address of this machine"
    )

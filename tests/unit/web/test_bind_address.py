import socket
from collections.abc import Iterator

import pytest

from cluster.startup.address import bind_error, is_loopback
from tools.devbroker import free_port


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_free_port_is_no_objection_and_stays_free() -> None:
    port = free_port()
    for host in ("127.0.0.1", "localhost", "0.0.0.0"):
        assert bind_error(host, port) is None
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("no-such-host.invalid", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_taken_port_is_reported_with_what_to_do(listening: socket.socket, host: str) -> None:
    port = listening.getsockname()[1]
    line = bind_error(host, port)
    assert line is not None
    assert line.startswith(f"port {port} of {host} is taken")
    assert "--web-port" in line


def test_a_port_that_a_server_has_just_left_is_free(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as client:
        accepted, _ = listening.accept()
        # Who closes first has the port in TIME_WAIT.
        accepted.close()
        listening.close()
        assert client.recv(1) == b""
    assert bind_error("127.0.0.1", port) is None


@pytest.mark.parametrize(
    "host",
    ["192.0.2.1", "2001:db8::1", "no-such-host.invalid", "x" * 70, "..", "a\x01b"],
)
def test_a_host_that_is_not_this_machine_is_reported_with_the_setting(host: str) -> None:
    line = bind_error(host, free_port())
    assert line is not None
    assert line.startswith(f"the web cannot be served on {host!r} (")
    assert "set FRAUD_WEB_HOST to" in line
    assert len(line.splitlines()) == 1

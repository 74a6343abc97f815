"""`python -m tools.devbroker` and `python -m tools.devbroker.real` as a person would run them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from tests.topics import produce, read_topic
from tools.devbroker import free_port
from tools.devbroker.child import run
from tools.devbroker.ports import answers

ROOT = Path(__file__).parents[3]


class Command:
    """A started `python -m …` and what it printed."""

    def __init__(self, out: Path, *arguments: str) -> None:
        self.out = out
        with out.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        return self.out.read_text(encoding="utf-8")

    def wait_for(self, text: str, timeout: float = 60.0) -> str:
        """What it printed after `text`, to the end of the line."""
        deadline = time.monotonic() + timeout
        while text not in self.printed or "\n" not in self.printed.partition(text)[2]:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.05)
        return self.printed.partition(text)[2].splitlines()[0]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


Start = Callable[..., Command]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    commands: list[Command] = []

    def start(*arguments: str) -> Command:
        commands.append(Command(tmp_path / f"printed-{len(commands)}", *arguments))
        return commands[-1]

    yield start
    for command in commands:
        if command.process.poll() is None:
            os.killpg(command.process.pid, signal.SIGKILL)
            command.process.wait()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_command_gets_the_brokers_settings_and_its_exit_code_is_ours(start: Start) -> None:
    script = "import os, sys; print([v for v in os.environ if v.startswith('FRAUD_')]); sys.exit(7)"
    command = start("tools.devbroker", "--", sys.executable, "-c", script)
    assert command.process.wait(30) == 7
    for name in ("FRAUD_BROKER", "FRAUD_CREATE_TOPICS", "FRAUD_PARTITIONS"):
        assert f"'{name}'" in command.printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_child_in_order_and_leaves_nothing(
    start: Start, number: signal.Signals
) -> None:
    script = (
        "import os, signal, sys, time\n"
        "for n in (signal.SIGINT, signal.SIGTERM):\n"
        "    signal.signal(n, lambda n, _: (print('got', n, flush=True), sys.exit(0)))\n"
        "print('child', os.getpid(), flush=True)\n"
        "time.sleep(60)\n"
    )
    command = start("tools.devbroker", "--", sys.executable, "-c", script)
    child = int(command.wait_for("child "))
    assert command.end(number) == 0
    forwarded = signal.SIGINT if number is signal.SIGINT else signal.SIGTERM
    assert command.printed.count("got ") == 1
    assert f"got {forwarded.value}\n" in command.printed
    assert not is_alive(child)


def test_a_child_that_does_not_listen_is_killed_with_what_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    ignoring = f"trap '' TERM; sleep 600 & echo $! > {pid}; wait; sleep 600"

    def stop_when_it_ignores() -> None:
        # The child is there, so the signals are handled: this one does not end the tests.
        while not pid.exists() or not pid.read_text().endswith("\n"):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    stop = threading.Thread(target=stop_when_it_ignores)
    stop.start()
    assert run(["sh", "-c", ignoring], dict(os.environ), grace=0.5) == 128 + signal.SIGKILL
    stop.join()


def test_the_broker_alone_runs_until_it_is_stopped(start: Start) -> None:
    command = start("tools.devbroker", "--broker-only")
    address = command.wait_for("embedded broker on ").partition(",")[0]
    produce(address, "t", [b"x"])
    assert [record.value for record in read_topic(address, "t")] == [b"x"]
    assert command.end(signal.SIGTERM) == 0


def test_a_taken_port_is_said_with_what_to_do(start: Start) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command = start("tools.devbroker", "--web-port", str(port))
        assert command.process.wait(30) == 1
    (line,) = command.printed.splitlines()
    assert f"port {port} is taken" in line
    assert f"make run WEB_PORT={port + 1}" in line


def test_a_setting_that_cannot_be_used_is_all_that_is_said(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAUD_BROKER", "that of another day, and not used here")
    monkeypatch.setenv("FRAUD_APPROVAL_RATE", "2")
    command = start("tools.devbroker", "--web-port", str(free_port()))
    assert command.process.wait(30) == 1
    (line,) = command.printed.splitlines()
    assert line == "devbroker: FRAUD_APPROVAL_RATE is '2', but must be a number from 0 to 1"


def test_a_program_that_is_not_there_is_said_in_one_line(start: Start) -> None:
    command = start("tools.devbroker", "--", "no-such-program")
    assert command.process.wait(30) == 1
    assert command.printed.splitlines()[-1] == "devbroker: no such program: no-such-program"


@pytest.mark.usefixtures("can_run_kafka")
def test_a_real_kafka_runs_until_ctrl_c_and_keeps_its_data(start: Start, tmp_path: Path) -> None:
    port = free_port()
    for expected in ([b"1"], [b"1", b"2"]):
        command = start(
            "tools.devbroker.real", "--port", str(port), "--data", str(tmp_path / "kafka")
        )
        address = command.wait_for("Apache Kafka on ").partition(",")[0]
        assert address == f"127.0.0.1:{port}"
        by_name = AdminClient({"bootstrap.servers": f"localhost:{port}"})
        assert by_name.list_topics(timeout=10).brokers
        produce(address, "t", [expected[-1]], partition=0)
        assert [record.value for record in read_topic(address, "t")] == expected
        assert command.end(signal.SIGINT) == 0


@pytest.mark.usefixtures("can_run_kafka")
def test_a_real_kafka_says_which_port_is_taken(start: Start, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = start("tools.devbroker.real", "--port", port, "--data", str(tmp_path))
        assert command.process.wait(60) == 1
    assert command.printed.strip().endswith(f"port {port} is taken by another program")


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">/dev/full", "No space left on device"), ("| true", "Broken pipe")],
)
def test_an_output_that_takes_nothing_ends_it_in_one_line(redirection: str, reason: str) -> None:
    # `true` has ended by the time of the first line.
    command = f"(sleep 1; exec {sys.executable} -m tools.devbroker --broker-only) {redirection}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"devbroker: standard output cannot be written ({reason})\n"


def test_a_worker_ends_with_the_output_of_its_broker(tmp_path: Path) -> None:
    port = free_port()
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.devbroker", "--web-port", str(port)],
        cwd=ROOT,
        env={name: v for name, v in os.environ.items() if not name.startswith("FRAUD_")},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    try:
        with os.fdopen(reader, encoding="utf-8") as output:
            while "this broker serves one worker" not in output.readline():
                assert process.poll() is None
        # The line with the dashboard's address is still to come, once the worker answers.
        _, errors = process.communicate(timeout=90)
    finally:
        process.kill()
    assert process.returncode == 1
    last = errors.splitlines()[-1]
    assert last == "devbroker: standard output cannot be written (Broken pipe)"
    assert "[INFO] stopped" in errors
    assert not answers(port)

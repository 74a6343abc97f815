"""How a worker starts, and ends where it cannot: one line, and what signals do meanwhile."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from tests.topics import produce
from tests.worker import ROOT, Worker
from tools.devbroker import EmbeddedBroker, free_port

StartWorker = Callable[..., Worker]


@pytest.fixture
def start_worker(start_worker: StartWorker) -> StartWorker:
    """Executes an interpreter, which is what is tested here."""
    return partial(start_worker, forked=False)


def nowhere() -> dict[str, str]:
    """The environment of a worker whose broker is not there."""
    return {"FRAUD_BROKER": f"kafka://127.0.0.1:{free_port()}"}


def on(broker: EmbeddedBroker) -> dict[str, str]:
    """The environment of a worker on the embedded broker."""
    return {"FRAUD_BROKER": broker.url, "FRAUD_CREATE_TOPICS": "0"}


@contextmanager
def sigint_ignored() -> Iterator[None]:
    """What is started inside the block ignores SIGINT at first, like a shell's background job."""
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def wait_for(condition: Callable[[], bool], what: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def told(worker: Worker) -> list[str]:
    """What it wrote besides the events of the log."""
    return [line for line in worker.log.splitlines() if not re.match(r"\[\d", line)]


def wait_until_it_waits(worker: Worker) -> None:
    deadline = time.monotonic() + 60
    while "trying again" not in worker.log:
        assert worker.is_running, worker.log
        assert time.monotonic() < deadline, worker.log
        time.sleep(0.1)


def test_a_taken_web_port_ends_the_worker_in_one_line(start_worker: StartWorker) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        worker = start_worker(nowhere(), web_port=port)
        without_web = start_worker(nowhere(), web_port=port, arguments=["--without-web"])
        assert worker.wait(60) == 1
        (line,) = told(worker)
        assert line.startswith(f"fraud_app: port {port} of 127.0.0.1 is taken")
        # Without a web the port does not matter, and the brokers are next.
        wait_until_it_waits(without_web)


def test_a_web_host_of_another_machine_ends_the_worker_in_one_line(
    start_worker: StartWorker,
) -> None:
    worker = start_worker(nowhere() | {"FRAUD_WEB_HOST": "192.0.2.1"})
    assert worker.wait(60) == 1
    (line,) = told(worker)
    assert line.startswith("fraud_app: the web cannot be served on '192.0.2.1' (")


def test_a_worker_that_is_stopped_while_it_waits_says_so(start_worker: StartWorker) -> None:
    numbers = [signal.SIGINT, signal.SIGTERM]
    with sigint_ignored():
        workers = [start_worker(nowhere()) for _ in numbers]
    for worker, number in zip(workers, numbers, strict=True):
        wait_until_it_waits(worker)
        worker.send(number)
        assert worker.wait() == 128 + number
        assert told(worker) == [f"fraud_app: stopped by {number.name} before it had started"]


def test_sigint_stops_a_running_worker_also_where_it_was_ignored(
    embedded_broker: EmbeddedBroker, start_worker: StartWorker
) -> None:
    with sigint_ignored():
        worker = start_worker(on(embedded_broker))
    worker.wait_ready()
    worker.send(signal.SIGINT)
    assert worker.wait() == 0
    assert worker.log.splitlines()[-1].endswith("[INFO] stopped")


def test_sighup_reopens_the_log_file_and_does_nothing_else(
    embedded_broker: EmbeddedBroker, start_worker: StartWorker, tmp_path: Path
) -> None:
    log, rotated = tmp_path / "fraud.log", tmp_path / "fraud.log.1"
    with_file = start_worker(nowhere(), arguments=["--logfile", str(log)])
    without = start_worker(on(embedded_broker))
    # While it waits for a broker.
    wait_for(lambda: log.exists() and "trying again" in log.read_text("utf-8"))
    log.rename(rotated)
    with_file.send(signal.SIGHUP)
    wait_for(lambda: log.exists() and "trying again" in log.read_text("utf-8"))
    with_file.stop()
    # While it runs, with a log file and without one.
    names = ("APP_ID", "VERDICTS_TOPIC", "DEAD_LETTERS_TOPIC")
    other = {f"FRAUD_{name}": f"other-{name}" for name in names}
    running = start_worker(on(embedded_broker) | other, arguments=["--logfile", str(log)])
    running.wait_ready()
    without.wait_ready()
    wait_for(lambda: "started, web on" in log.read_text("utf-8"))
    log.rename(rotated)
    for worker in (running, without):
        worker.send(signal.SIGHUP)
    wait_for(lambda: log.exists() and "bank account for" in log.read_text("utf-8"))
    for worker in (running, without):
        assert worker.get("/health/live")[0] == 200
        assert worker.stop() == 0
    assert log.read_text("utf-8").endswith("[INFO] stopped\n")
    assert "starts: app id" not in log.read_text("utf-8")
    assert "starts: app id" in rotated.read_text("utf-8")


@pytest.mark.parametrize("form", ["human", "json"])
def test_a_log_file_that_cannot_be_written_ends_the_worker_in_one_line(
    start_worker: StartWorker, tmp_path: Path, form: str
) -> None:
    (tmp_path / "file").touch()
    # Faust refuses the path of a directory itself, with the usage.
    for path in (tmp_path / "file" / "log", tmp_path / "none" / "log"):
        environ = nowhere() | {"FRAUD_LOG_FORMAT": form}
        worker = start_worker(environ, arguments=["--logfile", str(path)])
        assert worker.wait(60) == 1
        (line,) = worker.log.splitlines()
        assert f"fraud_app: log file {path} cannot be written (" in line
        assert "choose another one with --logfile" in line


def test_a_data_directory_that_cannot_be_written_ends_the_worker_in_one_line(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "data"  # Faust refuses the file itself, with the usage
    worker = start_worker(nowhere(), datadir=path)
    assert worker.wait(60) == 1
    (line,) = told(worker)
    assert line.startswith(f"fraud_app: data directory {path} cannot be written (")


def run(environ: dict[str, str], *arguments: str, stderr: IO[bytes] | None = None) -> int:
    """The code of a command whose standard error is closed, or the given file."""
    others = {name: v for name, v in os.environ.items() if not name.startswith("FRAUD_")}
    command = [sys.executable, "-m", "faust", "-A", "fraud_app", *arguments]
    if stderr is None:
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    done = subprocess.run(
        command, cwd=ROOT, env=others | environ, stderr=stderr, check=False, timeout=120
    )
    return done.returncode


def test_a_closed_standard_error_changes_nothing_else(
    embedded_broker: EmbeddedBroker, start_worker: StartWorker, tmp_path: Path
) -> None:
    log = tmp_path / "fraud.log"
    worker = start_worker(
        on(embedded_broker), arguments=["--logfile", str(log)], closed_stderr=True
    )
    worker.wait_ready()
    wait_for(lambda: "bank account for" in log.read_text("utf-8"))
    assert worker.stop() == 0
    assert run(on(embedded_broker), "counts") == 0
    assert run(nowhere(), "counts") == 1


def test_a_full_device_does_not_stop_the_worker(
    embedded_broker: EmbeddedBroker, start_worker: StartWorker
) -> None:
    worker = start_worker(on(embedded_broker), arguments=["--logfile", "/dev/full"])
    worker.wait_ready()
    wait_for(lambda: worker.get("/verdicts/")[1]["total"] > 0)
    assert worker.stop() == 0
    assert worker.log.splitlines() == [
        "log file /dev/full cannot be written (No space left on device); lines are lost"
    ]


def test_the_producer_agent_is_announced_with_its_topic_and_setting(
    start_worker: StartWorker,
) -> None:
    by_default = start_worker(nowhere() | {"FRAUD_ACCOUNTS_TOPIC": "payments"})
    turned_off = start_worker(nowhere() | {"FRAUD_PRODUCE_SIZE": "0"})
    for worker in (by_default, turned_off):
        wait_until_it_waits(worker)
    line = "the producer agent writes fake accounts to topic payments: FRAUD_PRODUCE_SIZE=0"
    assert by_default.log.count(line) == 1
    assert "fake accounts" not in turned_off.log


def test_a_secret_with_a_line_end_is_a_warning_without_the_secret(
    start_worker: StartWorker,
) -> None:
    worker = start_worker(nowhere() | {"FRAUD_TOKEN_KEY": "hunter2\n", "FRAUD_WEB_TOKEN": "x2 "})
    wait_until_it_waits(worker)
    for name in ("FRAUD_TOKEN_KEY", "FRAUD_WEB_TOKEN"):
        assert worker.log.count(f"{name} ends in a blank or a line end, which is cut off") == 1
    assert "hunter2" not in worker.log


def test_a_log_file_holds_every_name_whatever_the_locale(
    embedded_broker: EmbeddedBroker, start_worker: StartWorker, tmp_path: Path
) -> None:
    log = tmp_path / "fraud.log"
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environ = on(embedded_broker) | locale | {"FRAUD_PRODUCE_SIZE": "0"}
    worker = start_worker(environ, arguments=["--logfile", str(log)])
    worker.wait_ready()
    card = "4111111111111111"
    account = {"FirstName": "José", "LastName": "L", "CreditCardNumber": card, "Amount": 1.0}
    produce(embedded_broker.address, "bankaccount", [json.dumps(account).encode()])
    wait_for(lambda: "bank account for José, " in log.read_text("utf-8"))
    assert worker.stop() == 0

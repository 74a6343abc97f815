"""`top` on a real Kafka: one picture for scripts, and a terminal that is watched."""

import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

from config import Settings
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand
from tests.raw_records import send_raw
from tests.topics import create_topic, produce
from tests.worker import ROOT
from tools.devbroker import KafkaServer

StartKafka = Callable[..., KafkaServer]
NO_WORKER = "http://127.0.0.1:1"
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


def command(broker: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("FRAUD_")}
    env |= {"FRAUD_BROKER": broker, "FRAUD_APP_ID": "top", "TERM": "xterm-256color"}
    return [
        sys.executable,
        "-m",
        "faust",
        "-A",
        "fraud_app",
        "top",
        "--url",
        NO_WORKER,
        *arguments,
    ], env


class Terminal:
    """A pseudo-terminal of 80 columns, and what the program at it has drawn since the last look."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self.process = process
        self.raw = b""

    def wait_for(self, text: str, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        begin = len(self.raw)
        while text not in _ESCAPES.sub(b"", self.raw[begin:]).decode(errors="replace"):
            assert time.monotonic() < deadline, self.raw[begin:].decode(errors="replace")[-3000:]
            assert self.process.poll() is None, self.raw.decode(errors="replace")
            self.raw += os.read(self._master, 65536)

    def drain(self) -> None:
        while True:
            try:
                more = os.read(self._master, 65536)
            except OSError:  # its other end is closed
                return
            if not more:
                return
            self.raw += more


@contextmanager
def at_a_terminal(arguments: list[str], env: dict[str, str]) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=env, stdin=slave, stdout=slave, stderr=slave, process_group=0
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def judged(kafka: KafkaServer) -> StreamByHand:
    settings = Settings(broker=kafka.url, app_id="top", partitions=2)
    for topic in (*settings.topics, "top-verdict_counts-changelog"):
        create_topic(kafka.bootstrap, topic, 2)
    produce(kafka.bootstrap, settings.accounts_topic, [b"x"] * 5, partition=1)
    stream = StreamByHand(settings)
    stream.judge(1, [0, 1], dead=[2], next_offset=3, row={"authorized": 2, "dead_letters": 1})
    return stream


def test_it_shows_what_happens_a_broker_that_is_away_and_ends_with_the_terminal_as_it_was(
    own_kafka: StartKafka, tmp_path: Path
) -> None:
    kafka = own_kafka()
    stream = judged(kafka)
    # What others wrote there is no verdict, whatever it holds.
    topic = Settings().verdicts_topic
    produce(kafka.bootstrap, topic, [b'{"verified_at":1e30,"id":1}', b'{"id":' * 100_000])
    send_raw(kafka.bootstrap, topic, 0, [(None, b"v", [(b"\xff\xfe", b"x")])])
    arguments, env = command(kafka.url)
    once = subprocess.run(
        [*arguments, "--once"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert (once.returncode, once.stderr) == (0, "")
    assert "Kafka answers" in once.stdout
    assert once.stdout.count("************5614") == 2, "the last verdicts"
    assert "no worker at http://127.0.0.1:1 (Connection refused)" in once.stdout
    assert "\x1b" not in once.stdout
    with at_a_terminal(arguments, env) as terminal:
        terminal.wait_for("authorized 2 (100.0 %)")
        terminal.wait_for("to be judged 2")
        stream.judge(1, [3], next_offset=5, row={"authorized": 2, "unauthorized": 1})
        terminal.wait_for("to be judged 0")
        kafka.stop()  # after a kill its start would wait for its own session to end
        terminal.wait_for("Kafka does not answer")
        terminal.wait_for("authorized 2 (66.7 %)")
        kafka.start()
        terminal.wait_for("Kafka answers")
        terminal.process.send_signal(signal.SIGINT)
        terminal.drain()
        assert terminal.process.wait(10) == 0, terminal.raw[-2000:]
        assert terminal.raw.count(b"\x1b[?1049h") == terminal.raw.count(b"\x1b[?1049l") == 1
        assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")


def test_without_a_terminal_it_says_what_to_do(kafka: Kafka) -> None:
    arguments, env = command(kafka.url)
    done = subprocess.run(arguments, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--once" in done.stderr

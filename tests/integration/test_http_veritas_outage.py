"""The verification service goes away in the middle of a stream on a real Kafka, and comes back."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devbroker import free_port
from tests.conftest import Kafka
from tests.integration.worker import ROOT, Worker

ACCOUNTS = 6_000


class Service:
    """`python -m veritas.server` on a port that it keeps over its restarts."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # The latency makes the stream last long enough for an outage in its middle.
        options = ["--port", str(self.port), "--latency", "0.1"]
        env = {name: v for name, v in os.environ.items() if not name.startswith("FRAUD_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "veritas.server", *options], cwd=ROOT, env=env
        )
        wait_for(self._answers, True)

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(10)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2):
                return True
        except OSError:
            return False


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    service.start()
    yield service
    service.kill()


def wait_for(ask: Callable[[], Any], expected: Any, timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while (answer := ask()) != expected:
        assert time.monotonic() < deadline, f"{answer!r}, not {expected!r}"
        time.sleep(0.2)


def total(worker: Worker) -> int:
    counts = worker.get("/verdicts/")[1]
    return int(counts["total"])


def test_an_outage_loses_nothing_and_moves_no_partition(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker], service: Service
) -> None:
    env = {
        "FRAUD_BROKER": kafka.url,
        "FRAUD_APP_ID": topic_prefix,
        "FRAUD_ACCOUNTS_TOPIC": f"{topic_prefix}-in",
        "FRAUD_VERDICTS_TOPIC": f"{topic_prefix}-out",
        "FRAUD_DEAD_LETTERS_TOPIC": f"{topic_prefix}-dead",
        "FRAUD_PRODUCE_SIZE": "0",
        "FRAUD_BATCH_RECORDS": "200",
        "FRAUD_VERITAS_URL": f"http://127.0.0.1:{service.port}",
        # Shorter than the outage, to see that heartbeats go on.
        "FRAUD_SESSION_TIMEOUT": "6",
        "FRAUD_HEARTBEAT_INTERVAL": "1",
    }

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "faust", "-A", "fraud_app", *command],
            cwd=ROOT,
            env=os.environ | env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    worker = start_worker(env)
    worker.wait_ready()
    assert run("produce", str(ACCOUNTS), "--seed", "1").returncode == 0
    wait_for(lambda: total(worker) > 0, True)

    assert service.stop() == 0
    wait_for(lambda: worker.get("/health/ready")[0], 503)
    assert "the verification service is unavailable" in str(worker.get("/health/ready")[1])
    time.sleep(1)
    judged = total(worker)
    assert 0 < judged < ACCOUNTS
    time.sleep(8)
    assert total(worker) == judged, "judged by guessing"
    assert worker.get("/health/ready")[0] == 503

    service.start()
    wait_for(lambda: worker.get("/health/ready")[0], 200)
    wait_for(lambda: total(worker), ACCOUNTS)
    assert worker.get("/verdicts/")[1]["dead_letters"] == 0
    assert "batching_rebalances_total 1.0" in worker.get("/metrics")[1]
    proof = run("reconcile")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert worker.stop() == 0

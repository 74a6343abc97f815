"""`make run`: verdicts flow on the embedded broker, and Ctrl-C leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from tools.devbroker import free_port
from tools.devbroker.ports import answers

ROOT = Path(__file__).parents[3]


def verdicts(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/verdicts/", timeout=10) as response:
        found: dict[str, Any] = json.load(response)
        return found


def test_verdicts_flow_within_30_seconds_and_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "log"
    # The tests run in an environment that is set up; what make adds to it is tried on its own.
    command = [sys.executable, "-m", "tools.devbroker", "--web-port", str(port)]
    with log.open("wb") as out:
        began = time.monotonic()
        make_run = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "FRAUD_PRODUCE_INTERVAL": "0.2"},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        seen = 0
        while seen < 3:
            assert make_run.poll() is None, log.read_text()
            assert time.monotonic() - began < 30, log.read_text()
            time.sleep(0.2)
            if answers(port):
                seen = verdicts(port)["total"]
        broker = re.search(r"embedded broker on 127.0.0.1:(\d+)", log.read_text())
        assert broker is not None
        os.killpg(make_run.pid, signal.SIGINT)
        assert make_run.wait(20) == 0
    finally:
        make_run.terminate()
        make_run.wait(30)
    assert not answers(port), "the worker is still there"
    assert not answers(int(broker[1])), "the broker is still there"
    text = log.read_text()
    assert f"dashboard: http://127.0.0.1:{port}/" in text
    assert "AUTHORIZED bank account for" in text
    assert "Traceback" not in text

"""The reference verification service as a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.worker import ROOT
from tools.devbroker import free_port


class Service:
    """`python -m tools.veritas_server` on a port that it keeps over its restarts.

    What it logs goes to `log_file`, or where the tests' own output goes.
    """

    def __init__(self, log_file: Path | None = None) -> None:
        self.port = free_port()
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str) -> None:
        """Start it with these options and wait until it answers; again after a stop."""
        env = {name: v for name, v in os.environ.items() if not name.startswith("FRAUD_")}
        with contextlib.ExitStack() as files:
            log = files.enter_context(self._log_file.open("ab")) if self._log_file else None
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tools.veritas_server", "--port", str(self.port), *options],
                cwd=ROOT,
                env=env,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline, "the service does not answer"
            time.sleep(0.1)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def kill(self) -> None:
        """End it, if it is there."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=2):
                return True
        except OSError:
            return False

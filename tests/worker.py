"""A Faust worker as a process of its own, as an operator would run it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol, Self

from tests.forked import ForkedProcess
from tools.devbroker import free_port

ROOT = Path(__file__).parents[1]
#: The app of the engine's own tests is `support.engine_app` in here.
APPS = str(ROOT / "packages" / "faust-transactions" / "tests")

#: Exit codes of a process whose C code crashed; nothing here sends these signals.
CRASHES = (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)


class Process(Protocol):
    """What is needed of a subprocess.Popen or a ForkedProcess."""

    pid: int

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """These variables on top of the tests' own less their FRAUD_ variables."""
    ours = {name: v for name, v in os.environ.items() if not name.startswith("FRAUD_")}
    # With the stacks of all threads in the log where C code crashes.
    own = {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1", "PYTHONPATH": APPS}
    return {**ours, **own, **env}


class Worker:
    """`faust -A <app> worker` with its own data directory, web port and log file.

    `env` goes on top of the environment less its FRAUD_ variables, `arguments` behind `worker`. As
    a context manager it is started at the beginning of the block and killed at its end if it is
    still there. It is executed, or, with `forked`, forked from a process that has imported it.
    """

    def __init__(
        self,
        directory: Path,
        env: Mapping[str, str],
        *,
        app: str = "fraud_app",
        web_port: int | None = None,
        level: str = "info",
        arguments: Sequence[str] = (),
        datadir: Path | None = None,
        closed_stderr: bool = False,
        forked: bool = False,
    ) -> None:
        self.directory = directory
        self.log_file = directory / "worker.log"
        self.web_port = web_port or free_port()
        self._app = app
        self._level = level
        self._arguments = arguments
        self.datadir = datadir or directory / "data"
        self._closed_stderr = closed_stderr
        self._forked = forked
        self.env = environment(env)
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def process(self) -> Process:
        assert self._process is not None, "the worker was not started"
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def log(self) -> str:
        """All it has written so far, that of earlier starts included."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it without waiting; again, on the same data directory, after it ended."""
        assert not self.is_running, "the worker is running"
        self.directory.mkdir(parents=True, exist_ok=True)
        arguments = ["-A", self._app, "--datadir", str(self.datadir)]
        arguments += ["worker", "-l", self._level, "--web-port", str(self.web_port)]
        arguments += self._arguments
        with self.log_file.open("ab") as log:
            if self._forked:
                self._process = ForkedProcess(arguments, self.env, stdout=log, stderr=log)
            else:
                self._process = self._execute(arguments, log)

    def _execute(self, arguments: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "faust", *arguments]
        if self._closed_stderr:
            command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_ready(self, timeout: float = 60.0, path: str = "/health/ready") -> None:
        """Wait until `path` answers 200. Fails with the log's end when the worker ends first."""
        deadline = time.monotonic() + timeout
        answer: object = "no answer"
        while time.monotonic() < deadline:
            if not self.is_running:
                raise AssertionError(f"worker ended with {self.process.returncode}: {self._tail()}")
            try:
                status, answer = self.get(path)
                if status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"worker not ready in {timeout:g} s ({answer!r}): {self._tail()}")

    def get(self, path: str, timeout: float = 10.0) -> tuple[int, Any]:
        """Status and body of a GET, the body decoded when it is JSON. OSError if unreachable."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout) as response:
                status, body = response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                status, body = error.code, error.read()
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body.decode(errors="replace")

    def metric(self, name: str) -> float:
        """The value of a metric that has no labels."""
        found = re.search(rf"^{name} (\S+)$", self.get("/metrics")[1], re.MULTILINE)
        assert found, f"no metric {name}"
        return float(found[1])

    @property
    def rebalances(self) -> int:
        """Assignments it got so far, the first included."""
        return int(self.metric("faust_transactions_rebalances_total"))

    def stop(self, timeout: float = 15.0) -> int:
        """SIGTERM; the exit code. Fails when the worker is still there after `timeout` s."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout: float = 15.0) -> int:
        """Wait until it ends by itself; the exit code."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not ended in {timeout:g} s: {self._tail()}") from None
        assert code not in CRASHES, f"crashed by signal {-code}: {self._tail()}"
        return code

    def kill(self) -> None:
        """kill -9, if it is there, paused or not."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send any signal."""
        self.process.send_signal(number)

    def pause(self) -> None:
        """SIGSTOP: it stands still until `cont`."""
        self.process.send_signal(signal.SIGSTOP)

    def cont(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def _tail(self) -> str:
        return "\n" + "\n".join(self.log.splitlines()[-40:])

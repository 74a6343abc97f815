"""The tests' side: a process that was forked for them, and a command that is run to its end."""

import contextlib
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).parents[2]


class ForkedProcess:
    """`python -m faust <arguments>` from the project's root; what subprocess.Popen offers of it.

    It is in a session of its own and reads nothing from standard input. The environment is `env`
    alone.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        *,
        stdout: IO[bytes],
        stderr: IO[bytes],
    ) -> None:
        self.args = arguments
        self.returncode: int | None = None
        request = json.dumps({"arguments": list(arguments), "env": dict(env)}).encode()
        status, writing = os.pipe()
        self._status = os.fdopen(status)
        try:
            files = [stdout.fileno(), stderr.fileno(), writing]
            socket.send_fds(_server().requests, [request], files)
        finally:
            os.close(writing)
        self.pid = int(self._status.readline() or self._no_server())

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; the exit code. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            self.returncode = int(self._status.readline() or self._no_server())
            self._status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send any signal; nothing where it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self.send_signal(signal.SIGKILL)

    def _no_server(self) -> str:
        self._status.close()
        raise RuntimeError("the fork server has ended")


def run(
    arguments: Sequence[str], env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it printed, as subprocess.run does."""
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        process = ForkedProcess(arguments, env, stdout=stdout, stderr=stderr)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
            process.wait()
        texts = (_text(each) for each in (stdout, stderr))
        return subprocess.CompletedProcess(arguments, code, *texts)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


class _Server:
    """The process that forks; one for each process of pytest."""

    def __init__(self) -> None:
        self.requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forked.server", str(theirs.fileno())],
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},  # children cannot have it later
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a Ctrl-C is for pytest, which ends this
            )

    def close(self) -> None:
        """It ends when nothing can come any more."""
        self.requests.close()
        self._process.wait(30)


@functools.cache
def _server() -> _Server:
    return _Server()


def close() -> None:
    """End the server, if one was started."""
    if _server.cache_info().currsize:
        _server().close()
        _server.cache_clear()

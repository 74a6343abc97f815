"""The process that has imported the program and forks: `python -m tests.forked.server <fd>`.

A request is a packet with arguments and environment, and with three files: standard output,
standard error, and the end of a pipe that gets the process id and, once it ended, the exit code.
"""

import ast
import faulthandler
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_LARGEST_REQUEST = 1 << 20


class Request(NamedTuple):
    """What a child is to become."""

    arguments: list[str]
    env: dict[str, str]
    stdout: int
    stderr: int


def import_program() -> None:
    """Import Faust's commands and what `fraud_app` imports, but not the app itself.

    That is made of the environment.
    """
    importlib.import_module("faust.cli.faust")
    for node in ast.parse((ROOT / "fraud_app.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            importlib.import_module(node.module)
        elif isinstance(node, ast.Import):
            for each in node.names:
                importlib.import_module(each.name)


class Server:
    """Forks a child for each request. One thread only, as there has to be where Python is forked.

    A status pipe gets the process id, then the exit code.
    """

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._waking, self._wake = os.pipe()
        for end in (self._waking, self._wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake)
        self._statuses: dict[int, int] = {}

    def serve(self) -> Request | None:
        """Return in each child with what it is to become; None when no request can come."""
        while True:
            requests = self._requests.fileno()
            ready, _, _ = select.select([requests, self._waking], [], [])
            if self._waking in ready:
                os.read(self._waking, 4096)
                self._report_ended()
            if requests in ready:
                message, files, _, _ = socket.recv_fds(self._requests, _LARGEST_REQUEST, 3)
                if not message:
                    self._kill_children()
                    return None
                stdout, stderr, status = files
                if self._fork(status):
                    return Request(**json.loads(message), stdout=stdout, stderr=stderr)
                for each in (stdout, stderr):
                    os.close(each)

    def _fork(self, status: int) -> bool:
        """Fork; whether this is the child."""
        pid = os.fork()
        if pid:
            self._statuses[pid] = status
            os.write(status, b"%d\n" % pid)
            return False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (self._waking, self._wake, status, *self._statuses.values()):
            os.close(each)
        return True

    def _kill_children(self) -> None:
        """Leave nothing behind, however pytest ended."""
        for pid in self._statuses:
            os.kill(pid, signal.SIGKILL)
        self._report_ended(wait=0)

    def _report_ended(self, wait: int = os.WNOHANG) -> None:
        for pid, status in list(self._statuses.items()):
            ended, code = os.waitpid(pid, wait)
            if ended:
                os.write(status, b"%d\n" % os.waitstatus_to_exitcode(code))
                os.close(self._statuses.pop(pid))


def become(request: Request) -> None:
    """Take on the request's streams, environment and arguments."""
    os.setsid()
    for target, file in enumerate((request.stdout, request.stderr), 1):
        os.dup2(file, target)
        os.close(file)
    os.environ.clear()
    os.environ.update(request.env)
    time.tzset()
    if request.env.get("PYTHONFAULTHANDLER"):
        faulthandler.enable()
    paths = request.env.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[1:1] = [path for path in paths if path]
    # In place: Faust's functions have this list as a default.
    sys.argv[:] = [_faust_main(), *request.arguments]
    sys.modules["__main__"].__package__ = "faust"  # by which it is named in the usage
    if "--datadir" in request.arguments:  # what Faust does when it is imported
        value = request.arguments[request.arguments.index("--datadir") + 1]
        os.environ["FAUST_DATADIR"] = value


def _faust_main() -> str:
    found = find_spec("faust.cli")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parents[1] / "__main__.py")


def main() -> None:
    """Serve until pytest ends; in a child, run Faust's command."""
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        import_program()
        gc.collect()
        gc.freeze()  # or each collection of a child would copy every page
        request = Server(requests).serve()
    if request is not None:
        become(request)
        importlib.import_module("faust.cli.faust").cli()


if __name__ == "__main__":
    main()

"""Follows the event stream of one worker's dashboard while `top` runs.

Only a worker knows the health of its engine and of the verification service, and the rates of the
last 15 minutes. `top` works without one.
"""

import http.client
import threading
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from cli.support.errors import CommandError
from cli.top.worker_snapshot import WorkerSnapshot, read_snapshot

_PATH = "/verdicts/stream?events=dashboard"
_CONNECT = 3.0
# A dashboard comes every 5 s at least.
_SILENCE = 20.0
_AGAIN = 2.0
#: Bytes of one line: a thousand partitions take a fifth of it.
_LONGEST_LINE = 1 << 20


class WorkerStream:
    """Follows the stream of the worker at `url` in a thread of its own, from `start` to `close`.

    Any failure is reported as a problem and retried every two seconds; nothing is raised. The token
    is sent to that address only: it follows no redirects and uses no proxy.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        """Raises CommandError when `url` is not a web address."""
        self.url = url
        self._address = _address(url)
        self._headers = {"Accept": "text/event-stream"}
        if token is not None:
            # http.client encodes headers as Latin-1.
            self._headers["Authorization"] = f"Bearer {token}".encode().decode("latin-1")
        self._state: tuple[WorkerSnapshot | None, str | None] = (None, "no answer yet")
        self._heard = threading.Event()
        self._stopped = threading.Event()

    @property
    def state(self) -> tuple[WorkerSnapshot | None, str | None]:
        """The last snapshot and None, or None and a few words on why there is none."""
        return self._state

    def start(self) -> None:
        """Start following; returns at once."""
        threading.Thread(target=self._run, name="worker's stream", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Wait for the first snapshot or the first failure."""
        self._heard.wait(seconds)

    def close(self) -> None:
        """Stop following. A call that waits for the worker ends with the process at the latest."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                problem = self._follow()
            except OSError as exc:
                problem = exc.strerror or str(exc) or type(exc).__name__
            except (http.client.HTTPException, ValueError):
                problem = "not the web server of a worker"
            self._set(None, problem)
            self._stopped.wait(_AGAIN)

    def _follow(self) -> str:
        """Read events until the stream ends; returns a few words on why it ended."""
        connection = self._connection()
        try:
            connection.connect()
            connection.sock.settimeout(_SILENCE)
            path = self._address.path.rstrip("/") + _PATH
            connection.request("GET", path, headers=self._headers)
            answer = connection.getresponse()
            if answer.status == http.HTTPStatus.UNAUTHORIZED:
                return "it needs a token: set FRAUD_WEB_TOKEN to the worker's"
            if answer.status != http.HTTPStatus.OK:
                return f"it answers {answer.status}"
            if answer.headers.get_content_type() != "text/event-stream":
                raise ValueError("no event stream")
            return self._take(answer)
        finally:
            connection.close()

    def _take(self, answer: http.client.HTTPResponse) -> str:
        event = ""
        while not self._stopped.is_set():
            line = answer.readline(_LONGEST_LINE)
            if not line:
                break
            name, _, value = line.rstrip(b"\n").partition(b": ")
            if name == b"event":
                event = value.decode(errors="replace")
            elif name == b"data" and event == "dashboard":
                found = read_snapshot(_document(value))
                self._set(found, None if found else "it is of another version")
            elif not name:
                event = ""
        return "it ended its stream"

    def _set(self, found: WorkerSnapshot | None, problem: str | None) -> None:
        self._state = (found, problem)
        self._heard.set()

    def _connection(self) -> http.client.HTTPConnection:
        secure = self._address.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(self._address.hostname or "", self._address.port, timeout=_CONNECT)


def _address(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        usable = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise CommandError(
            f"--url {url!r} is not a web address: write it like http://127.0.0.1:6066"
        )
    return address


def _document(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except ValueError:
        return None

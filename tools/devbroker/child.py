"""Runs one program as a child that ends with us, in order."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from tools.devbroker.signals import handling

_TICK = 0.2


def run(
    command: Sequence[str],
    env: Mapping[str, str],
    *,
    grace: float = 20.0,
    on_tick: Callable[[], None] = lambda: None,
) -> int:
    """Run `command` to its end and return its exit code, as a shell would say it.

    SIGINT and SIGTERM go on to the child, SIGHUP as SIGTERM; when it is still there `grace`
    seconds after the first, it and what it started are killed. `on_tick` is called a few times a
    second meanwhile; the child is stopped when it raises. Only from the main thread. Raises OSError
    when it cannot be started.
    """
    received: list[signal.Signals] = []
    forwarded = 0
    kill_at = float("inf")
    with handling(received.append):
        # A process group of its own: a Ctrl-C in the terminal reaches it once, from here.
        child = subprocess.Popen(command, env=env, process_group=0)
        try:
            while (code := _wait(child)) is None:
                on_tick()
                if received and not forwarded:
                    kill_at = time.monotonic() + grace
                for number in received[forwarded:]:
                    forwarded += 1
                    child.send_signal(signal.SIGTERM if number == signal.SIGHUP else number)
                if time.monotonic() > kill_at:
                    _kill_group(child)
        except BaseException:  # what on_tick raises
            _stop(child, grace)
            raise
        finally:
            _kill_group(child)  # what it may have left behind
    return code if code >= 0 else 128 - code


def _stop(child: subprocess.Popen[bytes], grace: float) -> None:
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(grace)


def _wait(child: subprocess.Popen[bytes]) -> int | None:
    try:
        return child.wait(_TICK)
    except subprocess.TimeoutExpired:
        return None


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # a group is named after its first process

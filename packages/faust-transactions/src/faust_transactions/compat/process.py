"""The end of a worker's process."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn

__all__ = ["end_process"]


def end_process(code: object) -> NoReturn:
    """End the process as ``sys.exit(code)`` would, but leave the interpreter as it is.

    While brokers are away, threads are left in calls of librdkafka and uvloop that do not return in
    time, and these call back into Python. Once the interpreter is gone, that crashes the process
    (CPython's ``PyGILState_Ensure`` has no answer for such threads before 3.14), after everything
    was stopped in order. Relies on ``threading._shutdown`` (waits for threads that are no daemons)
    and ``atexit._run_exitfuncs``, what the interpreter does first at its own end.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)  # noqa: T201 - as the interpreter does
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # None, a full disk or a reader that left
            continue
    os._exit(int(code or 0))

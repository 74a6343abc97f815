"""The end of a worker's process."""

import subprocess
import sys
from textwrap import dedent

import pytest

PROGRAM = """
    import atexit, sys, threading, time
    from faust_transactions.compat.process import end_process

    class Freed:
        def __del__(self):
            print("freed")

    kept = Freed()
    atexit.register(print, "at exit")
    threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    sys.stdout.write("begin\\n")
"""


def ended(code: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """A program that ended its process with this code."""
    program = dedent(PROGRAM) + f"{before}\nend_process({code})"
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(("code", "status"), [("0", 0), ("None", 0), ("3", 3), ("'why'", 1)])
def test_a_process_ends_as_by_sys_exit(code: str, status: int) -> None:
    found = ended(code)
    # What the interpreter does first, in order; but nothing is freed, as threads may still use it.
    assert found.stdout.splitlines() == ["begin", "thread", "at exit"]
    assert found.returncode == status
    assert found.stderr == ("why\n" if status == 1 else "")


def test_a_process_without_a_standard_output_ends_in_order() -> None:
    assert ended("4", "sys.stdout = sys.stderr = None").returncode == 4

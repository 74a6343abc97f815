"""SIGINT ends what tests start, also when the suite runs as a shell's background job."""

import subprocess
import sys

CHILD = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
PARENT = f"""
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
{{configure}}
print(subprocess.run([sys.executable, "-c", {CHILD!r}], capture_output=True, text=True).stdout)
"""


def child_has_the_default_handler(configure: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", PARENT.format(configure=configure)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip() == "True"


def test_a_child_of_the_suite_heeds_sigint_where_the_suite_was_started_without() -> None:
    assert not child_has_the_default_handler("")
    assert child_has_the_default_handler("import tests.brokers as b; b.pytest_configure()")

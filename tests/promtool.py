"""Prometheus' own checker, where this machine has it."""

import shutil
import subprocess

from tests.not_here import skip_or_fail


def promtool(*arguments: object, text: str | None = None) -> str:
    """Run it, with `text` as its input; what it printed.

    Fails the test when its exit code is not 0, which it is for a mere complaint too.
    """
    program = shutil.which("promtool")
    if program is None:
        skip_or_fail("REQUIRE_PROMTOOL", "no promtool (it is in Debian's package prometheus)")
    done = subprocess.run(
        [program, *map(str, arguments)],
        input=text,
        stdin=None if text is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr

"""Lines on the terminal while a test runs, captured or not."""

from collections.abc import Callable

import pytest


def announcer(config: pytest.Config) -> Callable[[str], None]:
    """A function that writes a line at once."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(line, flush=True)

    return say

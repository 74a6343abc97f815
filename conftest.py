"""What the tests of the application and those of the packages share."""

import signal

pytest_plugins = ("tests.brokers",)


def pytest_configure() -> None:
    """Undo what a shell does to its background jobs: it starts them with SIGINT ignored.

    What the tests start would inherit that, and no program without a handler could be interrupted.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

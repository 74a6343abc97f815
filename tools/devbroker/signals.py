"""The signals by which a person, a supervisor or a closing terminal ends a program."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """A stop signal came while nothing waited for one."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number)
        self.signal = number


@contextlib.contextmanager
def handling(handler: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Inside the block, call `handler` for each stop signal instead of ending the program.

    Also where the parent had them ignored, as a shell does for its background jobs. Only from the
    main thread.
    """
    before = {
        number: signal.signal(number, lambda n, _frame: handler(signal.Signals(n)))
        for number in STOP_SIGNALS
    }
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def wait_for_stop(goes_on: Callable[[], bool] = lambda: True) -> None:
    """Block until a stop signal comes or `goes_on`, asked a few times a second, says no."""
    received: list[signal.Signals] = []
    with handling(received.append):
        while not received and goes_on():
            time.sleep(0.2)


@contextlib.contextmanager
def stop_raises() -> Iterator[None]:
    """Inside the block a stop signal raises StopRequested, so that what was started is stopped."""

    def stop(number: signal.Signals) -> None:
        raise StopRequested(number)

    with handling(stop):
        yield

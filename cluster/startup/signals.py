"""Signals during the start, before Faust handles them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import logs


class StopSignal(BaseException):
    """Raised where a stop signal finds the main thread, as KeyboardInterrupt is."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)


@contextmanager
def handle_signals() -> Iterator[None]:
    """Raise StopSignal at SIGINT and SIGTERM inside the block; for the main thread.

    Also where the process inherited SIGINT as ignored, as a background job of a shell does.
    SIGHUP reopens the log file, after the block too: Faust has no handler for it.
    """
    received: list[int] = []

    def stop(number: int, _frame: object) -> None:
        received.append(number)
        raise StopSignal(number)

    signal.signal(signal.SIGHUP, lambda _number, _frame: logs.reopen_log_file())
    former = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except StopSignal:
        raise
    except BaseException:
        if received:  # compiled code that it was raised in may turn it into a SystemError
            raise StopSignal(received[0]) from None
        raise
    else:
        if received:  # or lose it
            raise StopSignal(received[0])
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)

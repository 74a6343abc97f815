"""What the tests do to Faust apps that Faust has no public way for. Checked on Faust 0.15.3."""

import faust

__all__ = ["close_unused_thread", "mark_stopping"]


def mark_stopping(app: faust.App) -> None:
    """Make ``app.should_stop`` true without stopping anything, as a signal does at first.

    ``app.stop()`` would stop an app that was never started. Relies on ``mode.Service._stopped``.
    """
    app._stopped.set()
    assert app.should_stop, "mode's should_stop does not look at _stopped any more"


def close_unused_thread(app: faust.App) -> None:
    """Close the loop of the consumer's thread, where one was made and never ran.

    Faust makes it when an agent starts, and closes it in the thread only. Relies on
    ``App._consumer`` and ``ThreadDelegateConsumer._thread``.
    """
    consumer = app._consumer
    if consumer is not None:
        consumer._thread.thread_loop.close()  # type: ignore[attr-defined]

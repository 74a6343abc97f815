"""A signal during the start, wherever it finds the main thread."""

import os
import signal

import pytest

from cluster.startup.signals import StopSignal, handle_signals


def compiled(*, loses_it: bool) -> None:
    """What compiled code makes of an exception that comes while it calls Python."""
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except StopSignal as exc:
        if not loses_it:
            raise SystemError("returned a result with an exception set") from exc


@pytest.mark.parametrize("loses_it", [False, True])
def test_a_signal_ends_the_start_whatever_compiled_code_makes_of_it(loses_it: bool) -> None:
    former = signal.getsignal(signal.SIGTERM)
    with pytest.raises(StopSignal) as ended, handle_signals():
        compiled(loses_it=loses_it)
    assert ended.value.signal is signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is former


def test_another_error_stays_what_it_is() -> None:
    with pytest.raises(SystemError), handle_signals():
        raise SystemError

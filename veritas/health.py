"""What calls say about the service: whether it is there, and if not, what is wrong with it.

Every call is told here; the breaker, `veritas.throttling`, `veritas.rejections` and
`veritas.blame` each draw their own conclusion. No sockets.
"""

import time
from typing import Final

from veritas.blame import Blame
from veritas.breaker import CLOSED, Breaker
from veritas.call import CallFailed, Failure, Question
from veritas.probes import Probes
from veritas.put_off import PutOff
from veritas.rejections import Rejections
from veritas.throttling import Throttling

UNAVAILABLE: Final = "the verification service is unavailable"
#: A Retry-After in answer to a probe is cut to this (s): one call a minute harms no service, and
#: that it is well again is noticed within that time.
LONGEST_SILENCE: Final = 60.0


class Health:
    """The service as this worker sees it."""

    def __init__(self, breaker: Breaker, throttling: Throttling, rejections: Rejections) -> None:
        self.breaker = breaker
        self.rejections = rejections
        self.blame = Blame()
        self.put_off = PutOff()
        self.probes = Probes()
        self._throttling = throttling
        self._trouble: tuple[Failure, str] | None = None

    @property
    def trouble(self) -> tuple[Failure, str] | None:
        """What keeps the breaker open, as a kind and as a line; None while it is closed."""
        return None if self.breaker.state == CLOSED else self._trouble

    @property
    def not_ready_reason(self) -> str | None:
        """Why nobody can be verified now, None while the service answers."""
        trouble = self.trouble
        return trouble and f"{UNAVAILABLE}: {trouble[1]}"

    def answered(self, permit: int, asked: Question, sent: float) -> None:
        """The account was authorized or declined; the question was sent then (monotonic, s)."""
        self.probes.answered = asked
        self.blame.answered(asked.key, sent)
        self.put_off.answered(asked.key)
        self.rejections.answered(sent)
        self._throttling.answered()
        self.breaker.succeeded(permit)

    def failed(
        self, permit: int, failure: CallFailed, asked: Question, sent: float, *, control: bool
    ) -> None:
        """The call failed; with `control` it was about an account that was answered before."""
        now = time.monotonic()
        if self._is_answer_enough(failure, asked, now, control=control):
            self._throttling.answered()
            self.breaker.succeeded(permit)
        elif self._is_news(failure, asked, sent, control=control):
            wait = min(failure.retry_after or 0.0, LONGEST_SILENCE)
            if self.breaker.failed(permit, wait):
                self._note(failure, control=control)
        elif failure.kind == "throttled" and self._throttling.put_off(now):
            self.breaker.trip(min(failure.retry_after or 0.0, LONGEST_SILENCE))
            self._note(failure, control=control)

    def rejects_everybody(self, rejection: CallFailed, *, control: bool) -> None:
        """A rejection that is not the account's fault: nobody is asked any more."""
        self.breaker.trip()
        self._note(rejection, control=control)

    def _is_answer_enough(
        self, failure: CallFailed, asked: Question, now: float, *, control: bool
    ) -> bool:
        """Whether a rejection shows that the service is there."""
        if failure.kind != "rejected" or control:
            return False
        self.blame.forget(asked.key)
        no_room = self.rejections.full
        believed = self.rejections.believes(asked.key, now)
        if self.breaker.state == CLOSED:
            return believed
        # Once somebody was answered, a service that is away must answer somebody to be back.
        return not no_room and self.probes.answered is None

    def _is_news(self, failure: CallFailed, asked: Question, sent: float, *, control: bool) -> bool:
        """Whether the failure says something about the service, and so is one for the breaker."""
        if failure.kind in ("throttled", "rejected"):
            # Where calls go through they say nothing; of a service that is away, that it still is.
            return self.breaker.state != CLOSED
        if not failure.may_be_the_account:
            return True
        if control:
            self.blame.control_failed(sent)
            return True
        return self.blame.failed(asked.key)

    def _note(self, failure: CallFailed, *, control: bool) -> None:
        """Say what is wrong, in a line to follow "unavailable:"."""
        if self.breaker.state != CLOSED:
            self.rejections.away(time.monotonic())
        line, unknown = str(failure), self.probes.answered is None
        if failure.kind == "throttled":
            line = f"{line}, and answers about nobody"
        elif failure.kind == "rejected" and control:
            line = f"{line} to everybody, also about an account that it had answered about"
        elif failure.kind == "rejected" and unknown:
            line = f"{line} to everybody since this worker started"
        elif failure.kind == "rejected":
            # About one who waits: what is known already says more.
            return
        elif failure.kind in ("error", "timeout") and unknown:
            line = (
                f"{line}; nobody was answered about yet, so it may lie with the account asked about"
            )
        self._trouble = failure.kind, line

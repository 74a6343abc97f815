"""Sends replays in portions, and stops when too many of them are dead letters again."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from rich.console import Console

from cli.dead_letters.letters import Letters
from cli.dead_letters.replay_outcomes import STALLED, Outcomes
from cli.dead_letters.replay_pace import Pace
from cli.dead_letters.replay_plan import Plan
from cli.support.errors import CommandError, Interrupted
from cli.support.interruption import interruption
from cli.support.numbers import dead_letters
from cli.support.progress import Advance, shown_progress
from cli.support.sender import Outgoing, Sender, Sent
from config import Settings


@dataclass(frozen=True)
class Replaying:
    """How to send: stop above this share of dead letters, and at most so many records a second."""

    max_failed: float
    rate: float | None = None

    @property
    def watches(self) -> bool:
        """Whether it waits for what becomes of them."""
        return Pace(self.max_failed).watches


def send(
    settings: Settings, letters: Letters, plan: Plan, how: Replaying, console: Console
) -> Sent:
    """Send the planned letters and say how many were acknowledged, and how many failed again.

    Raises CommandError when too many failed, or when what was sent is not judged; ClusterError;
    Interrupted.
    """
    with interruption() as asked, shown_progress(console, "replayed") as advance:
        sending = _Sending(settings, plan, how, asked)
        try:
            sending.run(_outgoing(letters, plan), advance)
        finally:
            _report(sending, settings.accounts_topic, console)
    if asked.is_set():
        raise Interrupted
    return sending.sent


class _Sending:
    """One replay."""

    def __init__(
        self, settings: Settings, plan: Plan, how: Replaying, stop: threading.Event
    ) -> None:
        self.failed: Counter[str] = Counter()
        self._pace = Pace(how.max_failed)
        self._outcomes = Outcomes(settings, plan.was_sent) if how.watches else None
        self._sender = Sender(settings, settings.accounts_topic)
        self._plan = plan
        self._rate = how.rate
        self._stop = stop

    @property
    def sent(self) -> Sent:
        """What was sent so far."""
        return self._sender.sent

    def run(self, records: Iterator[Outgoing], advance: Advance) -> None:
        """Send all, portion by portion. Raises CommandError."""
        if self._outcomes is None:
            self._send(records, advance)
            return
        while not self._stop.is_set():
            before = self.sent.acknowledged
            taken = self._plan.taken
            self._send(islice(records, self._pace.portion), advance)
            if self._plan.taken == taken or self._sender.has_given_up:
                return
            self._look(self._outcomes, self.sent.acknowledged - before)

    def _send(self, records: Iterable[Outgoing], advance: Advance) -> None:
        if self._rate is not None:
            records = paced(records, self._rate, self._stop)
        self._sender.send(
            records,
            progress=lambda so_far: advance(so_far.acknowledged, len(self._plan)),
            stop=self._stop.is_set,
        )

    def _look(self, outcomes: Outcomes, sent: int) -> None:
        judged = outcomes.wait(self.sent.ends, self._stop)
        codes = outcomes.failed()
        self.failed += codes
        left = len(self._plan) - self._plan.taken
        if not judged and not self._stop.is_set():
            raise CommandError(
                f"stopped: no record was judged for {STALLED:.0f} s, so it is not known what "
                f"becomes of those that were sent; {left:,} not sent. Look at the workers "
                "(/health/ready); the same command again sends the rest"
            )
        if self._pace.is_too_many(codes.total(), sent):
            raise CommandError(
                f"stopped: of the last {sent:,} sent, {codes.total():,} are dead letters again "
                f"({_listed(codes)}); {left:,} not sent. Fix the cause first: --dry-run says what "
                "would become of them"
            )


def paced(records: Iterable[Outgoing], rate: float, stop: threading.Event) -> Iterator[Outgoing]:
    """The records, one each 1/`rate` seconds; ends when `stop` is set."""
    due = time.monotonic()
    for record in records:
        if stop.wait(max(0.0, due - time.monotonic())):
            return
        due = max(due + 1 / rate, time.monotonic())
        yield record


def _outgoing(letters: Letters, plan: Plan) -> Iterator[Outgoing]:
    for letter, record in letters.with_records():
        one = plan.take(letter)
        if one is not None:
            yield Outgoing(record.value(), record.key(), headers=[*one.headers()])
            if plan.taken == len(plan):
                return


def _report(sending: _Sending, topic: str, console: Console) -> None:
    sent = sending.sent
    console.print(
        f"{dead_letters(sent.acknowledged)} acknowledged in topic {topic}", highlight=False
    )
    for why, number in sent.failed.most_common():
        console.print(f"{number:,} failed: {why}", highlight=False, markup=False)
    if sending.failed:
        line = f"{sending.failed.total():,} became dead letters again: {_listed(sending.failed)}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _listed(codes: Counter[str]) -> str:
    return ", ".join(f"{code} {number:,}" for code, number in codes.most_common())

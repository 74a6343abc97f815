"""From the records of a batch to its verdicts and dead letters. No Kafka, no Faust."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from faust_transactions import SourceRecord

from agents.stage_timer import StageTimer
from records import BankAccount, DeadLetter, PartitionCounts, Undecodable, decode
from records.card import is_card_amount, mask
from records.replay import replay_in
from records.token import key_id, token
from records.verdict import encode
from rules import answered, screen
from veritas import Result, Unanswered, Veritas

__all__ = ["STAGES", "Judge", "Judgement"]

#: What a batch goes through: bytes to accounts, the rules, Veritas, verdicts to bytes.
STAGES = ("decode", "screen", "verify", "encode")

Reasons = tuple[str, ...]


@dataclass(slots=True)
class Judgement:
    """Outcome of one batch: each record is in exactly one of the two lists."""

    next_offset: int
    #: Key (the account token) and value of each verdict, in the order of the accounts.
    verdicts: list[tuple[bytes, bytes]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    #: The judged accounts and the reasons against them, for the log.
    accounts: list[tuple[BankAccount, Reasons]] = field(default_factory=list)
    authorized: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    #: Seconds that the batch spent in each of `STAGES`.
    seconds: dict[str, float] = field(default_factory=dict)

    def count(self) -> None:
        """Bring `authorized` and `reasons` up to date with `accounts`."""
        # By whole outcomes first: there are few, and counting them is one call.
        outcomes = Counter(reasons for _, reasons in self.accounts)
        self.authorized = outcomes.pop((), 0)
        self.reasons = Counter()
        for reasons, number in outcomes.items():
            for reason in reasons:
                self.reasons[reason] += number

    @property
    def unauthorized(self) -> int:
        """Verdicts with at least one reason."""
        return len(self.verdicts) - self.authorized

    @property
    def codes(self) -> Counter[str]:
        """Dead letters by code."""
        return Counter(letter.code for letter in self.dead_letters)

    def added_to(
        self, row: PartitionCounts, *, invalid_window: str, worker: str, key: str, now: int
    ) -> PartitionCounts:
        """The partition's row once this batch is committed; ``now`` in ms since the epoch."""
        return PartitionCounts(
            authorized=row.authorized + self.authorized,
            unauthorized=row.unauthorized + self.unauthorized,
            dead_letters=row.dead_letters + len(self.dead_letters),
            next_offset=max(row.next_offset, self.next_offset),
            reasons=dict(Counter(row.reasons) + self.reasons),
            codes=dict(Counter(row.codes) + self.codes),
            worker=worker,
            updated_at=now,
            invalid_window=invalid_window,
            key=key,
        )


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def account_of(value: bytes | None) -> BankAccount | Undecodable:
    """The account in these bytes, or why there is none that a verdict may repeat."""
    account = decode(value)
    if isinstance(account, BankAccount) and is_card_amount(account.amount):
        return Undecodable("field_type", "Amount is a card number")
    return account


class Case:
    """One record of a batch while it is judged: an account and its reasons, or why it is unjudged.

    ``account`` is there unless ``unjudged`` says why not.
    """

    __slots__ = ("account", "reasons", "record", "unjudged")

    account: BankAccount

    def __init__(self, record: SourceRecord, decoded: BankAccount | Undecodable) -> None:
        self.record = record
        self.reasons: Reasons = ()
        self.unjudged: Undecodable | Unanswered | None = None
        if isinstance(decoded, BankAccount):
            self.account = decoded
        else:
            self.unjudged = decoded

    def screen(self) -> bool:
        """Apply the rules; True when Veritas is to be asked."""
        if self.unjudged is not None:
            return False
        self.reasons = screen(self.account)
        return not self.reasons

    def close(self, result: Result) -> None:
        """Take Veritas' answer, or its absence."""
        if isinstance(result, Unanswered):
            self.unjudged = result
        else:
            self.reasons = answered(result)


class Judge:
    """Judges batches: screen, ask Veritas, write verdicts and dead letters.

    ``token_key`` is the key of the account token, ``clock`` gives ms since the epoch.
    """

    def __init__(
        self, veritas: Veritas, token_key: bytes, clock: Callable[[], int] = now_ms
    ) -> None:
        self._veritas = veritas
        self._token_key = token_key
        #: The id of the token key, for rows; verdicts have it too.
        self.key_id = key_id(token_key)
        self._clock = clock

    async def __call__(
        self,
        topic: str,
        partition: int,
        records: Sequence[SourceRecord],
        decoded: Sequence[BankAccount | Undecodable],
    ) -> Judgement:
        """Judge records of one partition, in order; ``decoded`` is what each of them is.

        Waits while Veritas is unavailable and guesses nothing; can be cancelled. What is not an
        account becomes a dead letter, as does an account that Veritas will not answer about.
        """
        judgement = Judgement(records[-1].offset + 1 if records else 0)
        timer = StageTimer()
        cases = [Case(*each) for each in zip(records, decoded, strict=True)]
        open_cases = [case for case in cases if case.screen()]
        timer.end("screen")
        results = await self._veritas.verify([case.account for case in open_cases])
        for case, result in zip(open_cases, results, strict=True):
            case.close(result)
        timer.end("verify")
        self._write(judgement, topic, partition, cases)
        judgement.count()
        timer.end("encode")
        judgement.seconds = timer.seconds
        return judgement

    def _write(
        self, judgement: Judgement, topic: str, partition: int, cases: Sequence[Case]
    ) -> None:
        """Add the verdict or dead letter of each case, in order."""
        now, key = self._clock(), self.key_id
        for case in cases:
            if case.unjudged is not None:
                judgement.dead_letters.append(
                    _dead_letter(topic, partition, case.record, case.unjudged, now)
                )
                continue
            account, reasons = case.account, case.reasons
            card = account.credit_card_number
            name = token(card, self._token_key)
            amount, offset = account.amount, case.record.offset
            value = encode(topic, partition, offset, name, mask(card), amount, reasons, now, key)
            judgement.verdicts.append((name.encode(), value))
            judgement.accounts.append((account, reasons))


def _dead_letter(
    topic: str,
    partition: int,
    record: SourceRecord,
    unjudged: Undecodable | Unanswered,
    now: int,
) -> DeadLetter:
    return DeadLetter(
        key=record.key,
        value=record.value,
        code=unjudged.code,
        detail=unjudged.detail,
        topic=topic,
        partition=partition,
        offset=record.offset,
        failed_at=now,
        replay=replay_in(record.headers, topic) if record.headers else None,
    )

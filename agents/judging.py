"""From the records of a batch to what is to be written about them. No Kafka, no Faust."""

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
from veritas import Unanswered, Veritas

__all__ = ["STAGES", "Judge", "Judgement"]

#: What a batch goes through: bytes to accounts, the rules, Veritas, verdicts to bytes.
STAGES = ("decode", "screen", "verify", "encode")

Reasons = tuple[str, ...]


@dataclass(slots=True)
class Judgement:
    """What became of the records of one batch, each of them in exactly one of the two lists."""

    next_offset: int
    #: Key (the account token) and value of each verdict, in the order of the accounts.
    verdicts: list[tuple[bytes, bytes]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    #: Who was judged and what spoke against it: for the log.
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
    """The account that these bytes are and that a verdict may speak of, or why there is none."""
    account = decode(value)
    if isinstance(account, BankAccount) and is_card_amount(account.amount):
        return Undecodable("field_type", "Amount is a card number")
    return account


class Judge:
    """Judges batches: screen, ask Veritas, write the verdict down.

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

        Waits as long as Veritas is unavailable, nothing is judged by guessing; can be cancelled.
        An account that Veritas will not answer about becomes a dead letter, as does what is no
        account.
        """
        judgement = Judgement(records[-1].offset + 1 if records else 0)
        timer = StageTimer()
        screened = [screen(each) if isinstance(each, BankAccount) else () for each in decoded]
        timer.end("screen")
        asked = [
            each
            for each, reasons in zip(decoded, screened, strict=True)
            if isinstance(each, BankAccount) and not reasons
        ]
        results = iter(await self._veritas.verify(asked))
        timer.end("verify")
        now = self._clock()
        for record, each, refused in zip(records, decoded, screened, strict=True):
            if not isinstance(each, BankAccount):
                judgement.dead_letters.append(
                    self._dead(topic, partition, record, each.code, each.detail, now)
                )
                continue
            reasons: Reasons = refused
            if not refused:
                result = next(results)
                if isinstance(result, Unanswered):
                    judgement.dead_letters.append(
                        self._dead(topic, partition, record, result.code, result.detail, now)
                    )
                    continue
                reasons = answered(result)
            account = token(each.credit_card_number, self._token_key)
            card = mask(each.credit_card_number)
            judgement.verdicts.append(
                (
                    account.encode(),
                    encode(
                        topic,
                        partition,
                        record.offset,
                        account,
                        card,
                        each.amount,
                        reasons,
                        now,
                        self.key_id,
                    ),
                )
            )
            judgement.accounts.append((each, reasons))
        judgement.count()
        timer.end("encode")
        judgement.seconds = timer.seconds
        return judgement

    @staticmethod
    def _dead(
        topic: str, partition: int, record: SourceRecord, code: str, detail: str, now: int
    ) -> DeadLetter:
        return DeadLetter(
            key=record.key,
            value=record.value,
            code=code,
            detail=detail,
            topic=topic,
            partition=partition,
            offset=record.offset,
            failed_at=now,
            replay=replay_in(record.headers, topic) if record.headers else None,
        )

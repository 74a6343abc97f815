"""The verification agent: a batch of accounts in, verdicts and dead letters out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import faust
from faust_transactions import Batch, Transactions

from agents.clock import now_ms
from agents.judgement import Judgement
from agents.judging import Judge
from agents.limit import InvalidLimit
from agents.stage_timer import StageTimer
from records.codec.account import account_of

__all__ = ["verification"]

Agent = Callable[[faust.StreamT[Any]], AsyncIterator[int]]


def verification(
    *,
    transactions: Transactions,
    limit: InvalidLimit,
    judge: Judge,
    rules_ready: Callable[[], Awaitable[None]],
    verdicts_topic: str,
    dead_letters_topic: str,
    worker: Callable[[], str],
    reports: Sequence[Callable[[Judgement], None]],
) -> Agent:
    """Make the agent.

    ``rules_ready`` waits until it is known which rules to judge by. ``worker`` returns this
    worker's name; each of ``reports`` gets the judgement of every committed batch.
    """

    async def verify(batch: Batch) -> None:
        async with transactions.begin(batch) as tx:
            await rules_ready()
            timer = StageTimer()
            decoded = [account_of(record.value) for record in tx.records]
            timer.end("decode")
            judgement = await judge(tx.topic, tx.partition, tx.records, decoded)
            while (invalid_window := await limit(tx, judgement.dead_letters)) is None:
                judgement = await judge(tx.topic, tx.partition, tx.records, decoded)
            judgement.seconds |= timer.seconds
            tx.send_all(verdicts_topic, judgement.verdicts)
            for letter in judgement.dead_letters:
                tx.send(dead_letters_topic, letter.value, letter.key, headers=letter.headers())
            tx.state = judgement.added_to(
                tx.state,
                invalid_window=invalid_window,
                worker=worker(),
                key=judge.key_id,
                now=now_ms(),
            )
        if tx.committed:
            for report in reports:
                report(judgement)

    async def verify_accounts(batches: faust.StreamT[Any]) -> AsyncIterator[int]:
        """Verify bank accounts: one verdict or one dead letter for each, in one transaction."""
        batch: Batch
        async for batch in batches:
            # A function of its own, so that its locals are freed while the actor waits: there are
            # two actors for each partition.
            await verify(batch)
            yield len(batch)

    return verify_accounts

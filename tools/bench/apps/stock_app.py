"""The stream's work as Faust's documentation shows it: a record at a time, default settings.

It stands for what a project gets without the engine. Agent, topics and table are those of Faust's
user guide (https://faust-streaming.github.io/faust/); `events()` instead of the plain values as the
verdict needs partition and offset. Screening, verification, token and verdict are the stream's own,
so that only the way of a record through the program differs.

It promises less: at least once, and it is not prepared for faults. A verdict sent is not awaited,
a record that cannot be decoded is lost with a log line, and the counts can be wrong after a crash.
"""

from collections.abc import AsyncIterator
from time import time_ns

import faust

from config import Settings
from records import BankAccount, Verdict, record_id
from records.card import digits, mask
from records.token import token
from rules.given import given_fields
from rules.versions.active import builtin
from veritas import SimulatedVeritas

settings = Settings.load()
KEY = settings.token_key_bytes
rules = builtin()
veritas = SimulatedVeritas(settings.approval_rate, settings.veritas_seed)

app = faust.App(
    settings.app_id,
    broker=settings.broker,
    topic_partitions=settings.partitions,
)
accounts = app.topic(settings.accounts_topic, value_type=BankAccount)
verdicts = app.topic(settings.verdicts_topic, value_type=Verdict)
# By source partition: a row keyed by the outcome alone would have a writer for each partition.
counts = app.Table("verdict_counts", default=int)


@app.agent(accounts)
async def verify(stream: faust.StreamT[BankAccount]) -> AsyncIterator[None]:
    """Judge each account, send its verdict, count it."""
    async for event in stream.events():
        verdict = await judged(event.value, event.message)
        # As in the guide, which awaits that the verdict is buffered, not that it is delivered.
        await verdicts.send(  # type: ignore[unused-awaitable]
            key=verdict.account, value=verdict, partition=verdict.partition
        )
        counts[f"{verdict.partition}/{verdict.outcome}"] += 1
        yield


async def judged(account: BankAccount, message: faust.types.Message) -> Verdict:
    """The verdict on the account that came in this message."""
    card, name = account.credit_card_number, token(account.credit_card_number, KEY)
    given = given_fields(account, digits(card), name, int((message.timestamp or 0) * 1000))
    fired = rules.compiled.before(*given)
    asks = rules.compiled.needs_veritas(fired, given)
    answer = veritas.answer(account).authorized if asks else None
    decision = rules.compiled.decide(fired, answer)
    return Verdict(
        id=record_id(message.topic, message.partition, message.offset),
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        account=name,
        card=mask(card),
        amount=account.amount,
        authorized=decision.outcome == "authorized",
        reasons=decision.reasons,
        verified_at=time_ns() // 1_000_000,
        outcome=decision.outcome,
        score=decision.score,
        rules=rules.version,
        veritas=answer,
    )

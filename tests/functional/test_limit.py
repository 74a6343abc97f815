"""A partition that gets too many dead letters is held; no broker, transactions in memory."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import faust
import pytest
from faust_transactions import Batch
from faust_transactions.testing import StoredRecord

from tests.functional.test_verification import GOOD, Stream, batch

BAD = b"no account"


async def judged(stream: Stream, *batches: Batch) -> asyncio.Task[None]:
    """The agent at work on these batches, as far as it comes: to their end, or to a wait."""

    async def incoming() -> AsyncIterator[Batch]:
        for each in batches:
            yield each

    async def work() -> None:
        async for _ in stream.results(incoming()):
            pass

    task = asyncio.create_task(work())
    while stream.limit.not_ready_reason is None:
        done, _ = await asyncio.wait({task}, timeout=0.01)
        if done:
            break
    return task


async def given_up(task: asyncio.Task[None]) -> None:
    """What the engine does when the partition is revoked or the worker stops."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def held(stream: Stream, partition: int) -> float | None:
    return stream.registry.get_sample_value("fraud_partition_held", {"partition": str(partition)})


def offsets(stream: Stream) -> list[int]:
    headers = [dict(output[4] or []) for output in stream.transactions.written]
    return [int(str(each["offset"])) for each in headers]


def mixed(pattern: str, *, offset: int = 0) -> Batch:
    """One record for each letter: b is bad, anything else good."""
    return batch(*(BAD if each == "b" else GOOD for each in pattern), offset=offset)


async def test_one_invalid_record_too_many_holds_the_batch_and_nothing_is_written(
    app: faust.App, caplog: pytest.LogCaptureFixture
) -> None:
    stream = Stream(app)
    before = await judged(stream, mixed("b" * 300), mixed("g" * 10 + "b" * 200, offset=300))
    await before
    assert (stream.limit.not_ready_reason, held(stream, 3)) == (None, 0)
    row, written = stream.transactions.states[3], len(stream.transactions.written)
    assert written == 510

    task = await judged(stream, mixed("ggbbgg", offset=510))
    assert (
        stream.limit.not_ready_reason
        == "partition 3 is held: 501 of its last 1,000 records are dead letters"
    )
    assert stream.limit.health == ("bad", stream.limit.not_ready_reason)
    assert held(stream, 3) == 1
    assert stream.transactions.states[3] is row
    assert len(stream.transactions.written) == written
    [line] = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert line == (
        "bankaccount-3 is held at offset 512: 501 of its last 1,000 records are dead letters, and "
        "FRAUD_MAX_INVALID_RATIO=0.5 allows 500. Codes: not_json 2; before this batch: "
        "not_json 500. Nothing from offset 510 on is committed. Check what is sent to the topic "
        "and, for veritas codes, the verification service; when that is fixed, let it go on: "
        "faust -A fraud_app partitions release 3"
    )

    await given_up(task)
    assert stream.limit.not_ready_reason is None
    assert stream.limit.health[0] == "ok"
    assert held(stream, 3) is None
    assert stream.transactions.states[3] is row


async def test_who_takes_the_partition_over_holds_it_too(app: faust.App) -> None:
    stream = Stream(app)
    await given_up(await judged(stream, mixed("b" * 500), mixed("b" * 100, offset=500)))
    assert stream.transactions.states[3].next_offset == 500
    task = await judged(stream, mixed("b", offset=500))
    assert stream.limit.not_ready_reason is not None
    await given_up(task)


async def test_another_partition_goes_on(app: faust.App) -> None:
    stream = Stream(app)
    task = await judged(stream, mixed("b" * 501))
    await anext(stream.results(one(batch(GOOD, BAD, partition=1))))
    assert stream.transactions.states[1].next_offset == 2
    assert (held(stream, 1), held(stream, 3)) == (0, 1)
    await given_up(task)


async def one(only: Batch) -> AsyncIterator[Batch]:
    yield only


async def test_valid_records_make_room_for_invalid_ones(app: faust.App) -> None:
    stream = Stream(app)
    parts: Sequence[str] = ["b" * 500, "g" * 500, "bg" * 250, "b" * 250]
    start = 0
    for part in parts:
        await (await judged(stream, mixed(part, offset=start)))
        start += len(part)
    assert stream.transactions.states[3].next_offset == start
    assert stream.transactions.states[3].dead_letters == 1_000


async def test_it_is_held_in_the_middle_of_a_batch_that_ends_well(app: faust.App) -> None:
    stream = Stream(app)
    task = await judged(stream, mixed("b" * 501 + "g" * 1_000))
    assert stream.limit.not_ready_reason is not None
    await given_up(task)
    assert stream.transactions.commits == 0


async def test_a_healthy_partition_keeps_an_empty_window(app: faust.App) -> None:
    stream = Stream(app)
    await (await judged(stream, mixed("ggg")))
    assert stream.transactions.states[3].invalid_window == ""
    await (await judged(stream, mixed("bgbg", offset=3)))
    assert stream.transactions.states[3].invalid_window == "a"
    await (await judged(stream, mixed("g" * 1_000, offset=7)))
    assert stream.transactions.states[3].invalid_window == ""


@pytest.mark.parametrize("name", ["Rejected", "Failed"])
async def test_a_service_that_rejects_or_fails_everything_holds_the_partition(
    app: faust.App, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    stream = Stream(app)
    account = GOOD | {"FirstName": name}
    await (await judged(stream, mixed("b" * 250), batch(*[account] * 250, offset=250)))
    task = await judged(stream, batch(GOOD, account, offset=500))
    assert stream.limit.not_ready_reason is not None
    assert stream.transactions.states[3].next_offset == 500
    assert f"Codes: veritas_{name.lower()} 1; before this batch: " in caplog.text
    await given_up(task)


async def test_an_unauthorized_account_does_not_count(app: faust.App) -> None:
    stream = Stream(app, max_invalid_ratio=0.0)
    await (await judged(stream, batch(GOOD | {"Amount": -1}, GOOD | {"FirstName": "Declined"})))
    assert stream.transactions.states[3].invalid_window == ""
    task = await judged(stream, batch(BAD, offset=2))
    assert stream.limit.not_ready_reason is not None
    await given_up(task)


async def test_a_ratio_of_one_lets_everything_pass_and_forgets_it(app: faust.App) -> None:
    stream = Stream(app)
    await (await judged(stream, mixed("b" * 500)))
    off = Stream(app, max_invalid_ratio=1.0, name="verification-without-limit")
    off.transactions.states[3] = stream.transactions.states[3]
    await (await judged(off, mixed("b" * 3_000, offset=500)))
    assert off.transactions.states[3].dead_letters == 3_500
    # With the limit back, what was let through deliberately does not hold the partition.
    stream.transactions.states[3] = off.transactions.states[3]
    await (await judged(stream, mixed("b" * 500, offset=3_500)))
    assert stream.transactions.states[3].dead_letters == 4_000


def replays(pattern: str, *, offset: int) -> Batch:
    """As `mixed`, of records that were sent back."""
    headers = (("replay_of", b"bankaccount-3-7"), ("replay_count", b"1"))
    records = [
        StoredRecord(each.offset, each.value, each.key, headers=headers)
        for each in mixed(pattern, offset=offset).records
    ]
    return Batch("bankaccount", 3, records)


async def test_replays_that_fail_again_do_not_hold_the_partition(app: faust.App) -> None:
    stream = Stream(app)
    for part in (mixed("b" * 500), replays("b" * 5_000, offset=500)):
        await (await judged(stream, part))
    assert stream.transactions.states[3].dead_letters == 5_500
    assert (stream.limit.not_ready_reason, held(stream, 3)) == (None, 0)
    # What producers send counts as before.
    task = await judged(stream, mixed("b", offset=5_500))
    assert stream.limit.not_ready_reason is not None
    await given_up(task)


async def test_replays_that_are_judged_do_not_make_room_for_invalid_records(
    app: faust.App, caplog: pytest.LogCaptureFixture
) -> None:
    stream = Stream(app)
    for part in (mixed("b" * 500), replays("g" * 1_000, offset=500)):
        await (await judged(stream, part))
    mix = [*replays("gg", offset=1_500).records, *mixed("gb", offset=1_502).records]
    task = await judged(stream, Batch("bankaccount", 3, mix))
    assert stream.limit.not_ready_reason is not None
    assert "bankaccount-3 is held at offset 1503: 501 of " in caplog.text
    await given_up(task)


async def test_a_healthy_partition_counts_no_replays(app: faust.App) -> None:
    stream = Stream(app)
    await (await judged(stream, replays("bgb", offset=0)))
    assert stream.transactions.states[3].invalid_window == ""


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        each.getMessage()
        for each in caplog.records
        if each.name == "agents.limit.replays" and each.levelno == logging.WARNING
    ]


async def test_who_forges_the_headers_of_replays_is_reported_once(
    app: faust.App, caplog: pytest.LogCaptureFixture
) -> None:
    stream = Stream(app)
    await (await judged(stream, replays("b" * 500, offset=0)))
    assert warnings_in(caplog) == []
    # What producers send meanwhile changes nothing.
    parts = [replays("b" * 500, offset=500), mixed("g", offset=1_000)]
    parts.append(replays("b" * 499, offset=1_001))
    for part in parts:
        await (await judged(stream, part))
    [line] = warnings_in(caplog)
    assert line.startswith(
        "bankaccount-3: 1000 of its last 1,000 replayed records are dead letters again. "
        "They do not hold the partition."
    ), line
    assert "header replay_of" in line
    # Again after it was over.
    for part in (replays("g" * 800 + "b", offset=1_500), replays("b" * 600, offset=2_301)):
        await (await judged(stream, part))
    assert len(warnings_in(caplog)) == 2

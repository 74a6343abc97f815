"""A partition that is held goes on when an operator releases it; transactions in memory."""

import asyncio
import logging

import faust
import pytest
from faust_transactions import Batch

from agents.limit.window import invalid_in
from records.hold import Hold
from records.release import Release
from tests.functional.test_limit import given_up, held, judged, mixed
from tests.functional.test_verification import GOOD, Stream, batch

BAD_500 = mixed("b" * 500)


def release(begin: int, end: int, until: int | None = None) -> Release:
    return Release(3, begin, end, until, at=1, author="ann", note="fixed")


async def held_stream(app: faust.App, *more: Batch) -> tuple[Stream, "asyncio.Task[None]"]:
    """Its partition is held at offset 500, in a batch of 200."""
    stream = Stream(app)
    return stream, await judged(stream, BAD_500, mixed("b" * 200, offset=500), *more)


async def ended(task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(30):
        await task


async def test_a_released_batch_is_committed_and_the_count_begins_anew(
    app: faust.App, caplog: pytest.LogCaptureFixture
) -> None:
    stream, task = await held_stream(app)
    hold = stream.control.holds[3]
    assert (hold.begin, hold.end, hold.offset) == (500, 700, 500)
    assert hold.reason == "501 of its last 1,000 records are dead letters"
    stream.control.write(release(hold.begin, hold.end))
    await ended(task)
    row = stream.transactions.states[3]
    assert (row.dead_letters, row.next_offset, row.invalid_window) == (700, 700, "")
    assert (stream.limit.not_ready_reason, held(stream, 3)) == (None, 0)
    assert stream.control.holds == {}
    [line] = [each.getMessage() for each in caplog.records if "is released" in each.message]
    assert line == (
        "bankaccount-3 is released by ann: fixed; its records are judged again from offset 500 on"
    )

    # Another 500 pass, and one more holds it: the release is of no effect on what comes later.
    task = await judged(stream, mixed("b" * 500, offset=700), mixed("b", offset=1_200))
    assert stream.control.holds[3].offset == 1_200
    assert stream.transactions.states[3].dead_letters == 1_200
    await given_up(task)


async def test_what_failed_is_judged_again_when_it_is_released(app: faust.App) -> None:
    stream = Stream(app)
    failing = GOOD | {"FirstName": "Failed"}
    task = await judged(stream, BAD_500, batch(failing, GOOD, offset=500))
    stream.veritas.repaired = True
    stream.control.write(release(500, 502))
    await ended(task)
    row = stream.transactions.states[3]
    assert (row.authorized, row.dead_letters, row.next_offset) == (2, 500, 502)


@pytest.mark.parametrize(
    ("released", "end"),
    [
        (release(500, 700), ", and released by ann: fixed"),
        (release(0, 500), ""),
    ],
)
async def test_who_goes_on_with_what_another_worker_held_says_so(
    app: faust.App, caplog: pytest.LogCaptureFixture, released: Release, end: str
) -> None:
    stream = Stream(app)
    stream.control.holds[3] = Hold(3, 500, 700, 600, 1, "too many", "there:6066")
    stream.control.write(released)
    await ended(await judged(stream, mixed("gb", offset=500), mixed("g", offset=502)))
    lines = [each.getMessage() for each in caplog.records if "goes on" in each.message]
    expected = f"bankaccount-3 goes on: it was held at offset 600 by worker there:6066{end}"
    assert lines == [expected]


async def test_what_stayed_of_a_hold_that_is_over_is_not_reported(
    app: faust.App, caplog: pytest.LogCaptureFixture
) -> None:
    stream = Stream(app)
    stream.control.holds[3] = Hold(3, 500, 700, 600, 1, "too many", "there:6066")
    await ended(await judged(stream, mixed("gb", offset=700)))
    assert "goes on" not in caplog.text
    assert stream.control.holds == {}


async def test_a_release_of_an_earlier_hold_does_not_release_this_one(app: faust.App) -> None:
    stream, task = await held_stream(app)
    for old in (release(0, 500), release(100, 300)):
        stream.control.write(old)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert stream.limit.not_ready_reason is not None
    await given_up(task)
    assert stream.transactions.states[3].next_offset == 500


async def test_a_release_of_another_partition_changes_nothing(app: faust.App) -> None:
    stream, task = await held_stream(app)
    stream.control.write(Release(1, 500, 700, None, at=1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert stream.limit.not_ready_reason is not None
    await given_up(task)


@pytest.mark.parametrize("size", [1, 200, 450])
async def test_the_next_owner_applies_the_release_however_it_cuts_the_batches(
    app: faust.App, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    stream, task = await held_stream(app)
    await given_up(task)
    stream.control.write(release(500, 700))
    caplog.clear()
    batches = [mixed("b" * size, offset=at) for at in range(500, 500 + 450, size)]
    await ended(await judged(stream, *batches))
    assert stream.transactions.states[3].next_offset == 500 + size * len(batches)
    assert "is held" not in caplog.text
    # What is beyond the batch that was released counts, and nothing else.
    row = stream.transactions.states[3]
    assert invalid_in(row.invalid_window) == row.next_offset - 700


async def test_an_owner_that_does_not_know_the_releases_yet_waits_for_them(
    app: faust.App, caplog: pytest.LogCaptureFixture
) -> None:
    stream, task = await held_stream(app)
    await given_up(task)
    caplog.clear()
    stream.control.readable.clear()
    task = asyncio.create_task(_working(stream, mixed("b" * 200, offset=500)))
    await asyncio.sleep(0.05)
    stream.control.releases[3] = release(500, 700)
    stream.control.readable.set()
    await ended(task)
    assert stream.transactions.states[3].next_offset == 700
    assert "is held" not in caplog.text


async def _working(stream: Stream, *batches: Batch) -> None:
    await (await judged(stream, *batches))


async def test_released_for_a_time_nothing_counts_until_then(app: faust.App) -> None:
    stream, task = await held_stream(app)
    stream.control.write(release(500, 700, until=stream.now + 600_000))
    await ended(task)
    stream.now += 599_999
    await ended(await judged(stream, mixed("b" * 3_000, offset=700)))
    row = stream.transactions.states[3]
    assert (row.dead_letters, row.invalid_window) == (3_700, "")
    stream.now += 1
    task = await judged(stream, mixed("b" * 500, offset=3_700), mixed("b", offset=4_200))
    assert stream.control.holds[3].offset == 4_200
    await given_up(task)


async def test_a_batch_that_is_stale_says_nothing_about_the_hold(app: faust.App) -> None:
    stream, task = await held_stream(app)
    await given_up(task)
    await ended(await judged(stream, mixed("b" * 10)))
    assert 3 in stream.control.holds


async def test_without_a_limit_what_was_held_passes_and_is_not_called_held(
    app: faust.App, caplog: pytest.LogCaptureFixture
) -> None:
    stream, task = await held_stream(app)
    await given_up(task)
    off = Stream(app, max_invalid_ratio=1.0, name="without-limit")
    off.transactions.states[3] = stream.transactions.states[3]
    off.control.holds = stream.control.holds
    await ended(await judged(off, mixed("b" * 200, offset=500)))
    assert off.control.holds == {}
    assert [each for each in caplog.records if each.levelno == logging.ERROR] != []

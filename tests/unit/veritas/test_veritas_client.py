"""What becomes of accounts, by what the verification service does. No sockets, virtual time."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from tests.unit.veritas.veritas_service import (
    Service,
    accounts,
    bad_gets,
    client_of,
    failing,
    outcome,
    summary,
)
from tests.unit.veritas.virtual_time import now, run

UNAVAILABLE = "the verification service is unavailable: "


async def until(condition: Callable[[], bool], limit: float = 3_600.0) -> None:
    deadline = now() + limit
    while not condition():
        assert now() < deadline
        await asyncio.sleep(0.05)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What an operator sees."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.3, 0.45])
def test_a_service_that_fails_some_calls_costs_no_account(share: float) -> None:
    async def main() -> None:
        client = await client_of(Service(failing(share)))
        assert await outcome(client, *["Good"] * 1_000) == {"answered": 1_000}
        await client.close()

    run(main())


@pytest.mark.parametrize(("status", "failed"), [(200, 0), (503, 12), (429, 12), (422, 0)])
def test_the_recent_calls_say_how_long_they_took_and_which_failed(status: int, failed: int) -> None:
    async def main() -> None:
        client = await client_of(Service(lambda _: status, latency=2.0))
        asking = asyncio.create_task(outcome(client, *["Good"] * 12))
        await asyncio.sleep(1.5)
        assert client.recent_calls.slower_than(1.0) == (12, 12), "they are under way"
        await asyncio.sleep(1.0)
        recent = client.recent_calls
        assert (len(recent.ended), recent.failed) == (12, failed)
        assert {call.seconds for call in recent.ended} == {2.0}
        asking.cancel()
        await asyncio.wait({asking})
        await client.close()
        assert client.recent_calls.under_way == ()

    run(main())


def test_an_outage_of_minutes_and_trouble_after_it_cost_no_account(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        def plan(name: str) -> int:
            if now() < 10 or now() > 250:
                return 200
            return 503 if now() < 190 else trouble(name)

        trouble = failing(0.2)
        service = Service(plan, latency=0.5)
        client = await client_of(service)
        batch = asyncio.create_task(outcome(client, *["Good"] * 6_000))
        await asyncio.sleep(12)
        assert client.not_ready_reason == f"{UNAVAILABLE}answered 503"
        assert client.health.level == "bad"
        before = len(service.asked)
        await asyncio.sleep(170)
        assert client.not_ready_reason == f"{UNAVAILABLE}answered 503"
        assert len(service.asked) - before <= 20, "more than one probe at a time"
        assert await batch == {"answered": 6_000}
        back = min(sent for _, sent in service.asked if sent > 190)
        assert back <= 200
        await client.close()

    run(main())
    first, *_, last = lines(caplog)
    assert first == f"accounts wait, {UNAVAILABLE}answered 503"
    assert last == "the verification service answers again"


def test_a_lone_account_waits_for_an_hour_and_is_answered_when_the_service_is_back() -> None:
    async def main() -> None:
        service = Service(lambda _: 0 if now() < 3_600 else 200)
        client = await client_of(service)
        waiting = asyncio.create_task(outcome(client, "Good"))
        await until(lambda: client.not_ready_reason is not None, limit=5)
        assert client.not_ready_reason == f"{UNAVAILABLE}no connection (Refused)"
        assert await waiting == {"answered": 1}
        assert now() < 3_615
        assert len(service.asked) < 400
        assert client.not_ready_reason is None
        await client.close()

    run(main())


@pytest.mark.parametrize("status", [500, 503, 408, 429, 401, 403, 404, 302])
def test_an_account_that_fails_among_others_is_given_up(status: int) -> None:
    async def main() -> None:
        client = await client_of(Service(bad_gets(status)))
        async with asyncio.TaskGroup() as group:
            batch = group.create_task(outcome(client, *["Good"] * 50, "Bad", *["Good"] * 50))
            for _ in range(20):  # the other partitions
                assert await outcome(client, "Good") == {"answered": 1}
                await asyncio.sleep(1)
        assert batch.result() == {"answered": 100, "veritas_failed": 1}
        assert now() < 25
        (result,) = await client.verify(accounts("Bad"))
        assert str(status) in str(result)
        assert client.not_ready_reason is None
        await client.close()

    run(main())


@pytest.mark.parametrize("bad", [1, 40, 200])
def test_accounts_that_fail_and_nobody_else_are_given_up_by_probes(bad: int) -> None:
    async def main() -> None:
        client = await client_of(Service(bad_gets(500)))
        assert await outcome(client, "Good") == {"answered": 1}
        assert await outcome(client, *["Bad"] * bad) == {"veritas_failed": bad}
        assert now() < 60 + bad
        assert await outcome(client, "Good") == {"answered": 1}
        await client.close()

    run(main())


def test_when_no_account_was_answered_yet_one_that_fails_waits_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        client = await client_of(Service(bad_gets(500)))
        waiting = asyncio.create_task(outcome(client, "Bad"))
        await asyncio.sleep(3_600)
        assert not waiting.done()
        assert client.not_ready_reason == said
        assert await outcome(client, "Good") == {"answered": 1}
        assert await waiting == {"veritas_failed": 1}
        await client.close()

    said = f"{UNAVAILABLE}answered 500; it has answered about no account since this worker started"
    run(main())
    assert lines(caplog)[:2] == [
        f"accounts wait, {said}",
        "the verification service answers again",
    ]


def test_a_tenth_that_fails_does_not_stop_the_others() -> None:
    async def main() -> None:
        client = await client_of(Service(bad_gets(500)))
        batches = [["Bad" if n % 10 == p else "Good" for n in range(200)] for p in range(4)]
        done = await asyncio.gather(*(outcome(client, *batch) for batch in batches))
        assert done == [{"answered": 180, "veritas_failed": 20}] * 4
        assert now() < 300
        await client.close()

    run(main())


def test_while_others_fail_often_an_account_that_always_fails_waits_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        calls = 0

        def every_third_call_fails(name: str) -> int:
            nonlocal calls
            calls += name == "Good"
            return 500 if name == "Bad" or calls % 3 == 0 else 200

        client = await client_of(service := Service(every_third_call_fails))
        waiting = asyncio.create_task(outcome(client, "Bad"))
        for _ in range(100):
            await outcome(client, *["Good"] * 20)
            await asyncio.sleep(1)
        assert not waiting.done()
        assert client.not_ready_reason is None
        assert client.health.level == "warn"
        assert client.health.text.startswith("accounts being retried: 1; ")
        service.plan = bad_gets(500)
        while not waiting.done():
            await outcome(client, *["Good"] * 20)
            await asyncio.sleep(1)
        assert await waiting == {"veritas_failed": 1}
        told = [line for line in lines(caplog) if "is retried until 16 of 20 do" in line]
        assert 1 <= len(told) <= now() / 60 + 1, "one a minute"
        await client.close()

    run(main())


@pytest.mark.parametrize("status", [400, 402, 409, 415, 422, 451])
def test_a_rejection_is_final_at_once(status: int) -> None:
    async def main() -> None:
        service = Service(bad_gets(status))
        client = await client_of(service)
        (result,) = await client.verify(accounts("Bad"))
        assert result.code == "veritas_rejected"  # type: ignore[union-attr]
        assert result.detail == f"the verification service answered {status}"  # type: ignore[union-attr]
        assert len(service.asked) == 1
        await client.close()

    run(main())


@pytest.mark.parametrize("bad", [9, 10, 12, 200])
def test_many_that_are_rejected_rightly_are_rejected(bad: int) -> None:
    async def main() -> None:
        client = await client_of(Service(bad_gets(422)))
        assert await outcome(client, "Good") == {"answered": 1}
        assert await outcome(client, *["Bad"] * bad) == {"veritas_rejected": bad}
        assert await outcome(client, *["Bad"] * bad, *["Good"] * 50) == {
            "veritas_rejected": bad,
            "answered": 50,
        }
        assert now() < 60
        await client.close()

    run(main())


def test_rejections_from_the_start_wait_for_the_first_answer() -> None:
    async def main() -> None:
        client = await client_of(Service(bad_gets(422)))
        waiting = asyncio.create_task(outcome(client, *["Bad"] * 12))
        await asyncio.sleep(600)
        assert not waiting.done()
        assert client.not_ready_reason == (
            f"{UNAVAILABLE}rejects every account (answered 422), FRAUD_VERITAS_REJECTED_IN_A_ROW "
            "is 10; it has answered about no account since this worker started"
        )
        assert await outcome(client, "Good") == {"answered": 1}
        assert await waiting == {"veritas_rejected": 12}
        await client.close()

    run(main())


def test_a_service_that_comes_to_reject_everybody_costs_no_account_of_the_batch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        service = Service(bad_gets(422))
        client = await client_of(service)
        batch = asyncio.create_task(outcome(client, *["Good"] * 2_000))
        await asyncio.sleep(0.2)
        service.plan = lambda _: 415
        await until(lambda: client.not_ready_reason is not None, limit=5)
        assert client.not_ready_reason == said
        await asyncio.sleep(600)
        assert client.not_ready_reason == said
        service.plan = bad_gets(422)
        assert await batch == {"answered": 2_000}
        await client.close()

    said = (
        f"{UNAVAILABLE}rejects every account (answered 415), FRAUD_VERITAS_REJECTED_IN_A_ROW is 10"
    )
    run(main())
    assert lines(caplog) == [
        f"accounts wait, {said}",
        "the verification service answers again",
    ]


def test_at_most_nine_lone_accounts_are_lost_to_a_service_that_rejects_everybody() -> None:
    async def main() -> None:
        client = await client_of(Service(lambda _: 415))
        for _ in range(9):
            assert await outcome(client, "Good") == {"veritas_rejected": 1}
        waiting = asyncio.create_task(outcome(client, "Good"))
        await asyncio.sleep(600)
        assert not waiting.done()
        waiting.cancel()
        await client.close()

    run(main())


def test_a_service_that_rejects_repeated_questions_is_found_back_by_those_who_wait() -> None:
    async def main() -> None:
        seen: set[str] = set()

        def plan(name: str) -> int:
            if name == "Bad" or name in seen:
                return 422
            seen.add(name)
            return 200

        client = await client_of(Service(plan))
        assert await outcome(client, "A") == {"answered": 1}
        waiting = asyncio.create_task(outcome(client, *["Bad"] * 12))
        await until(lambda: client.not_ready_reason is not None)
        assert await outcome(client, "B") == {"answered": 1}
        assert await waiting == {"veritas_rejected": 12}
        await client.close()

    run(main())


def test_a_service_that_throttles_everybody_is_asked_by_one_and_as_it_says() -> None:
    async def main() -> None:
        service = Service(lambda _: 429 if now() < 300 else 200, retry_after="30")
        client = await client_of(service)
        waiting = asyncio.create_task(outcome(client, *["Good"] * 500))
        await until(lambda: client.not_ready_reason is not None, limit=15)
        assert client.not_ready_reason == f"{UNAVAILABLE}throttled, answered 429"
        before = len(service.asked)
        await asyncio.sleep(240)
        assert len(service.asked) - before <= 8
        assert await waiting == {"answered": 500}
        await client.close()

    run(main())


@pytest.mark.parametrize(("calls", "seconds"), [(100, 1.0), (10, 1.0), (1, 1.0), (1, 10.0)])
def test_a_service_with_so_many_calls_a_second_costs_no_account(calls: int, seconds: float) -> None:
    async def main() -> None:
        period, left = -1.0, 0

        def plan(_: str) -> int:
            nonlocal period, left
            if now() // seconds != period:
                period, left = now() // seconds, calls
            left -= 1
            return 200 if left >= 0 else 429

        client = await client_of(Service(plan, retry_after="1"))
        number = 5 * calls + 30
        assert await outcome(client, *["Good"] * number) == {"answered": number}
        assert now() < 20 * seconds * (number / calls + 1)
        await client.close()

    run(main())


def test_a_service_that_comes_and_goes_costs_no_account_and_does_not_flood_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        client = await client_of(Service(lambda _: 200 if now() % 3 < 0.3 else 503))
        assert await outcome(client, *["Good"] * 2_000) == {"answered": 2_000}
        minutes = now() / 60
        assert len(lines(caplog)) <= 20 * (minutes + 1)
        await client.close()

    run(main())


def test_a_service_that_fails_half_of_its_calls_for_minutes_is_an_outage_once_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        client = await client_of(Service(failing(0.5)))
        deadline = now() + 120
        while now() < deadline:
            assert await outcome(client, *["Good"] * 50) == {"answered": 50}
        await client.close()

    run(main())
    first, second, *_ = lines(caplog)
    assert first.startswith("accounts wait, ")
    assert second == "the verification service answers again"
    said = [
        line for line in lines(caplog) if not line.startswith("the verification service failed")
    ]
    assert len(said) < 10


def test_each_change_of_reason_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        service = Service(lambda _: 0)
        client = await client_of(service)
        waiting = asyncio.create_task(outcome(client, *["Good"] * 20))
        for status in (0, 429, 401, 200):
            service.plan = lambda _, status=status: status  # type: ignore[misc]
            await asyncio.sleep(25)
        assert await waiting == {"answered": 20}
        await client.close()

    run(main())
    check = "; check FRAUD_VERITAS_URL and FRAUD_VERITAS_TOKEN"
    assert lines(caplog) == [
        f"accounts wait, {UNAVAILABLE}no connection (Refused)",
        f"accounts wait, {UNAVAILABLE}throttled, answered 429",
        f"accounts wait, {UNAVAILABLE}answered 401{check}",
        "the verification service answers again",
    ]


def test_a_batch_that_is_cancelled_leaves_nothing_behind() -> None:
    async def main() -> None:
        service = Service(lambda _: 503)
        client = await client_of(service)
        for seconds in (0.01, 0.3, 5.0, 60.0):
            batch = asyncio.create_task(outcome(client, *["Good"] * 100))
            await asyncio.sleep(seconds)
            batch.cancel()
            await asyncio.wait({batch})
            assert batch.cancelled()
        service.plan = lambda _: 200
        assert await outcome(client, *["Good"] * 100) == {"answered": 100}
        assert client.not_ready_reason is None
        await client.close()
        await client.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


def test_no_more_accounts_than_allowed_are_asked_about_at_once() -> None:
    async def main() -> None:
        in_flight = most = 0

        class Counting(Service):
            async def ask(self, question):  # type: ignore[no-untyped-def]
                nonlocal in_flight, most
                in_flight += 1
                most = max(most, in_flight)
                try:
                    return await super().ask(question)
                finally:
                    in_flight -= 1

        client = await client_of(Counting(failing(0.2)), concurrency=5)
        assert await outcome(client, *["Good"] * 200) == {"answered": 200}
        assert most == 5
        await client.close()

    run(main())


def test_results_come_in_the_order_of_the_accounts() -> None:
    async def main() -> None:
        client = await client_of(Service(bad_gets(422)))
        names = ["Bad" if n % 7 == 3 else "Good" for n in range(100)]
        results = await client.verify(accounts(*names))
        assert [summary([each]) for each in results] == [
            {"veritas_rejected": 1} if name == "Bad" else {"answered": 1} for name in names
        ]
        await client.close()

    run(main())

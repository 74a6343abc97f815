"""Alerts of a worker that is slow, on what a real one reports; see test_alerts."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.commands.recorded import Recorded
from tests.integration.service import Service
from tests.integration.worker.test_alerts import GROUP, SLOW, Start, account, environment
from tests.promtool import promtool
from tests.topics import produce
from tools.devbroker import EmbeddedBroker


@pytest.fixture
def service() -> Iterator[Service]:
    """A verification service that the test starts. Skips where there is no promtool."""
    promtool("--version")
    service = Service()
    yield service
    service.kill()


def test_a_worker_that_is_too_slow_is_reported(
    embedded_broker: EmbeddedBroker, start_worker: Start, service: Service, tmp_path: Path
) -> None:
    # Two calls at a time, of 0.3 s each.
    service.start("--latency", "0.3", "--latency-distribution", "fixed")
    more = {"VERITAS_URL": service.url, "VERITAS_CONCURRENCY": "2", "PRODUCE_SIZE": "0"}
    bounds = {"DEGRADED_LAG": "9", "DEGRADED_VERITAS_LATENCY": "0.2"}
    env = environment(embedded_broker.url, CREATE_TOPICS="0", **more, **bounds)
    worker = start_worker(env)
    worker.wait_ready()
    recorded = Recorded(tmp_path, pause=0.5)
    recorded.watch(one=worker)
    # Sent while no worker ran, so to speak: nobody has to wait here for two minutes.
    sent = int(1000 * time.time()) - 150_000

    def arrive() -> None:
        for partition, card in enumerate(["4111111111111111", "none"]):  # "none" asks for no answer
            accounts = [account(card, recorded.scrapes, number) for number in range(40)]
            produce(
                embedded_broker.address,
                "bankaccount",
                accounts,
                partition=partition,
                timestamp=sent,
            )
        recorded.scrape(1)

    wait_until = time.monotonic() + 90
    while not all(degraded(recorded, reason) for reason in ("lag", "latency", "veritas_latency")):
        assert time.monotonic() < wait_until, recorded.last("fraud_degraded")
        arrive()
    for _ in range(22):  # 5 minutes
        arrive()
    others = {"BreakerOpen", "PartitionHeld", "RuleErrors"}
    recorded.assert_firing(*SLOW, "VeritasDegraded", silent=GROUP | others)

    status, answer = worker.get("/health/ready")
    assert (status, answer["status"]) == (200, "ready")
    assert list(answer["degraded"]) == ["lag", "latency", "veritas_latency"]
    for reason in answer["degraded"]:
        assert worker.log.count(f"degraded ({reason}): ") == 1


def degraded(recorded: Recorded, reason: str) -> bool:
    """Whether it was, at the last scrape."""
    found = recorded.last("fraud_degraded")
    return found.get(f"instance=one:6066,job=worker,reason={reason}") == 1

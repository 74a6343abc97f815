"""The verification service is down for minutes under load, then fails some calls, then recovers.

SOAK_ACCOUNTS, SOAK_OUTAGE and SOAK_TROUBLE (s), SOAK_ERRORS (share) and SOAK_LATENCY (mean, s).
"""

import json
import os
from functools import partial
from pathlib import Path

import pytest

from tests.brokers import Kafka
from tests.chaos.announce import announcer
from tests.integration.service import Service
from tests.integration.stream.test_stream import Stream
from tests.soak.phases import Watch
from tests.worker import Worker

AWAY = "the verification service is unavailable"
#: Seconds within which a worker notices that the service has gone, or is back.
NOTICED = 15.0


def parameter(name: str, default: float) -> float:
    return float(os.environ.get(f"SOAK_{name}", default))


@pytest.mark.usefixtures("can_run_kafka")
def test_an_outage_of_minutes_loses_nothing_and_rejects_nobody(
    kafka: Kafka, topic_prefix: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    say = announcer(pytestconfig)
    accounts = int(parameter("ACCOUNTS", 50_000))
    outage, trouble = parameter("OUTAGE", 180), parameter("TROUBLE", 60)
    faults = ["--error-share", str(parameter("ERRORS", 0.2))]
    faults += ["--latency", str(parameter("LATENCY", 2))]
    service = Service()
    stream = Stream(kafka, topic_prefix, partial(Worker, tmp_path / "worker"))
    worker = stream.worker(FRAUD_VERITAS_URL=service.url)
    try:
        service.start()
        worker.start()
        worker.wait_ready()
        watch = Watch(worker)
        say(f"soak: {accounts:,} accounts, {outage:g} s away, {trouble:g} s of {' '.join(faults)}")
        assert stream.run("produce", str(accounts), "--seed", "1").returncode == 0

        with watch.phase("before") as before:
            watch.until(before, lambda: watch.judged() >= 0.4 * accounts, 600)
        say(before.line())

        service.stop()
        with watch.phase("settling") as settling:
            watch.last(settling, NOTICED)
        with watch.phase("away") as away:
            watch.last(away, outage - NOTICED)
        say(away.line())
        assert settling.last.startswith(AWAY)
        assert all(said.startswith(AWAY) for said in away.health)
        assert away.judged == 0, "judged by guessing"

        service.start(*faults)
        with watch.phase("trouble") as troubled:
            watch.last(troubled, trouble)
        say(troubled.line())
        assert troubled.answers > 0

        service.stop()
        service.start()
        with watch.phase("back") as back:
            watch.until(back, lambda: watch.health() == "ready", 60)
        say(back.line())
        with watch.phase("after") as after:
            watch.until(after, lambda: watch.judged() >= accounts, 1800)
        say(after.line())
        assert watch.health() == "ready"

        proof = stream.run("reconcile", "--json")
        assert proof.returncode == 0, proof.stdout + proof.stderr
        found = json.loads(proof.stdout)
        figures = {name: found[name]["total"] for name in ("missing", "duplicate", "orphaned")}
        figures |= {"dead letters": found["dead_letters"], "rebalances": worker.rebalances - 1}
        say(", ".join(f"{name} {number}" for name, number in figures.items()))
        assert not any(figures.values())
        assert found["verdicts"] == accounts
        assert worker.stop() == 0
    finally:
        worker.kill()
        service.kill()

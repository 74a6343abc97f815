"""Alerts about rules fire on what a real worker says while rules are published to it."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from cluster.reading.publications import publish
from config import Settings
from rules.ruleset import load
from rules.versions.publication import Publication
from tests.integration.commands.recorded import Recorded
from tests.integration.stream.test_stream import total, wait_for
from tests.integration.worker.test_alerts import ALL, environment
from tests.promtool import promtool
from tests.topics import produce
from tests.worker import Worker
from tools.devbroker import EmbeddedBroker

RULES = """
[[rule]]
name = "large"
when = "amount > 100"
then = "review"

[[rule]]
name = "ratio"
when = "100 / (amount - 7) > 1000"
then = "unauthorized"
"""
BURST = 500


@pytest.fixture(autouse=True, scope="module")
def can_be_judged() -> None:
    """Skips where there is no promtool, before anything is started."""
    promtool("--version")


class Sender:
    """Sends accounts, waits until they are judged, and looks at the worker for five minutes."""

    def __init__(self, broker: EmbeddedBroker, worker: Worker, recorded: Recorded) -> None:
        self._broker, self._worker, self._recorded = broker, worker, recorded
        self.sent = 0

    def send(self, *amounts: float) -> None:
        accounts = [
            {
                "FirstName": f"A{self.sent + number}",
                "LastName": "B",
                "CreditCardNumber": "4111111111111111",
                "Amount": amount,
            }
            for number, amount in enumerate(amounts)
        ]
        produce(self._broker.address, "bankaccount", map(orjson.dumps, accounts))
        self.sent += len(accounts)
        wait_for(lambda: total(self._worker), self.sent)
        self._recorded.scrape(5)


def test_more_to_review_is_reported_then_a_rule_that_fails_then_a_record_that_is_no_rule_set(
    embedded_broker: EmbeddedBroker, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    worker = start_worker(environment(embedded_broker.url, CREATE_TOPICS="0", PRODUCE_SIZE="0"))
    worker.wait_ready()
    recorded = Recorded(tmp_path, interval="1m", pause=0.1)
    recorded.watch(one=worker)
    recorded.scrape(1)
    sender = Sender(embedded_broker, worker, recorded)
    # Minutes are over within a second here, and a worker may well pause for that long.
    others = ALL - {"NoProgress", "ReviewShareUp", "RuleErrors", "RulesRefused"}
    for _ in range(4):
        sender.send(*[1.0] * BURST)
    recorded.assert_firing(silent={*others, "ReviewShareUp", "RuleErrors", "RulesRefused"})

    settings = Settings(broker=embedded_broker.url)
    publish(settings, Publication(load(RULES).version, RULES, 1))
    info = "fraud_rules_info"
    recorded.scrape_until(lambda: load(RULES).version in "".join(recorded.last(info)))
    for _ in range(4):
        # Two of five: the share that is authorized falls by less than its own alert's band.
        sender.send(*[1.0, 200.0, 1.0, 200.0, 1.0] * (BURST // 5))
    recorded.assert_firing("ReviewShareUp", silent={*others, "RuleErrors", "RulesRefused"})

    sender.send(7.0, 7.0)
    recorded.assert_firing("RuleErrors", silent={*others, "RulesRefused"})

    produce(embedded_broker.address, "account_rules", [b"garbage"], key=b"x", partition=0)
    wait_for(lambda: worker.metric("fraud_rules_refused"), 1)
    recorded.scrape(3)
    recorded.assert_firing("RuleErrors", "RulesRefused", silent=others)
    assert worker.get("/health/ready")[0] == 200
    assert worker.stop() == 0

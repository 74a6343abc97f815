"""The measurement of what the metrics cost."""

import math
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from faust_transactions import EngineMetrics, LatencyHistogram
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from agents.judging import STAGES
from tools.bench.apps.no_metrics import NoAccountMetrics, NoEngineMetrics, Nothing
from tools.bench.metrics import BARE, METERED, SCRAPED, scraping
from tools.bench.metrics_calls import Calls, measure
from tools.bench.support import report
from tools.bench.support.programs import with_web
from tools.bench.support.progress import Work
from tools.bench.support.proof import WorkNotDone
from tools.bench.support.topology import Topology
from tools.bench.throughput import Measured
from tools.devbroker import free_port

ENGINE_STAGES = ("queue", "work", "transaction")


def test_the_report_of_the_metrics_cost_compares_throughput_and_processor_time() -> None:
    runs = [
        Measured(name, number, 2 * rate, 2.0, 5.0, 20.0, cpu)
        for name, of_rounds in {
            BARE: ((100, 10.0), (200, 10.0), (300, 90.0)),
            METERED: ((99, 10.1), (198, 10.2), (500, 10.3)),
            SCRAPED: ((90, 10.5), (190, 11.0), (195, 12.0)),
        }.items()
        for number, (rate, cpu) in enumerate(of_rounds, start=1)
    ]
    *lines, _, alone = report.metrics_cost(runs, Calls(0.05e-6, 0.003)).splitlines()
    cells = [[cell.strip() for cell in line.split("|")][1:-1] for line in lines[4:]]
    assert cells == [
        ["bare", "100", "200", "300", "200", "1.000", "10.00", "1.000"],
        ["metered", "99", "198", "500", "198", "0.990", "10.20", "1.020"],
        ["scraped", "90", "190", "195", "190", "0.950", "11.00", "1.100"],
    ]
    assert alone == (
        "Metric calls alone, in batches of 2,000: 0.050 µs an account, 0.5 % of bare; "
        "a look at /metrics: 3.0 ms."
    )


def test_the_calls_alone_update_all_metrics_of_a_batch() -> None:
    registry = CollectorRegistry()
    calls = measure(registry)
    assert 0 < calls.account < calls.look
    assert registry.get_sample_value("faust_transactions_records_total", {"topic": "bankaccount"})
    for name, labels in [
        ("faust_transactions_latency_seconds_count", {}),
        ("faust_transactions_batch_records_count", {}),
        ("fraud_accounts_total", {"outcome": "authorized"}),
        ("fraud_reasons_total", {"reason": "veritas_declined"}),
        *(("faust_transactions_stage_seconds_count", {"stage": one}) for one in ENGINE_STAGES),
        *(("fraud_stage_seconds_count", {"stage": one}) for one in STAGES),
    ]:
        assert registry.get_sample_value(name, labels), (name, labels)


def test_processor_time_at_work_is_that_of_the_accounts_seen() -> None:
    assert Work(200_000, 2.0).cpu_per_account == pytest.approx(10)
    assert math.isnan(Work(0, 0.5).cpu_per_account), "all was done at the first look"
    assert math.isnan(Work(200_000, 0.0).cpu_per_account), "no /proc"


def test_without_metrics_nothing_is_counted() -> None:
    engine, accounts = NoEngineMetrics(), NoAccountMetrics()
    engine.batch_committed("in", [])
    for metric in (engine.transactions.labels("failed"), engine.tasks, engine.restore):
        assert isinstance(metric, Nothing)
    accounts(cast(Any, None))
    accounts.not_sent(3)


def test_no_metric_of_the_engine_is_forgotten() -> None:
    assert counting(EngineMetrics(CollectorRegistry()))
    assert counting(NoEngineMetrics()) == set()


def counting(metrics: EngineMetrics) -> set[str]:
    """The names of those that cost something when they are updated."""
    kinds = (MetricWrapperBase, LatencyHistogram)
    return {name for name, one in vars(metrics).items() if isinstance(one, kinds)}


def test_an_address_is_looked_at_as_long_as_the_block_lasts() -> None:
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"metric 1")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        with scraping(f"http://127.0.0.1:{server.server_port}/metrics", every=0.01):
            while len(asked) < 3:
                time.sleep(0.01)
        server.shutdown()
        serving.join()
    assert set(asked) == {"/metrics"}


def test_an_address_that_never_answers_ends_the_measurement() -> None:
    with (
        pytest.raises(WorkNotDone, match="never answered"),
        scraping(f"http://127.0.0.1:{free_port()}/metrics", every=0.01),
    ):
        pass


def test_the_bare_worker_is_another_app_with_its_web() -> None:
    run = Topology("b:1", "g", "a", "v", "d", 4, Path("/tmp/x"))
    command = with_web("bare", 7, "tools.bench.apps.bare_app").command(run, 0)
    assert command[command.index("-A") + 1] == "tools.bench.apps.bare_app"
    assert command[-2:] == ["--web-port", "7"]

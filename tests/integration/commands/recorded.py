"""What Prometheus would have of workers, and what it would say of it: scrapes as rule tests."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests import promql
from tests.promtool import promtool
from tests.worker import ROOT, Worker

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
_EXPRESSIONS = [
    rule["expr"]
    for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
_READ = set().union(*map(promql.metrics, _EXPRESSIONS))

Series = tuple[str, tuple[tuple[str, str], ...]]


class Recorded:
    """Scrapes of workers, each of which counts as `interval` however soon it follows the last.

    So the minutes that an alert waits for pass in seconds, while all values are those of a real
    worker. A worker that does not answer is down, as it is for Prometheus.
    """

    def __init__(self, directory: Path, interval: str = "15s", pause: float = 0.2) -> None:
        """`pause`: seconds from one scrape to the next."""
        self._file = directory / "recorded_test.yml"
        self._interval = interval
        self._pause = pause
        self._targets: dict[str, Worker] = {}
        self._scrapes: list[dict[Series, float]] = []

    def watch(self, **targets: Worker) -> None:
        """From now on these are the workers that are found, by the names given to them."""
        self._targets = targets

    def scrape(self, times: int) -> None:
        """Look so many times."""
        for _ in range(times):
            self._scrapes.append(
                {
                    series: value
                    for name, worker in self._targets.items()
                    for series, value in _scrape(name, worker)
                }
            )
            time.sleep(self._pause)

    @property
    def scrapes(self) -> int:
        """How often it was looked so far."""
        return len(self._scrapes)

    def scrape_until(self, condition: Callable[[], bool], timeout: float = 60.0) -> None:
        """Look until something is so, which a time-out makes a failure."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, self.last("fraud_worker_ready")
            self.scrape(1)

    def last(self, metric: str) -> dict[str, float]:
        """The values that a metric had when it was looked at last, by its labels."""
        return {
            ",".join(f"{label}={each}" for label, each in labels): value
            for (name, labels), value in (self._scrapes[-1] if self._scrapes else {}).items()
            if name == metric
        }

    def assert_firing(self, *alerts: str, silent: Iterable[str] = ()) -> None:
        """At the last scrape all these alerts fire; none of the `silent` ones does."""
        names = sorted({series for scrape in self._scrapes for series in scrape})
        last = len(self._scrapes) - 1
        test = {
            "interval": self._interval,
            "input_series": [
                {"series": _selector(*series), "values": self._values(series)} for series in names
            ],
            "promql_expr_test": [
                {
                    "expr": f'group(ALERTS{{alertname="{alert}",alertstate="firing"}})',
                    "eval_time": f"{last * int(self._interval[:-1])}{self._interval[-1]}",
                    "exp_samples": [{"labels": "{}", "value": 1}] if alert in alerts else [],
                }
                for alert in (*alerts, *silent)
            ],
        }
        document = {
            "rule_files": [str(RULES)],
            "evaluation_interval": self._interval,
            "tests": [test],
        }
        self._file.write_text(yaml.safe_dump(document, width=1_000_000))
        assert "SUCCESS" in promtool("test", "rules", self._file)

    def _values(self, series: Series) -> str:
        """As a rule test has them; where a series ends Prometheus marks it as stale."""
        told, there = [], False
        for scrape in self._scrapes:
            value = scrape.get(series)
            told.append(f"{value:.17g}" if value is not None else "stale" if there else "_")
            there = value is not None
        return " ".join(told)


def _selector(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    matchers = ",".join(f'{label}="{value}"' for label, value in labels)
    return f"{name}{{{matchers}}}"


def _scrape(target: str, worker: Worker) -> list[tuple[Series, float]]:
    found = (("instance", f"{target}:6066"), ("job", "worker"))
    try:
        status, text = worker.get("/metrics", timeout=5)
    except OSError:
        return [(("up", found), 0.0)]
    assert status == 200
    samples = [
        ((sample.name, (*found, *sorted(sample.labels.items()))), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in _READ
    ]
    return [(("up", found), 1.0), *samples]

"""Our worker with metrics that count nothing: `faust -A bench.bare_app worker`.

What is left is what feeds the metrics: a look at the clock for each stage of a batch, where
fetching goes on, and the numbers of verdicts, which the table needs as well.
"""

from fraud_app import create_app
from tools.bench.apps.no_metrics import NoAccountMetrics, NoEngineMetrics

app = create_app(account_metrics=NoAccountMetrics(), engine_metrics=NoEngineMetrics())

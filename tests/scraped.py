"""A text of `/metrics`, as Prometheus would see it."""

from collections import defaultdict
from collections.abc import Iterable

from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from config import Settings
from fraud_app import create_app

#: A worker that has all there is: the verification service is asked over HTTP.
WITH_HTTP = Settings(veritas_url="http://127.0.0.1:9")

_OF_A_HISTOGRAM = ("_bucket", "_sum", "_count")


async def metrics_text(settings: Settings = WITH_HTTP) -> str:
    """What `/metrics` of the app answers; it is connected to nothing."""
    app = create_app(settings)
    app.finalize()
    app.web.init_server()
    async with TestClient(TestServer(app.web.web_app)) as client:  # type: ignore[attr-defined]
        answer = await client.get("/metrics")
        assert answer.status == 200
        return await answer.text()


def families(text: str) -> dict[str, str]:
    """Name, as the text has it, and type of each metric."""
    lines = (line.split() for line in text.splitlines() if line.startswith("# TYPE "))
    return {name: kind for _, _, name, kind in lines}


def series_names(text: str) -> set[str]:
    """The names of all series, of those too that have no sample yet."""
    return {
        name + suffix
        for name, kind in families(text).items()
        for suffix in (_OF_A_HISTOGRAM if kind == "histogram" else ("",))
    }


def labels(texts: Iterable[str]) -> dict[str, dict[str, set[str]]]:
    """Name of a series -> its labels -> the values that they have in these texts."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                for label, value in sample.labels.items():
                    found[sample.name][label].add(value)
    return found

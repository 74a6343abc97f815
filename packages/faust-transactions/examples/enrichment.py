"""Adds the country's name to visits, asked of an HTTP service, with outputs to two topics.

Run it in this folder with ``faust -A enrichment worker -l info``. It reads ``visits``
(``{"page": "/", "country": "NO"}``), asks ``GET {LOOKUP}/NO`` for a JSON object with a ``name``,
and writes to ``visits-enriched``; visits from countries that the service does not know (404) go to
``visits-unknown``. While the service fails, the batch is fetched again after a growing pause, and
nothing of it is written. KAFKA names the brokers, LOOKUP the service, PREFIX goes before the names
of app and topics.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any

import aiohttp
import faust
import orjson
from faust_transactions import Batch, Engine, SourceRecord, Transactions, Worker

#: Requests to the service at the same time.
CONCURRENCY = 50

Enriched = dict[str, Any]


class Seen(faust.Record, serializer="json", include_metadata=False):
    """The row of one partition."""

    enriched: int = 0
    unknown: int = 0
    next_offset: int = 0


class Lookup:
    """The service. A country is asked for once in the life of the worker."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._names: dict[str, str | None] = {}
        self._free = asyncio.Semaphore(CONCURRENCY)
        self._session: aiohttp.ClientSession | None = None

    async def name(self, country: str) -> str | None:
        """The country's name; None where the service knows none. Raises aiohttp.ClientError."""
        if country not in self._names:
            async with self._free:
                self._names[country] = await self._ask(country)
        return self._names[country]

    async def _ask(self, country: str) -> str | None:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=10)
            self._session = aiohttp.ClientSession(timeout=timeout)
        async with self._session.get(f"{self._url}/{country}") as answer:
            if answer.status == HTTPStatus.NOT_FOUND:
                return None
            answer.raise_for_status()
            return str((await answer.json())["name"])

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


async def enriched(
    record: SourceRecord, name: Callable[[str], Awaitable[str | None]]
) -> Enriched | None:
    """The visit with its country's name; None for what is no visit or from no known country."""
    try:
        visit = orjson.loads(record.value or b"")
        country = visit["country"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(country, str) or not country.isalpha():
        return None
    found = await name(country)
    return None if found is None else {**visit, "country_name": found}


def enrichment(
    transactions: Transactions,
    name: Callable[[str], Awaitable[str | None]],
    enriched_topic: str,
    unknown_topic: str,
) -> Callable[[AsyncIterable[Batch]], AsyncIterator[int]]:
    """The agent: asks for all visits of a batch at the same time, writes them in their order."""

    async def enrich(batches: AsyncIterable[Batch]) -> AsyncIterator[int]:
        async for batch in batches:
            async with transactions.begin(batch) as tx:
                found = await asyncio.gather(*(enriched(record, name) for record in tx.records))
                for record, visit in zip(tx.records, found, strict=True):
                    if visit is None:
                        tx.send(unknown_topic, record.value, record.key)
                    else:
                        tx.send(enriched_topic, orjson.dumps(visit), record.key)
                unknown = found.count(None)
                tx.state = Seen(
                    tx.state.enriched + len(found) - unknown, tx.state.unknown + unknown
                )
            yield len(batch)

    return enrich


def create_app(kafka: str, lookup_url: str, prefix: str = "") -> faust.App:
    """Wire the app. It connects to nothing before the worker starts."""
    outputs = (f"{prefix}visits-enriched", f"{prefix}visits-unknown")
    app = faust.App(
        f"{prefix}visits-app",
        broker=f"kafka://{kafka}",
        # The partitions of a worker that was killed are free after this time. Faust's default: 60.
        broker_session_timeout=10,
        broker_heartbeat_interval=3,
        topic_partitions=4,
        Worker=Worker,
    )
    engine = Engine(app, {"bootstrap.servers": kafka}, max_records=500)
    visits = engine.topic(f"{prefix}visits", table=engine.table("seen", Seen), outputs=outputs)
    lookup = Lookup(lookup_url)
    agent = enrichment(engine, lookup.name, *outputs)
    app.agent(visits, name="enrich", concurrency=engine.concurrency)(agent)
    app.on_before_shutdown.connect(lambda *_, **__: lookup.close(), weak=False)
    return app


app = create_app(
    os.environ.get("KAFKA", "localhost:9092"),
    os.environ.get("LOOKUP", "http://localhost:8000/countries"),
    os.environ.get("PREFIX", ""),
)

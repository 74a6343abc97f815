"""Running totals of orders, by product: state in a row, and two output topics.

Run it in this folder with ``faust -A orders worker -l info``. It reads ``orders``
(``{"product": "tea", "units": 2}``), writes the total after each order to ``order-totals`` and what
is no order to ``orders-rejected``. KAFKA names the brokers (localhost:9092), PREFIX goes before the
names of app and topics.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Callable

import faust
import orjson
from faust_transactions import Batch, Engine, Transactions, Worker


class Totals(faust.Record, serializer="json", include_metadata=False):
    """The row of one partition: units of each product, in the orders of that partition.

    The row is written with each batch, so keep it small: tens of products, not millions of users.
    """

    units: dict[str, int] = {}  # noqa: RUF012 - Faust copies it for each record
    next_offset: int = 0


def order(value: bytes | None) -> tuple[str, int]:
    """Product and units of an order. Raises ValueError when it is none."""
    match orjson.loads(value or b""):
        case {"product": str(product), "units": int(units)} if units > 0:
            return product, units
    raise ValueError("an order has a product and a number of units")


def totalling(
    transactions: Transactions, totals_topic: str, rejected_topic: str
) -> Callable[[AsyncIterable[Batch]], AsyncIterator[int]]:
    """The agent: one record out for each order, and the new totals as the partition's state."""

    async def total(batches: AsyncIterable[Batch]) -> AsyncIterator[int]:
        async for batch in batches:
            async with transactions.begin(batch) as tx:
                units = dict(tx.state.units)
                for record in tx.records:
                    try:
                        product, number = order(record.value)
                    except ValueError:
                        tx.send(rejected_topic, record.value, record.key)
                        continue
                    units[product] = units.get(product, 0) + number
                    value = orjson.dumps({"product": product, "total": units[product]})
                    tx.send(totals_topic, value, product.encode())
                tx.state = Totals(units)
            yield len(batch)

    return total


def create_app(kafka: str, prefix: str = "") -> faust.App:
    """Wire the app. It connects to nothing before the worker starts."""
    outputs = (f"{prefix}order-totals", f"{prefix}orders-rejected")
    app = faust.App(
        f"{prefix}orders-app",
        broker=f"kafka://{kafka}",
        # The partitions of a worker that was killed are free after this time. Faust's default: 60.
        broker_session_timeout=10,
        broker_heartbeat_interval=3,
        topic_partitions=4,
        Worker=Worker,
    )
    engine = Engine(app, {"bootstrap.servers": kafka})
    totals = engine.table("totals", Totals)
    orders = engine.topic(f"{prefix}orders", table=totals, outputs=outputs)
    app.agent(orders, name="total", concurrency=engine.concurrency)(totalling(engine, *outputs))
    return app


app = create_app(os.environ.get("KAFKA", "localhost:9092"), os.environ.get("PREFIX", ""))

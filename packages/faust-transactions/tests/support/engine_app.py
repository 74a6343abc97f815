"""The engine's tests run this app: it copies records, doing its sums in the partition's row.

Nothing of it has to do with accounts. A value of the form ``wait <seconds>`` makes it wait,
``raise`` makes the agent raise once, ``keyless`` goes to the second topic without a key, too.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import faust
from faust.web import Request, Response, View
from faust_transactions import Batch, Engine, Transactions, Worker

RAISED: set[bytes] = set()
#: One record in so many goes to a second topic too, as dead letters do: most batches have none.
RARE = 500


class Sums(faust.Record, serializer="json", include_metadata=False):
    """The row of one partition."""

    count: int = 0
    bytes: int = 0
    next_offset: int = 0


def copying(transactions: Transactions, target: str, rare: str):  # type: ignore[no-untyped-def]
    """The agent: one record out for each record in, key = where it came from."""

    async def copy(batches: AsyncIterator[Batch]) -> AsyncIterator[int]:
        async for batch in batches:
            async with transactions.begin(batch) as tx:
                size = 0
                for record in tx.records:
                    value = record.value or b""
                    await obey(value)
                    size += len(value)
                    origin = b"%d-%d" % (tx.partition, record.offset)
                    tx.send(target, value, origin)
                    if record.offset % RARE == 0:
                        tx.send(rare, value, origin)
                    if value == b"keyless":
                        tx.send(rare, value, None)
                tx.state = Sums(tx.state.count + len(tx.records), tx.state.bytes + size)
            yield len(batch)

    return copy


async def obey(value: bytes) -> None:
    """Do what a record asks for."""
    if value.startswith(b"wait "):
        await asyncio.sleep(float(value[5:]))
    elif value == b"raise always":
        raise RuntimeError("the record asked for it")
    elif value.startswith(b"raise") and value not in RAISED:
        RAISED.add(value)
        raise RuntimeError("the record asked for it")


async def stay(*_: object, **__: object) -> None:
    """What an app may do at its shutdown, for as long as a file is there."""
    await asyncio.to_thread(_wait_until_gone, Path(os.environ["ENGINE_STAY"]))


def _wait_until_gone(file: Path) -> None:
    while file.exists():
        time.sleep(0.05)


def create_app() -> faust.App:
    """An app of its own for each process; ENGINE_ID names app, topics and group."""
    name = os.environ["ENGINE_ID"]
    bootstrap = os.environ["ENGINE_BOOTSTRAP"]
    app = faust.App(
        name,
        broker=f"kafka://{bootstrap}",
        topic_partitions=int(os.environ.get("ENGINE_PARTITIONS", "4")),
        topic_allow_declare=os.environ.get("ENGINE_DECLARE", "1") == "1",
        broker_session_timeout=float(os.environ.get("ENGINE_SESSION", "10")),
        broker_heartbeat_interval=float(os.environ.get("ENGINE_SESSION", "10")) / 4,
        store=os.environ.get("ENGINE_STORE", "memory://"),
        web_bind="127.0.0.1",
        Worker=Worker,
    )
    engine = Engine(
        app,
        {"bootstrap.servers": bootstrap, **json.loads(os.environ.get("ENGINE_KAFKA", "{}"))},
        max_records=int(os.environ.get("ENGINE_MAX", "2000")),
        commit_timeout=float(os.environ.get("ENGINE_COMMIT_TIMEOUT", "20")),
    )
    sums = engine.table("sums", Sums)
    outputs = (f"{name}-out", f"{name}-rare")
    source = engine.topic(
        f"{name}-{os.environ.get('ENGINE_SOURCE', 'in')}", table=sums, outputs=outputs
    )
    app.agent(source, name="copy", concurrency=engine.concurrency)(copying(engine, *outputs))

    if "ENGINE_STAY" in os.environ:
        app.on_before_shutdown.connect(stay, weak=False)

    @app.page("/health/ready")
    async def ready(view: View, _request: Request) -> Response:
        here = bool(engine.tasks) and not app.rebalancing
        rows = {str(tp.partition): task.position for tp, task in engine.tasks.items()}
        level, text = engine.health
        (lost,) = engine.metrics.lost_offsets.collect()
        total = sum(each.value for each in lost.samples if each.name.endswith("_total"))
        document = {"ready": here, "rows": rows, "level": level, "text": text, "lost": total}
        return view.json(document, status=200 if here else 503)

    return app


app = create_app() if "ENGINE_ID" in os.environ else None

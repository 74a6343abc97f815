"""The smallest app with which the test suite's own Worker can be tried: it doubles numbers."""

import os

import faust
from faust.web import Request, Response, View

app = faust.App(
    os.environ["TINY_APP_ID"],
    broker=os.environ["TINY_BROKER"],
    topic_allow_declare=False,
    web_bind="127.0.0.1",
)
numbers = app.topic(os.environ["TINY_APP_ID"] + "-in", value_type=bytes, value_serializer="raw")
doubles = app.topic(os.environ["TINY_APP_ID"] + "-out", value_serializer="raw")


@app.agent(numbers)
async def double(stream: faust.StreamT[bytes]) -> None:
    async for number in stream:
        await (await doubles.send(value=str(2 * int(number)).encode()))


@app.page("/health/ready")
async def ready(view: View, _request: Request) -> Response:
    here = bool(app.assignor.assigned_actives()) and not app.rebalancing
    return view.json({"ready": here}, status=200 if here else 503)

"""A reference Veritas server for development and tests: python -m tools.veritas_server --port 8080

With the card in the question (FRAUD_VERITAS_SEND_CARD=1) it answers like the simulated service with
the same seed and approval rate, if the card has no blanks and dashes. Without the card it uses the
account token instead, so the answers differ and change with FRAUD_TOKEN_KEY. It requires the bearer
token in FRAUD_VERITAS_TOKEN, if that is set. SIGTERM and SIGINT stop it.
"""

import argparse
import hmac
import logging
import os
from collections.abc import Sequence
from typing import Final

import orjson
from aiohttp import web

from config import without_line_end
from records import BankAccount
from tools.veritas_server.faults import RETRY_AFTER, FaultPlan
from tools.veritas_server.openapi import OPENAPI, PAGE
from tools.veritas_server.options import faults, parser
from veritas.simulated import SimulatedVeritas

logger = logging.getLogger(__name__)

TOKEN_VARIABLE: Final = "FRAUD_VERITAS_TOKEN"  # noqa: S105 - a name, no token


def create_server(
    answers: SimulatedVeritas, plan: FaultPlan, token: str | None = None
) -> web.Application:
    """The server as an aiohttp application; `token` is required at /verify, if given."""
    wanted = f"Bearer {token}".encode()

    async def verify(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if token and not hmac.compare_digest(given, wanted):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        account = asked_about(await request.read())
        if account is None:
            return web.Response(status=400, text="the body is not a question")
        await plan.wait()
        status = plan.status(account.last_name)
        if status != 200:
            headers = {"Retry-After": str(RETRY_AFTER)} if status == 429 else {}
            return web.Response(status=status, headers=headers)
        return web.json_response({"authorized": answers.answer(account).authorized})

    async def openapi(_: web.Request) -> web.Response:
        return web.json_response(OPENAPI)

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    server = web.Application()
    server.router.add_post("/verify", verify)
    server.router.add_get("/openapi.json", openapi)
    server.router.add_get("/", page)
    return server


def asked_about(body: bytes) -> BankAccount | None:
    """The account of a question, or None. Its token replaces a card that was not sent."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    match said:
        case {
            "account": str(account),
            "first_name": str(first_name),
            "last_name": str(last_name),
            "amount": int() | float() as amount,
        } if not isinstance(amount, bool):
            card = said.get("card", account)
        case _:
            return None
    if not isinstance(card, str):
        return None
    return BankAccount(
        first_name=first_name,
        last_name=last_name,
        credit_card_number=card,
        amount=float(amount),
    )


def server_of(options: argparse.Namespace, token: str | None) -> web.Application:
    """The server that the command line asks for."""
    answers = SimulatedVeritas(options.approval_rate, options.seed)
    return create_server(answers, FaultPlan(faults(options), options.seed), token)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM."""
    options = parser(__doc__).parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logger.info("Veritas reference server on http://%s:%d", options.host, options.port)
    # The access log has a line for each call.
    web.run_app(
        server_of(options, without_line_end(os.environ.get(TOKEN_VARIABLE, "")) or None),
        host=options.host,
        port=options.port,
        access_log=None,
        print=None,
        shutdown_timeout=3.0,
    )

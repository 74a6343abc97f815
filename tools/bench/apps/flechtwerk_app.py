"""The same work by Flechtwerk: `python -m tools.bench.apps.flechtwerk_app`, Python 3.12.3 or later.

As its documentation shows it: an async generator that yields a message and the state. It decodes
the JSON itself. State is kept by the key that the stage names, here the partition, so that there is
one row for each, as in ours. A verdict goes where the hash of its key says: a message has no
partition.
"""

from collections.abc import AsyncIterator

import orjson
import uvloop
from flechtwerk import Flechtwerk, IncomingMessage, Message, State, transformer
from flechtwerk.attribute import ANY, INT, STR, Attribute

from records import BankAccount
from tools.bench.apps.judged import ACCOUNTS, BROKER, GROUP, VERDICTS, verdict_on

_FIRST_NAME = Attribute("FirstName", STR)
_LAST_NAME = Attribute("LastName", STR)
_CARD = Attribute("CreditCardNumber", STR)
_AMOUNT = Attribute("Amount", ANY)
_COUNTS = {outcome: Attribute(outcome, INT) for outcome in ("authorized", "review", "unauthorized")}


def _row(message: IncomingMessage) -> str:
    return str(message.partition)


@transformer(input_topics=[ACCOUNTS], extract_state_key=_row)  # type: ignore[untyped-decorator]
async def stage(message: IncomingMessage, state: State) -> AsyncIterator[Message | State]:
    """The verdict on an account, counted in the row of its partition."""
    fields = message.value
    account = BankAccount.__new__(BankAccount)
    account.__dict__ = {
        "first_name": fields[_FIRST_NAME],
        "last_name": fields[_LAST_NAME],
        "credit_card_number": fields[_CARD],
        "amount": fields[_AMOUNT],
    }
    timestamp = int(message.timestamp.timestamp() * 1000)
    verdict = verdict_on(account, message.topic, message.partition, message.offset, timestamp)
    yield Message(key=verdict["account"], topic=VERDICTS, value=orjson.dumps(verdict))
    count = _COUNTS[verdict["outcome"]]
    yield State({**state, count: (state.get(count) or 0) + 1})


async def main() -> None:
    """Run until the process is ended. Compresses nothing, as the others do."""
    app = Flechtwerk.of(
        application_id=GROUP,
        bootstrap_servers=BROKER,
        client_id=f"{GROUP}-0",
        stage=stage,
        compression_type=None,
    )
    await app.run()


if __name__ == "__main__":
    uvloop.run(main())

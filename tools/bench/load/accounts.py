"""The topic full of accounts that the programs work off."""

import time
from collections.abc import Callable
from functools import cache
from itertools import cycle, islice

from confluent_kafka import Producer

from agents.fakes import FakeAccounts
from records import BankAccount, decode
from veritas import SimulatedVeritas

Answers = Callable[[int, int], bool]
"""Whether the account at a partition and offset is to be authorized."""

_POOL = 10_000
_SEED = 20_240_607


@cache
def pool(size: int = _POOL) -> list[bytes]:
    """`size` accounts as they are on the wire, the same at every call, which makes them once: it
    takes seconds.

    All are well-formed, so each goes the whole way: checksum, verification service, token.
    """
    return [account.dumps() for account in FakeAccounts(_SEED).pool(size)]


def expected(partitions: int) -> Answers:
    """What is to become of the accounts that `fill` or `pace.Sender` sent to that many partitions.

    No rule fires on accounts of the pool, so Veritas' answer is the outcome.
    """
    veritas = SimulatedVeritas(approval_rate=0.5, seed=0)
    accounts = [account for value in pool() if isinstance(account := decode(value), BankAccount)]
    authorized = [veritas.answer(account).authorized for account in accounts]
    return lambda partition, offset: authorized[(offset * partitions + partition) % len(authorized)]


def fill(broker: str, topic: str, accounts: int, partitions: int) -> float:
    """Send that many accounts, the same number to each partition but for the remainder.

    Returns the seconds it took until all were acknowledged. Raises RuntimeError when some
    were not, as every later figure would be wrong.
    """
    producer = Producer(
        {
            "bootstrap.servers": broker,
            "enable.idempotence": True,
            "linger.ms": 50,
            "log_level": 2,  # what goes wrong is raised; what is retried is nothing to report
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    started = time.monotonic()
    for number, value in enumerate(islice(cycle(pool()), accounts)):
        while True:
            try:
                producer.produce(topic, value, partition=number % partitions)
                break
            except BufferError:
                producer.poll(0.1)
    if left := producer.flush(120):
        raise RuntimeError(f"{left} of {accounts} accounts did not get into {topic}")
    return time.monotonic() - started

"""The topic full of accounts that the programs work off."""

import time
from itertools import cycle, islice

from confluent_kafka import Producer

from agents.fakes import FakeAccounts

_POOL = 10_000
_SEED = 20_240_607


def pool(size: int = _POOL) -> list[bytes]:
    """`size` accounts as they are on the wire, the same at every call.

    All are well-formed, so each goes the whole way: checksum, verification service, token.
    """
    return [account.dumps() for account in FakeAccounts(_SEED).pool(size)]


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

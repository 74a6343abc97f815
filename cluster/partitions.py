"""How many partitions each topic has, and what to do where the numbers differ."""

from collections.abc import Mapping

from config import Settings, broker_addresses


def mismatch(settings: Settings, found: Mapping[str, int], changelog: str = "") -> str | None:
    """What is wrong with the numbers of partitions (topic -> number), in one line, or None.

    A verdict is in the partition of its account, and a row in that of its accounts, so that all
    topics need the number that FRAUD_PARTITIONS says. `found` has the topics that exist. The line
    has a command for each topic that is left to alter. Where only the topic `changelog` has more,
    as when brokers created it by themselves, it is to be made anew: all others would have to grow.
    """
    wrong = {name: number for name, number in found.items() if number != settings.partitions}
    if not wrong:
        return None
    accounts = settings.accounts_topic
    if accounts in found and wrong.keys() == {changelog} and wrong[changelog] > settings.partitions:
        return (
            f"topic {changelog} has {wrong[changelog]} partitions, topic {accounts} and "
            f"FRAUD_PARTITIONS have {settings.partitions}: stop all workers, delete topic "
            f"{changelog} and run `faust -A fraud_app rebuild-rows`, which makes it anew with its "
            "rows; or, where you are adding partitions, go on with that"
        )
    # The accounts first: their number is the one that the others follow.
    name = min(wrong, key=lambda topic: (topic != settings.accounts_topic, topic))
    return (
        f"topic {name} has {wrong[name]} partitions, FRAUD_PARTITIONS says "
        f"{settings.partitions}: {_remedy(settings, found)}"
    )


def _remedy(settings: Settings, found: Mapping[str, int]) -> str:
    """Partitions can be added, never taken away, so the largest number is where all can meet."""
    largest, wanted = max(found.values()), settings.partitions
    smaller = [*_commands(settings, found, largest), f"set FRAUD_PARTITIONS={largest}"]
    if wanted < largest:
        return " and ".join(smaller)
    grow = " and ".join(_commands(settings, found, wanted))
    # A setting above all numbers is a wish for more, or a mistake.
    return grow if wanted == largest else f"{grow}, or {' and '.join(smaller)}"


def _commands(settings: Settings, found: Mapping[str, int], number: int) -> list[str]:
    """One step that brings all topics to this number; none where they are there."""
    server = broker_addresses(settings.broker)[0]
    # The accounts last: a worker that gets a partition which the changelog lacks ends.
    names = sorted(found, key=lambda topic: (topic == settings.accounts_topic, topic))
    steps = [
        f"kafka-topics.sh --bootstrap-server {server} --alter --topic {name} --partitions {number}"
        for name in names
        if found[name] < number
    ]
    return [f"stop all workers, add partitions ({'; '.join(steps)})"] if steps else []

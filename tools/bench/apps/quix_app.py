"""The same work by Quix Streams: `python -m tools.bench.apps.quix_app at-least-once|exactly-once`.

As its documentation shows it: a data frame, a stateful function, a topic. State is kept by message
key; the accounts have none, so there is one row for each partition, as in ours. A verdict goes
where the hash of its key says: `to_topic` takes no partition.
"""

import sys
from typing import Any, Literal

from quixstreams import Application, State, message_context

from tools.bench.apps.judged import ACCOUNTS, BROKER, GROUP, STATE, VERDICTS, account_in, verdict_on

_COMMIT_INTERVAL = 0.1
"""Seconds; that of Kafka Streams with exactly_once_v2. Quix' own 5 s would be its latency."""


def judge(value: bytes, _key: Any, timestamp: int, _headers: Any, state: State) -> dict[str, Any]:
    """The verdict on an account, counted in the row of its partition."""
    place = message_context()
    account = account_in(value)
    verdict = verdict_on(account, place.topic, place.partition, place.offset, timestamp)
    counts = state.get("counts") or {}
    counts[verdict["outcome"]] = counts.get(verdict["outcome"], 0) + 1
    state.set("counts", counts)
    return verdict


def main(guarantee: Literal["at-least-once", "exactly-once"]) -> None:
    """Run until SIGTERM."""
    app = Application(
        broker_address=BROKER,
        consumer_group=GROUP,
        auto_offset_reset="earliest",
        processing_guarantee=guarantee,
        commit_interval=_COMMIT_INTERVAL,
        state_dir=STATE,
        loglevel="WARNING",
    )
    accounts = app.topic(ACCOUNTS, value_deserializer="bytes")
    verdicts = app.topic(VERDICTS, key_serializer="str", value_serializer="json")
    stream = app.dataframe(accounts).apply(judge, stateful=True, metadata=True)
    stream.to_topic(verdicts, key=lambda verdict: verdict["account"])
    app.run()


if __name__ == "__main__":
    main(sys.argv[1])  # type: ignore[arg-type]

"""Verdicts as a worker writes them."""

from typing import Any

from records import Verdict, record_id


def written(topic: str, partition: int, offset: int, **changes: Any) -> bytes:
    """The bytes of the verdict on this input: authorized, unless `changes` say otherwise."""
    fields: dict[str, Any] = {
        "id": record_id(topic, partition, offset),
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "account": "f" * 32,
        "card": "************5614",
        "amount": 1.0,
        "authorized": True,
        "reasons": (),
        "verified_at": 1,
        "key": "0" * 8,
        "rules": "0" * 12,
    }
    return bytes(Verdict(**fields | changes).dumps())

"""Verdicts as a worker writes them."""

from typing import Any

from records import Verdict, record_id
from records.recorded import RecordedVerdict, read_recorded

#: What `written` takes for a verdict that speaks against the account.
DECLINED = {
    "authorized": False,
    "reasons": ("card_checksum", "veritas_declined"),
    "outcome": "unauthorized",
}


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


def read(value: bytes) -> RecordedVerdict:
    """A verdict read back."""
    found = read_recorded(value)
    assert found is not None
    return found

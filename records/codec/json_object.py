"""Records of our small topics are JSON objects; anybody may have written something else there."""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["read_object"]


def read_object(value: bytes | None, largest: int) -> dict[str, Any] | None:
    """The object in a record's value of at most so many bytes; None for anything else."""
    if value is None or len(value) > largest:
        return None
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None

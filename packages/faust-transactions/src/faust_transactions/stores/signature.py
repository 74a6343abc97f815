"""Which worker wrote a row: its transactional id, in a header of the row's record.

A new owner reads here whom to fence. The id contains the worker's member id in its group, so it can
be compared with the present members; ``kafka-consumer-groups.sh --describe --members`` shows the
member ids.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["SIGNATURE", "member_of", "signed_by", "transactional_id"]

#: Header of a row's record. Rows of version 0.1 and of `rebuild-rows` lack it.
SIGNATURE = "transactional-id"


def transactional_id(app_id: str, member_id: str) -> str:
    """The transactional id of a worker that is this member of its group."""
    return f"{app_id}:{member_id}"


def member_of(app_id: str, name: str) -> str | None:
    """The member whose `transactional_id` this is; None when it is no worker's of this app."""
    prefix = transactional_id(app_id, "")
    return name.removeprefix(prefix) if name.startswith(prefix) else None


def signed_by(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The transactional id of the worker that wrote a row; None where it names none."""
    found = dict(headers).get(SIGNATURE)
    return None if found is None else found.decode(errors="replace")

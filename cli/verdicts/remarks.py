"""What a reader of the result should know, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cli.verdicts.find import Result
from lookup.account import Status

_STATUS: Final[Mapping[Status, str]] = {
    "dead_letter": "The account is a dead letter, not a verdict: dead-letters list ID shows it.",
    "pending": "The account is not judged yet.",
    "deleted": "Retention deleted its verdict, or the account itself.",
    "absent": "The accounts topic has no account at this offset.",
}


def remarks(result: Result, key: str | None = None) -> Iterator[str]:
    """The lines; ``key`` is the id of the token key that was looked for."""
    yield _summary(result)
    if not result.found and result.status is not None and result.status in _STATUS:
        yield _STATUS[result.status]
    yield from _about_keys(result.other_keys, key)
    if result.is_cut and not result.found:
        yield "Kafka has deleted older verdicts of this topic (retention)."
    for (topic, partition), offset in result.stopped_at.items():
        yield f"{topic}-{partition} was read up to offset {offset}: a transaction is open there."


def _summary(result: Result) -> str:
    found = f"{result.found:,} {'verdict' if result.found == 1 else 'verdicts'} found"
    read = f", {result.read:,} read" if result.read else ""
    return f"{found}{read} in {result.seconds:.1f} s."


def _about_keys(other_keys: Mapping[str, int], key: str | None) -> Iterator[str]:
    others = {name: number for name, number in other_keys.items() if name}
    if others:
        number = sum(others.values())
        what = "1 verdict has" if number == 1 else f"{number:,} verdicts have"
        yield (
            f"{what} a token of another key ({', '.join(others)}). This FRAUD_TOKEN_KEY is {key}: "
            "the card cannot be found among those."
        )
    if unnamed := other_keys.get("", 0):
        what = "1 verdict does" if unnamed == 1 else f"{unnamed:,} verdicts do"
        yield f"{what} not name a token key (version 0.1): found if it was this one."

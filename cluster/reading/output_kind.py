"""Whether a record of an output is a verdict or a dead letter."""

from typing import Literal

from confluent_kafka import Message
from faust_transactions import headers_of

from records import DeadLetter
from records.verdict import read_place

__all__ = ["Kind", "kind_of"]

Kind = Literal["verdict", "dead letter"]


def kind_of(message: Message) -> Kind | None:
    """Kind of the record; None for one that this program does not write.

    The value of a dead letter is the input, which may be a verdict, so the headers decide.
    """
    try:
        DeadLetter.from_message(None, None, headers_of(message))
    except ValueError:
        return None if read_place(message.value()) is None else "verdict"
    return "dead letter"

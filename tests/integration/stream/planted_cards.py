"""Card numbers in every place where a producer may put one, each its own, and the search for them.

A number that is found somewhere it must not be says by itself which record it came from.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import Producer
from stdnum import luhn


class Planted(NamedTuple):
    """A record with a card in it; `card` is its digits."""

    place: str
    card: str
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def card_number(serial: int, digits: int = 16) -> str:
    """A valid number with a beginning that nobody else's test has."""
    head = f"4929{serial:04d}71836052940"[: digits - 1]
    return head + str(luhn.calc_check_digit(head))


def account(**changes: object) -> bytes:
    fields = {
        "FirstName": "Jimmie",
        "LastName": "Swaniawski",
        "CreditCardNumber": card_number(0),
        "Amount": 644.78,
    }
    return json.dumps(fields | changes, ensure_ascii=False).encode()


def grouped(card: str, between: str) -> str:
    return between.join(re.findall("....|.+", card))


def planted() -> list[Planted]:
    """One record for each place, in no order that matters."""
    found: list[Planted] = []

    def add(place: str, card: str, value: bytes | None, **more: object) -> None:
        found.append(Planted(place, card, value, **more))  # type: ignore[arg-type]

    def number(digits: int = 16) -> str:
        return card_number(len(found) + 1, digits)

    for digits in (12, 13, 15, 16, 19):
        card = number(digits)
        add(f"a card of {digits} digits", card, account(CreditCardNumber=card))
    for between in (" ", "-", " - ", "\u00a0", ".", "\n", "     ", "x"):
        card = number()
        written = grouped(card, between)
        add(f"a card with {between!r}", card, account(CreditCardNumber=written))
    for name in ("FirstName", "LastName"):
        for between in ("", " ", "-", "      ", "\n", "_\u200b_"):
            card = number()
            add(f"{name} with {between!r}", card, account(**{name: grouped(card, between)}))
    card = number()
    add("a wrong checksum", card[:-1] + str(9 - int(card[-1])), None)
    found[-1] = found[-1]._replace(value=account(CreditCardNumber=found[-1].card))
    card = number() + "44929"
    add("too long for a card", card, account(CreditCardNumber=card))
    card = number()
    add("a card as a number", card, account(CreditCardNumber=int(card)))
    card = number()
    add("a card in a list", card, account(CreditCardNumber=[card]))
    for sign, kind in ((1, int), (-1, int), (1, float)):
        card = number()
        add(f"the amount, {sign} as {kind.__name__}", card, account(Amount=kind(card) * sign))
    card = number()
    add("a field's name", card, account(**{card: "x"}))
    card = number()
    add("the only field's name", card, json.dumps({card: card}).encode())
    card = number()
    add("an unknown field", card, account(Pan=card))
    card = number()
    add("a field that is missing", card, account(CreditCardNumber=card).replace(b"First", b"Frst"))
    card = number()
    add("broken JSON", card, account(CreditCardNumber=card)[:-3])
    card = number()
    add("not UTF-8", card, account(CreditCardNumber=card) + b"\xff")
    card = number()
    add("a byte-order mark", card, b"\xef\xbb\xbf" + account(CreditCardNumber=card))
    card = number()
    add("the whole value", card, card.encode())
    card = number()
    add("a text alone", card, json.dumps(card).encode())
    card = number()
    add("an array", card, b"[" + account(CreditCardNumber=card) + b"]")
    card = number()
    add("nested too deeply", card, b'{"' + card.encode() + b'":' + b"[" * 5000)
    card = number()
    add("too large", card, account(CreditCardNumber=card, Note="x" * 70_000))
    card = number()
    add("the key", card, account(), key=card.encode())
    card = number()
    add("the key of what is none", card, b"garbage", key=card.encode())
    card = number()
    add("the key of nothing", card, None, key=card.encode())
    card = number()
    add("a header", card, account(), headers=((card, card.encode()),))
    card = number()
    add("a header of what is none", card, b"{", headers=((card, card.encode()),))
    return found


def send(bootstrap: str, topic: str, records: Iterable[Planted], partitions: int) -> None:
    """Sends them to the partitions in turn, and waits until the broker has them."""
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0})
    for number, record in enumerate(records):
        headers: list[tuple[str, str | bytes | None]] = list(record.headers)
        producer.produce(
            topic, record.value, record.key, number % partitions, headers=headers or None
        )
        producer.poll(0)
    assert producer.flush(30) == 0


def cards_in(text: str | bytes, cards: Mapping[str, str]) -> set[str]:
    """The places of the cards (digits -> place) whose digits are in the text.

    In this order, whatever stands between them: more than a person would call the number, so
    that nothing is overlooked.
    """
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    # Fullwidth, Arabic and other digits too.
    digits = "".join(str(int(each)) for each in re.findall(r"\d", text))
    return {place for card, place in cards.items() if card in digits}

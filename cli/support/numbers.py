"""Numbers with the words that fit them."""


def number_of(number: int, one: str, more: str) -> str:
    """`1 account`, `2,000 accounts`: the number with the word that fits it."""
    return f"{number:,} {one if number == 1 else more}"


def dead_letters(number: int) -> str:
    """`1 dead letter`, `2 dead letters`."""
    return number_of(number, "dead letter", "dead letters")

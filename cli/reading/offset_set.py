"""Sets of offsets that take a bit each."""

from collections.abc import Iterator

_PAGE = 1 << 16
_MASK = _PAGE - 1


class OffsetSet:
    """A set of offsets of one partition: a bit for each, in pages made when one is first touched.

    A million offsets in a row take 130 kB, where a set of ints takes 60 MB.
    """

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, offset: int) -> bool:
        page = self._pages.get(offset >> 16)
        return page is not None and bool(page[(offset & _MASK) >> 3] & 1 << (offset & 7))

    def add(self, offset: int) -> bool:
        """Add an offset of 0 or above; False if it was in the set."""
        number = offset >> 16
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = bytearray(_PAGE >> 3)
        byte, bit = (offset & _MASK) >> 3, 1 << (offset & 7)
        if page[byte] & bit:
            return False
        page[byte] |= bit
        self._size += 1
        return True

    @property
    def first(self) -> int | None:
        """The smallest offset; None for an empty set."""
        if not self._pages:
            return None
        number = min(self._pages)
        return next(_offsets(number * _PAGE, bytes(self._pages[number])))

    def count(self, begin: int, end: int) -> int:
        """How many offsets of the set are in [begin, end)."""
        return sum(
            self._count_in(number, begin, end)
            for number in self._pages
            if begin >> 16 <= number <= end >> 16
        )

    def minus(self, other: "OffsetSet") -> Iterator[int]:
        """The offsets that are in this set and not in the other, in ascending order.

        Fast where the two are alike, whatever their size.
        """
        for number in sorted(self._pages):
            bits = self._bits(number) & ~other._bits(number)  # noqa: SLF001 - the same class
            # Bytes again: shifting such a long number bit by bit would cost its square.
            rest = bits.to_bytes(_PAGE >> 3, "little") if bits else b""
            yield from _offsets(number * _PAGE, rest)

    def _count_in(self, number: int, begin: int, end: int) -> int:
        base = number * _PAGE
        low, high = max(0, begin - base), min(_PAGE, end - base)
        return (
            0
            if high <= low
            else ((self._bits(number) >> low) & ((1 << high - low) - 1)).bit_count()
        )

    def _bits(self, number: int) -> int:
        page = self._pages.get(number)
        return 0 if page is None else int.from_bytes(page, "little")


def _offsets(base: int, bits: bytes) -> Iterator[int]:
    for index, byte in enumerate(bits):
        for bit in range(8) if byte else ():
            if byte & 1 << bit:
                yield base + 8 * index + bit

"""Fake accounts, all of them well-formed."""

from records import BankAccount

_SMALLEST_CENTS = 100
_LARGEST_CENTS = 1_000_000


class FakeAccounts:
    """Accounts with names of people, valid card numbers and amounts from 1.00 to 10,000.00.

    The same seed and release of Faker give the same accounts in the same order; without a seed
    every run gives others. An account takes about 0.1 ms: for volume, cycle through a `pool`.
    """

    def __init__(self, seed: int | None) -> None:
        """Start the series of this seed."""
        # Not with the module: it costs a tenth of a start, and most commands make no accounts.
        from faker import Faker  # noqa: PLC0415

        self._faker = Faker("en_US")
        self._faker.seed_instance(seed)

    def make(self) -> BankAccount:
        """The next account of the series."""
        return BankAccount(
            first_name=self._faker.first_name(),
            last_name=self._faker.last_name(),
            credit_card_number=self._faker.credit_card_number(),
            amount=self._faker.random_int(_SMALLEST_CENTS, _LARGEST_CENTS) / 100,
        )

    def pool(self, size: int) -> list[BankAccount]:
        """The next `size` accounts of the series."""
        return [self.make() for _ in range(size)]

"""Made-up accounts, well-formed all of them."""

from faker import Faker

from records import BankAccount

_SMALLEST_CENTS = 100
_LARGEST_CENTS = 1_000_000


class FakeAccounts:
    """Makes accounts with names of people, valid card numbers and amounts from 1.00 to 10,000.00.

    With the same seed (and release of Faker) the same accounts in the same order; without one,
    others every time. Costs about 0.1 ms an account: for volume, take from a `pool` over and over.
    """

    def __init__(self, seed: int | None) -> None:
        """Start the series that belongs to this seed."""
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

"""What worker and commands give to compiled rules is what `GIVEN` names."""

from records import BankAccount
from rules.fields import GIVEN
from rules.given import given, given_fields

ACCOUNT = BankAccount("Ada", "Lovelace", "4111 1111-1111 1111", 644.78)


def test_each_given_field_is_in_its_place() -> None:
    fields = dict(zip(GIVEN, given(ACCOUNT, "c0ffee", 7), strict=True))
    assert fields == {
        "given_first_name": "Ada",
        "given_last_name": "Lovelace",
        "amount": 644.78,
        "card": "4111111111111111",
        "token": "c0ffee",
        "timestamp": 7,
    }


def test_a_worker_and_a_command_give_the_same() -> None:
    assert given_fields(ACCOUNT, "4111111111111111", "c0ffee", 7) == given(ACCOUNT, "c0ffee", 7)
